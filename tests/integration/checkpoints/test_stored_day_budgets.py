"""Budgets of a day in the database: whoever asks, from whichever process, they are never exceeded together."""

import asyncio
from decimal import Decimal
from uuid import UUID

from checkpoints.connection import Database
from checkpoints.day_budgets import DayBudgetRepository, DayLimits, HeldCall
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import RunStatus, Thread
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadRepository
from tests.integration.checkpoints.conftest import Claim, MakeRun
from tests.integration.checkpoints.test_model_calls import call

DELETED_RUN = UUID(int=1)


def held(thread: Thread, n: int) -> HeldCall:
    """A call that is under way although its run was deleted."""
    return HeldCall(thread.thread_id, "task", n, run_id=DELETED_RUN, run_attempt=1)


async def thread_of(threads: ThreadRepository, user: str) -> Thread:
    return await threads.create(metadata={"user_id": user})


async def test_of_many_calls_at_once_only_those_go_that_fit_together(database: Database, threads: ThreadRepository) -> None:
    workers = [DayBudgetRepository(database, DayLimits(user_usd=1.0)) for _ in range(8)]
    ada, li = await thread_of(threads, "ada"), await thread_of(threads, "li")

    tight = await asyncio.gather(*(worker.hold(held(ada, n), 0.3, seconds=60) for n, worker in enumerate(workers)))

    assert tight.count(None) == 3
    [*_, budget] = [budget for budget in tight if budget]
    assert (budget.limit, budget.limit_usd, budget.spent_usd, budget.held_usd) == (
        "user_day",
        Decimal(1),
        Decimal(0),
        Decimal("0.9"),
    )
    assert await workers[0].hold(held(li, 0), 0.3, seconds=60) is None
    assert await workers[0].hold(held(ada, tight.index(None)), 0.35, seconds=60) is None  # the same call, after a crash


async def test_what_was_recorded_counts_and_what_was_released_or_given_up_does_not(
    database: Database, threads: ThreadRepository, model_calls: ModelCallRepository
) -> None:
    budgets = DayBudgetRepository(database, DayLimits(user_usd=1.0, all_usd=1.5))
    ada, li = await thread_of(threads, "ada"), await thread_of(threads, "li")
    await model_calls.record(call(ada, 0, cost_usd=Decimal("0.7")))
    await model_calls.record(call(li, 0, cost_usd=Decimal("0.2")))
    await threads.delete(ada.thread_id)  # money that was spent is spent
    again = await thread_of(threads, "ada")
    await budgets.hold(held(li, 1), 0.6, seconds=60)
    await budgets.release(held(li, 1))
    await budgets.hold(held(li, 2), 0.6, seconds=0)

    own, of_all = await budgets.today("ada")
    refused = await budgets.hold(held(again, 0), 0.4, seconds=60)
    waits = await budgets.hold(held(li, 3), 0.6, seconds=60) or await budgets.hold(held(again, 1), 0.1, seconds=60)

    assert (own.spent_usd, own.held_usd, of_all.spent_usd, of_all.held_usd) == (
        Decimal("0.7"),
        Decimal(0),
        Decimal("0.9"),
        Decimal(0),
    )
    assert refused
    assert (refused.limit, refused.spent_usd) == ("user_day", Decimal("0.7"))
    assert waits
    assert (waits.limit, waits.spent_usd, waits.held_usd) == ("day", Decimal("0.9"), Decimal("0.6"))


async def test_what_a_dead_worker_held_is_free_once_the_next_attempt_begins_and_what_that_holds_stays(
    database: Database, threads: ThreadRepository, runs: RunRepository, thread: Thread, make_run: MakeRun
) -> None:
    budgets, run = DayBudgetRepository(database, DayLimits(all_usd=1.0)), await make_run()

    def call(n: int, attempt: int) -> HeldCall:
        return HeldCall(thread.thread_id, "task", n, run_id=run.run_id, run_attempt=attempt)

    await runs.claim(run.run_id, owner="dies", lease_seconds=0)
    await budgets.hold(call(0, 1), 0.6, seconds=600)
    await budgets.hold(call(1, 1), 0.3, seconds=600)
    [before] = await budgets.today("ada")
    await runs.claim(run.run_id, owner="lives", lease_seconds=60)
    [after] = await budgets.today("ada")
    assert await budgets.hold(call(0, 2), 0.8, seconds=600) is None
    await budgets.release(call(0, 1))  # by the first, should it wake again
    [still] = await budgets.today("ada")

    assert [budget.held_usd for budget in (before, after, still)] == [Decimal("0.9"), Decimal(0), Decimal("0.8")]


async def test_what_a_run_left_behind_is_free_once_it_is_over(
    database: Database, runs: RunRepository, thread: Thread, make_run: MakeRun, claim: Claim
) -> None:
    budgets, claimed = DayBudgetRepository(database, DayLimits(all_usd=1.0)), await claim(await make_run())
    await budgets.hold(HeldCall(thread.thread_id, "task", 0, run_id=claimed.run.run_id, run_attempt=1), 0.6, seconds=600)
    await runs.finish(claimed, RunStatus.error)
    assert [budget.held_usd for budget in await budgets.today("ada")] == [0]


async def test_a_limit_is_raised_for_today_and_never_lowered(database: Database, threads: ThreadRepository) -> None:
    budgets = DayBudgetRepository(database, DayLimits(user_usd=1.0, all_usd=5.0))
    ada = await thread_of(threads, "ada")
    async with database.transaction() as transaction:
        for limit, usd in (("user_day", 3.0), ("user_day", 2.0), ("day", 4.0)):
            await budgets.raise_limit(ada.thread_id, limit, usd, raised_by="li", transaction=transaction)
    assert [budget.limit_usd for budget in await budgets.today("ada")] == [3, 5]
    assert [budget.limit_usd for budget in await budgets.today("li")] == [1, 5]
