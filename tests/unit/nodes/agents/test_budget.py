import asyncio
from datetime import UTC, datetime

import pytest

from nodes.agents.budget import Budget, DayCeiling, DollarCeiling, held_today
from nodes.agents.journal import InMemoryJournal, JournaledCall, ModelAnswer
from nodes.agents.waits import Wait
from nodes.artifacts import BudgetLimit
from nodes.errors import BudgetExhausted
from nodes.progress import WaitCause


def call(cost_usd: float | None) -> JournaledCall:
    return JournaledCall(prompt_sha256="", model="m", answer=ModelAnswer(text=""), cost_usd=cost_usd)


async def test_a_call_that_could_exceed_the_budget_is_not_made() -> None:
    journal = InMemoryJournal()
    await journal.record("t", "task", 0, call(0.75))
    with pytest.raises(BudgetExhausted, match=r"Spent \$0\.7500 of \$1\.0000; the next call can cost up to \$0\.3000"):
        async with Budget().reserve(DollarCeiling(journal, "t", 1.0), 0.30):
            pytest.fail("the call was made")


async def test_parallel_calls_wait_for_one_another_and_never_exceed_the_budget_together() -> None:
    budget, journal, under_way, most = Budget(), InMemoryJournal(), 0, 0

    async def engineer(n: int) -> None:
        nonlocal under_way, most
        async with budget.reserve(DollarCeiling(journal, "t", 1.0), 0.4):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            await journal.record("t", "task", n, call(0.05))
            under_way -= 1

    await asyncio.gather(*(engineer(n) for n in range(10)))
    assert most == 2
    assert await journal.spent_usd("t") == pytest.approx(0.5)


async def test_a_waiting_call_is_refused_once_what_it_waited_for_has_spent_too_much() -> None:
    budget, journal, release = Budget(), InMemoryJournal(), asyncio.Event()

    async def dear() -> None:
        async with budget.reserve(DollarCeiling(journal, "t", 1.0), 0.9):
            await release.wait()
            await journal.record("t", "task", 0, call(0.9))

    async def cheap() -> None:
        async with budget.reserve(DollarCeiling(journal, "t", 1.0), 0.2):
            pytest.fail("the call was made")

    first, second = asyncio.create_task(dear()), asyncio.create_task(cheap())
    await asyncio.sleep(0)
    release.set()
    await first
    with pytest.raises(BudgetExhausted):
        await second


async def test_a_call_that_waits_for_two_others_says_once_that_it_waits_and_then_that_it_goes_on() -> None:
    budget, journal, told = Budget(), InMemoryJournal(), list[Wait | None]()
    waits = asyncio.Event()

    def tell(wait: Wait | None) -> None:
        told.append(wait)
        waits.set()

    async def whole() -> None:
        async with budget.reserve(DollarCeiling(journal, "t", 1.0), 1.0, tell):
            told.append(None)

    async with budget.reserve(DollarCeiling(journal, "t", 1.0), 0.4):
        async with budget.reserve(DollarCeiling(journal, "t", 1.0), 0.4):
            waiting = asyncio.create_task(whole())
            await waits.wait()
        for _ in range(3):  # it looks again, and waits on
            await asyncio.sleep(0)
    await waiting
    assert told == [Wait(WaitCause.held_money), None, None]


async def test_a_cancelled_call_gives_its_reservation_back() -> None:
    budget, journal = Budget(), InMemoryJournal()

    async def hang() -> None:
        async with budget.reserve(DollarCeiling(journal, "t", 1.0), 1.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with budget.reserve(DollarCeiling(journal, "t", 1.0), 1.0):
        pass
    assert not budget._accounts


class Day:
    """The limits of a day: `tight` are told one by one, and then there is room."""

    def __init__(self, *tight: DayCeiling) -> None:
        self.tight = list(tight)
        self.released = 0

    async def hold(self, thread_id: str, task_id: str, n: int, bound_usd: float, *, seconds: float) -> DayCeiling | None:
        return self.tight.pop(0) if self.tight else None

    async def release(self, thread_id: str, task_id: str, n: int) -> None:
        self.released += 1


def ceiling(spent_usd: float, held_usd: float) -> DayCeiling:
    return DayCeiling(BudgetLimit.user_day, 1.0, spent_usd, held_usd, datetime(2026, 11, 29, tzinfo=UTC))


async def test_a_call_waits_for_money_that_others_only_hold_today_and_gives_back_what_it_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodes.agents.budget.LOOK_AGAIN_SECONDS", 0)
    day, made = Day(ceiling(0.2, 0.7), ceiling(0.5, 0.4)), False
    async with held_today(day, "t", "task", 0, 0.3, seconds=60):
        made = True
    assert (made, day.tight, day.released) == (True, [], 1)


async def test_a_call_that_the_day_has_no_money_for_says_when_there_is_again() -> None:
    day = Day(ceiling(0.8, 0.0))
    with pytest.raises(BudgetExhausted) as exhausted:
        async with held_today(day, "t", "task", 0, 0.3, seconds=60):
            pytest.fail("the call was made")
    assert (exhausted.value.limit, exhausted.value.resumes_at) == (BudgetLimit.user_day, datetime(2026, 11, 29, tzinfo=UTC))


async def test_threads_have_their_own_budget() -> None:
    budget, journal = Budget(), InMemoryJournal()
    async with budget.reserve(DollarCeiling(journal, "one", 1.0), 1.0), budget.reserve(DollarCeiling(journal, "other", 1.0), 1.0):
        pass
