"""Budgets of a day in the database: whoever asks, from whichever process, they are never exceeded together."""

import asyncio
from decimal import Decimal

from checkpoints.connection import Database
from checkpoints.day_budgets import DayBudgetRepository, DayLimits
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import Thread
from checkpoints.threads import ThreadRepository
from tests.integration.checkpoints.test_model_calls import call


async def thread_of(threads: ThreadRepository, user: str) -> Thread:
    return await threads.create(metadata={"user_id": user})


async def test_of_many_calls_at_once_only_those_go_that_fit_together(database: Database, threads: ThreadRepository) -> None:
    workers = [DayBudgetRepository(database, DayLimits(user_usd=1.0)) for _ in range(8)]
    ada, li = await thread_of(threads, "ada"), await thread_of(threads, "li")

    tight = await asyncio.gather(*(worker.hold(ada.thread_id, "task", n, 0.3, seconds=60) for n, worker in enumerate(workers)))

    assert tight.count(None) == 3
    [*_, budget] = [budget for budget in tight if budget]
    assert (budget.limit, budget.limit_usd, budget.spent_usd, budget.held_usd) == (
        "user_day",
        Decimal(1),
        Decimal(0),
        Decimal("0.9"),
    )
    assert await workers[0].hold(li.thread_id, "task", 0, 0.3, seconds=60) is None
    assert await workers[0].hold(ada.thread_id, "task", tight.index(None), 0.35, seconds=60) is None  # the same call, after a crash


async def test_what_was_recorded_counts_and_what_was_released_or_given_up_does_not(
    database: Database, threads: ThreadRepository, model_calls: ModelCallRepository
) -> None:
    budgets = DayBudgetRepository(database, DayLimits(user_usd=1.0, all_usd=1.5))
    ada, li = await thread_of(threads, "ada"), await thread_of(threads, "li")
    await model_calls.record(call(ada, 0, cost_usd=Decimal("0.7")))
    await model_calls.record(call(li, 0, cost_usd=Decimal("0.2")))
    await threads.delete(ada.thread_id)  # money that was spent is spent
    again = await thread_of(threads, "ada")
    await budgets.hold(li.thread_id, "task", 1, 0.6, seconds=60)
    await budgets.release(li.thread_id, "task", 1)
    await budgets.hold(li.thread_id, "task", 2, 0.6, seconds=0)

    own, of_all = await budgets.today("ada")
    refused = await budgets.hold(again.thread_id, "task", 0, 0.4, seconds=60)
    waits = await budgets.hold(li.thread_id, "task", 3, 0.6, seconds=60) or await budgets.hold(again.thread_id, "task", 1, 0.1, seconds=60)

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


async def test_a_limit_is_raised_for_today_and_never_lowered(database: Database, threads: ThreadRepository) -> None:
    budgets = DayBudgetRepository(database, DayLimits(user_usd=1.0, all_usd=5.0))
    ada = await thread_of(threads, "ada")
    async with database.transaction() as transaction:
        for limit, usd in (("user_day", 3.0), ("user_day", 2.0), ("day", 4.0)):
            await budgets.raise_limit(ada.thread_id, limit, usd, raised_by="li", transaction=transaction)
    assert [budget.limit_usd for budget in await budgets.today("ada")] == [3, 5]
    assert [budget.limit_usd for budget in await budgets.today("li")] == [1, 5]
