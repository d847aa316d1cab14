import asyncio
from uuid import uuid4

import pytest

from checkpoints.connection import Database
from checkpoints.errors import (
    AssistantNotFound,
    IllegalRunTransition,
    LeaseLost,
    RunExists,
    RunHeldElsewhere,
    RunNotFound,
    ThreadBusy,
    ThreadNotFound,
)
from checkpoints.records import CancelAction, MultitaskStrategy, RunStatus, Thread, ThreadStatus
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadRepository
from tests.integration.checkpoints.conftest import Claim, MakeRun

AWKWARD = {"input": {"text": "a\u0000b \ud800 ü 🙂", "quoted": '"\\u0000"'}, "stream_mode": ["values"]}


async def test_a_new_run_is_pending_keeps_its_arguments_exactly_and_makes_its_thread_busy(
    make_run: MakeRun, runs: RunRepository, threads: ThreadRepository, thread: Thread
) -> None:
    run = await make_run(kwargs=AWKWARD, metadata={"from": "test"})

    assert await runs.get(run.run_id) == run
    assert (run.status, run.kwargs, run.metadata, run.attempt) == (RunStatus.pending, AWKWARD, {"from": "test"}, 0)
    assert (await threads.get(thread.thread_id)).status is ThreadStatus.busy


async def test_a_run_whose_transaction_fails_was_never_accepted(
    make_run: MakeRun, database: Database, runs: RunRepository, thread: Thread
) -> None:
    run = await make_run()

    async def create_and_fail() -> None:
        async with database.transaction() as transaction:
            await runs.create(thread.thread_id, run.assistant_id, transaction, kwargs={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await create_and_fail()

    assert await runs.list_of_thread(thread.thread_id) == [run]


async def test_a_run_needs_its_thread_and_its_assistant_and_an_id_of_its_own(
    make_run: MakeRun, database: Database, runs: RunRepository
) -> None:
    run = await make_run()

    with pytest.raises(ThreadNotFound):
        await make_run(thread_id=uuid4())
    with pytest.raises(RunExists):
        await make_run(run_id=run.run_id)
    with pytest.raises(AssistantNotFound):
        async with database.transaction() as transaction:
            await runs.create(run.thread_id, uuid4(), transaction, kwargs={})


async def test_the_strategy_reject_admits_one_of_ten_runs_started_at_once(make_run: MakeRun) -> None:
    outcomes = await asyncio.gather(*(make_run(multitask_strategy=MultitaskStrategy.reject) for _ in range(10)), return_exceptions=True)

    assert sum(isinstance(outcome, ThreadBusy) for outcome in outcomes) == 9


async def test_of_many_claims_of_one_run_one_wins(make_run: MakeRun, runs: RunRepository) -> None:
    run = await make_run()

    claims = await asyncio.gather(*(runs.claim(run.run_id, owner=f"worker {n}", lease_seconds=60) for n in range(8)))

    winners = [claimed for claimed in claims if claimed is not None]
    assert len(winners) == 1
    assert winners[0].run == await runs.get(run.run_id)
    assert (winners[0].run.status, winners[0].run.attempt, winners[0].token) == (RunStatus.running, 1, 1)


async def test_a_thread_runs_one_run_at_a_time(make_run: MakeRun, runs: RunRepository) -> None:
    created = [await make_run() for _ in range(4)]

    claims = await asyncio.gather(*(runs.claim(run.run_id, owner="worker", lease_seconds=60) for run in created))

    assert sum(claimed is not None for claimed in claims) == 1


async def test_finishing_lets_the_next_run_of_the_thread_begin(make_run: MakeRun, claim: Claim, runs: RunRepository) -> None:
    first, second = await make_run(), await make_run()
    claimed = await claim(first)
    assert await runs.claim(second.run_id, owner="worker", lease_seconds=60) is None

    ended = await runs.finish(claimed, RunStatus.success)

    assert (ended.status, ended.lease_until, ended.finished_at is None) == (RunStatus.success, None, False)
    assert (await claim(second)).run.status is RunStatus.running
    assert await runs.claim(first.run_id, owner="worker", lease_seconds=60) is None


async def test_a_worker_that_was_given_up_changes_nothing(make_run: MakeRun, runs: RunRepository) -> None:
    run = await make_run()
    asleep = await runs.claim(run.run_id, owner="asleep", lease_seconds=0)
    awake = await runs.claim(run.run_id, owner="awake", lease_seconds=60)
    assert asleep is not None
    assert awake is not None
    assert (awake.token, awake.run.attempt) == (2, 2)

    for late in (
        runs.finish(asleep, RunStatus.error),
        runs.renew_lease(asleep, lease_seconds=60),
        runs.release(asleep),
        runs.check_lease(asleep),
    ):
        with pytest.raises(LeaseLost):
            await late

    assert await runs.get(run.run_id) == awake.run


async def test_a_run_ends_once_and_only_as_something_that_is_an_end(make_run: MakeRun, claim: Claim, runs: RunRepository) -> None:
    claimed = await claim(await make_run())

    for no_end in (RunStatus.pending, RunStatus.running):
        with pytest.raises(IllegalRunTransition):
            await runs.finish(claimed, no_end)
    await runs.finish(claimed, RunStatus.error, error={"error": "ValueError", "message": "no"})
    with pytest.raises(IllegalRunTransition, match="has ended as error"):
        await runs.finish(claimed, RunStatus.success)

    assert (await runs.get(claimed.run.run_id)).error == {"error": "ValueError", "message": "no"}


async def test_a_released_run_can_be_claimed_again_and_the_attempt_was_not_counted(
    make_run: MakeRun, claim: Claim, runs: RunRepository
) -> None:
    claimed = await claim(await make_run())

    released = await runs.release(claimed)
    again = await claim(released)

    assert (released.status, released.attempt) == (RunStatus.pending, 0)
    assert (again.run.attempt, again.token) == (1, 2)


async def test_cancelling_a_pending_run_ends_it_and_frees_the_thread(
    make_run: MakeRun, runs: RunRepository, threads: ThreadRepository, thread: Thread
) -> None:
    run = await make_run()

    cancelled = await runs.request_cancel(run.run_id)

    assert (cancelled.status, cancelled.finished_at is None) == (RunStatus.cancelled, False)
    assert await runs.claim(run.run_id, owner="worker", lease_seconds=60) is None
    assert (await threads.get(thread.thread_id)).status is ThreadStatus.idle


async def test_the_worker_of_a_running_run_hears_of_a_cancellation_and_ends_it(
    make_run: MakeRun, claim: Claim, runs: RunRepository
) -> None:
    claimed = await claim(await make_run())
    assert await runs.renew_lease(claimed, lease_seconds=60) is None

    asked = await runs.request_cancel(claimed.run.run_id, CancelAction.rollback)

    assert asked.status is RunStatus.running
    assert await runs.renew_lease(claimed, lease_seconds=60) is CancelAction.rollback
    assert (await runs.finish(claimed, RunStatus.cancelled)).status is RunStatus.cancelled
    with pytest.raises(IllegalRunTransition, match="has ended as cancelled"):
        await runs.request_cancel(claimed.run.run_id)


async def test_cancelling_a_run_while_it_is_claimed_never_loses_the_request(make_run: MakeRun, runs: RunRepository, thread: Thread) -> None:
    for _ in range(20):
        run = await make_run()
        cancelled, claimed = await asyncio.gather(runs.request_cancel(run.run_id), runs.claim(run.run_id, owner="worker", lease_seconds=60))
        if claimed is None:
            assert cancelled.status is RunStatus.cancelled
        else:
            assert await runs.renew_lease(claimed, lease_seconds=60) is CancelAction.interrupt
            await runs.finish(claimed, RunStatus.cancelled)

    assert await runs.active(thread.thread_id) == []


async def test_a_held_run_is_taken_over_as_soon_as_its_worker_is_gone(make_run: MakeRun, runs: RunRepository) -> None:
    run = await make_run()
    async with runs.hold(run.run_id) as hold:
        first = await runs.claim(run.run_id, owner="first", lease_seconds=3600, hold=hold)
        assert first is not None
        assert await runs.abandoned() == []
        with pytest.raises(RunHeldElsewhere):
            async with runs.hold(run.run_id):
                pass
        assert await runs.claim(run.run_id, owner="second", lease_seconds=3600) is None

    assert [lost.run_id for lost in await runs.abandoned()] == [run.run_id]
    async with runs.hold(run.run_id) as hold:
        second = await runs.claim(run.run_id, owner="second", lease_seconds=3600, hold=hold)
    assert second is not None
    assert (second.token, second.run.lease_owner) == (2, "second")


async def test_a_run_whose_lease_ran_out_counts_as_abandoned_though_nobody_held_it(make_run: MakeRun, runs: RunRepository) -> None:
    lost, kept = await make_run(), await make_run()
    await runs.claim(lost.run_id, owner="gone", lease_seconds=0)

    assert [run.run_id for run in await runs.abandoned()] == [lost.run_id]
    assert kept.status is RunStatus.pending


async def test_runs_are_listed_by_status_the_newest_first(make_run: MakeRun, claim: Claim, runs: RunRepository, thread: Thread) -> None:
    first, second, third = [await make_run() for _ in range(3)]
    await runs.finish(await claim(first), RunStatus.success)

    assert [run.run_id for run in await runs.list_of_thread(thread.thread_id)] == [third.run_id, second.run_id, first.run_id]
    assert [run.run_id for run in await runs.list_of_thread(thread.thread_id, statuses=[RunStatus.success])] == [first.run_id]
    assert [run.run_id for run in await runs.list_of_thread(thread.thread_id, limit=1, offset=1)] == [second.run_id]
    assert [run.run_id for run in await runs.active(thread.thread_id)] == [second.run_id, third.run_id]


async def test_only_a_run_that_ended_can_be_deleted(make_run: MakeRun, runs: RunRepository) -> None:
    run = await make_run()

    with pytest.raises(IllegalRunTransition, match="Cancel it first"):
        await runs.delete(run.run_id)
    await runs.request_cancel(run.run_id)
    await runs.delete(run.run_id)

    with pytest.raises(RunNotFound):
        await runs.delete(run.run_id)
