import asyncio
from uuid import uuid4

import pytest

from checkpoints.connection import Database
from checkpoints.errors import LeaseLost
from checkpoints.records import ClaimedRun, NewEvent, Run, RunStatus
from checkpoints.run_events import RunEventRepository
from checkpoints.run_notifications import RunNotifications
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadRepository
from tests.integration.checkpoints.conftest import Claim, MakeRun

END_LISTENING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN appyard_runs'
"""


@pytest.fixture
async def claimed(make_run: MakeRun, claim: Claim) -> ClaimedRun:
    return await claim(await make_run())


def numbered(first: int, last: int) -> list[NewEvent]:
    return [NewEvent(event="custom", data={"n": n}) for n in range(first, last + 1)]


async def follow(run_events: RunEventRepository, run: Run, after: int = 0) -> list[int]:
    return [event.seq async for event in run_events.follow(run.run_id, after=after)]


async def test_events_are_numbered_from_one_without_gaps_and_kept_exactly(run_events: RunEventRepository, claimed: ClaimedRun) -> None:
    assert await run_events.append(claimed, [NewEvent(event="metadata", data={"run_id": "x"}), NewEvent(event="end")]) == 2
    assert await run_events.append(claimed, [NewEvent(event="values", data=["a\u0000", "\ud800", None, 1.5])]) == 3

    events = await run_events.read_after(claimed.run.run_id)
    assert [(event.seq, event.event, event.data) for event in events] == [
        (1, "metadata", {"run_id": "x"}),
        (2, "end", None),
        (3, "values", ["a\u0000", "\ud800", None, 1.5]),
    ]
    assert [event.seq for event in await run_events.read_after(claimed.run.run_id, 1, limit=1)] == [2]


async def test_batches_appended_at_once_never_share_a_number(run_events: RunEventRepository, claimed: ClaimedRun) -> None:
    await asyncio.gather(*(run_events.append(claimed, numbered(1, 5), worth_waiting_for=n % 2 == 0) for n in range(20)))

    assert [event.seq for event in await run_events.read_after(claimed.run.run_id)] == list(range(1, 101))


async def test_a_worker_that_was_given_up_appends_nothing(run_events: RunEventRepository, runs: RunRepository, make_run: MakeRun) -> None:
    run = await make_run()
    asleep = await runs.claim(run.run_id, owner="asleep", lease_seconds=0)
    assert asleep is not None
    await runs.claim(run.run_id, owner="awake", lease_seconds=60)

    with pytest.raises(LeaseLost):
        await run_events.append(asleep, numbered(1, 1))

    assert await run_events.read_after(run.run_id) == []


async def test_a_follower_gets_the_past_then_the_present_then_the_end(
    run_events: RunEventRepository, runs: RunRepository, claimed: ClaimedRun
) -> None:
    await run_events.append(claimed, numbered(1, 3))
    following = aiter(run_events.follow(claimed.run.run_id, after=1))

    assert [(await anext(following)).seq for _ in range(2)] == [2, 3]
    await run_events.append(claimed, numbered(4, 4))
    assert (await anext(following)).seq == 4
    await runs.finish(claimed, RunStatus.success)
    with pytest.raises(StopAsyncIteration):
        await anext(following)


async def test_the_last_events_may_be_written_with_the_end(
    database: Database, run_events: RunEventRepository, runs: RunRepository, claimed: ClaimedRun
) -> None:
    following = asyncio.create_task(follow(run_events, claimed.run))

    async with database.transaction() as transaction:
        await run_events.append(claimed, numbered(1, 2), transaction=transaction)
        await runs.finish(claimed, RunStatus.success, transaction=transaction)

    assert await following == [1, 2]


async def test_more_events_than_a_page_are_followed_to_the_end(
    run_events: RunEventRepository, runs: RunRepository, claimed: ClaimedRun
) -> None:
    await run_events.append(claimed, numbered(1, 1201))
    await runs.finish(claimed, RunStatus.success)

    assert await follow(run_events, claimed.run) == list(range(1, 1202))


async def test_every_follower_sees_every_event_once_while_listening_breaks_again_and_again(
    database: Database, run_events: RunEventRepository, runs: RunRepository, claimed: ClaimedRun
) -> None:
    followers = [asyncio.create_task(follow(run_events, claimed.run)) for _ in range(5)]

    for n in range(1, 31):
        await run_events.append(claimed, numbered(n, n))
        if n % 7 == 0:
            async with database.direct_connection() as connection:
                ended = await connection.execute(END_LISTENING)
                assert ended.rowcount <= 1
    await runs.finish(claimed, RunStatus.success)

    assert await asyncio.gather(*followers) == [list(range(1, 31))] * 5


async def test_without_any_notification_a_follower_looks_again_by_itself(
    database: Database, runs: RunRepository, claimed: ClaimedRun
) -> None:
    deaf = RunNotifications(database, look_again_seconds=0.02)  # never opened, so it hears nothing
    run_events = RunEventRepository(database, deaf)
    following = asyncio.create_task(follow(run_events, claimed.run))

    await run_events.append(claimed, numbered(1, 2))
    await runs.finish(claimed, RunStatus.success)

    assert await following == [1, 2]


async def test_following_ends_with_a_cancelled_a_deleted_or_an_unknown_run(
    run_events: RunEventRepository, runs: RunRepository, threads: ThreadRepository, make_run: MakeRun, claimed: ClaimedRun
) -> None:
    waiting = await make_run()
    cancelled, deleted = asyncio.create_task(follow(run_events, waiting)), asyncio.create_task(follow(run_events, claimed.run))
    await run_events.append(claimed, numbered(1, 1))

    await runs.request_cancel(waiting.run_id)
    assert await cancelled == []
    await threads.delete(claimed.run.thread_id)
    assert await deleted == [1]
    assert [event async for event in run_events.follow(uuid4())] == []


async def test_a_follower_that_leaves_is_forgotten(
    run_events: RunEventRepository, notifications: RunNotifications, claimed: ClaimedRun
) -> None:
    following = asyncio.create_task(follow(run_events, claimed.run))
    await run_events.append(claimed, numbered(1, 1))
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)

    assert notifications._subscribers == {}
