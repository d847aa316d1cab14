import asyncio

import pytest

from nodes.agents.budget import Budget
from nodes.agents.journal import InMemoryJournal, JournaledCall, ModelAnswer
from nodes.errors import BudgetExhausted


def call(cost_usd: float | None) -> JournaledCall:
    return JournaledCall(prompt_sha256="", model="m", answer=ModelAnswer(text=""), cost_usd=cost_usd)


async def test_a_call_that_could_exceed_the_budget_is_not_made() -> None:
    journal = InMemoryJournal()
    await journal.record("t", "task", 0, call(0.75))
    with pytest.raises(BudgetExhausted, match=r"Spent \$0\.7500 of \$1\.0000; the next call can cost up to \$0\.3000"):
        async with Budget().reserve(journal, "t", 0.30, 1.0):
            pytest.fail("the call was made")


async def test_parallel_calls_wait_for_one_another_and_never_exceed_the_budget_together() -> None:
    budget, journal, under_way, most = Budget(), InMemoryJournal(), 0, 0

    async def engineer(n: int) -> None:
        nonlocal under_way, most
        async with budget.reserve(journal, "t", 0.4, 1.0):
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
        async with budget.reserve(journal, "t", 0.9, 1.0):
            await release.wait()
            await journal.record("t", "task", 0, call(0.9))

    async def cheap() -> None:
        async with budget.reserve(journal, "t", 0.2, 1.0):
            pytest.fail("the call was made")

    first, second = asyncio.create_task(dear()), asyncio.create_task(cheap())
    await asyncio.sleep(0)
    release.set()
    await first
    with pytest.raises(BudgetExhausted):
        await second


async def test_a_cancelled_call_gives_its_reservation_back() -> None:
    budget, journal = Budget(), InMemoryJournal()

    async def hang() -> None:
        async with budget.reserve(journal, "t", 1.0, 1.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with budget.reserve(journal, "t", 1.0, 1.0):
        pass
    assert not budget._accounts


async def test_threads_have_their_own_budget() -> None:
    budget, journal = Budget(), InMemoryJournal()
    async with budget.reserve(journal, "one", 1.0, 1.0), budget.reserve(journal, "other", 1.0, 1.0):
        pass
