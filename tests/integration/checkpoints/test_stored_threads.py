from uuid import uuid4

import pytest

from checkpoints.approvals import ApprovalRepository
from checkpoints.artifacts import ArtifactRepository
from checkpoints.checkpointer import open_checkpointer
from checkpoints.connection import Database
from checkpoints.errors import ArtifactNotFound, ThreadExists, ThreadNotFound
from checkpoints.records import IfExists, NewEvent, RunStatus, Thread, ThreadSort, ThreadStatus
from checkpoints.run_events import RunEventRepository
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadFilter, ThreadRepository
from tests.integration.checkpoints.conftest import Claim, MakeRun


async def test_a_thread_comes_back_as_it_was_created(threads: ThreadRepository) -> None:
    thread = await threads.create(uuid4(), metadata={"user": "ann"}, config={"recursion_limit": 5}, graph_id="build")

    assert await threads.get(thread.thread_id) == thread
    assert (thread.status, thread.metadata, thread.config, thread.graph_id, thread.values) == (
        ThreadStatus.idle, {"user": "ann"}, {"recursion_limit": 5}, "build", None,
    )  # fmt: skip


async def test_creating_a_thread_that_exists_raises_or_gives_the_one_there_is(threads: ThreadRepository, thread: Thread) -> None:
    with pytest.raises(ThreadExists):
        await threads.create(thread.thread_id)

    assert await threads.create(thread.thread_id, metadata={"other": 1}, if_exists=IfExists.do_nothing) == thread


async def test_what_does_not_exist_is_not_found(threads: ThreadRepository) -> None:
    unknown = uuid4()

    for request in (
        threads.get(unknown),
        threads.update_metadata(unknown, {}),
        threads.pin_graph(unknown, "build", "1"),
        threads.save_snapshot(unknown, values=None, interrupts={}, status=ThreadStatus.idle),
        threads.delete(unknown),
    ):
        with pytest.raises(ThreadNotFound, match=str(unknown)):
            await request


async def test_metadata_is_merged(threads: ThreadRepository) -> None:
    thread = await threads.create(metadata={"a": 1, "b": 1})

    assert (await threads.update_metadata(thread.thread_id, {"b": 2, "c": 3})).metadata == {"a": 1, "b": 2, "c": 3}


async def test_the_version_of_the_graph_is_kept_with_the_thread(threads: ThreadRepository, thread: Thread) -> None:
    await threads.pin_graph(thread.thread_id, "build", "7")

    assert ((await threads.get(thread.thread_id)).graph_id, (await threads.get(thread.thread_id)).graph_version) == ("build", "7")


async def test_a_search_combines_its_filters(threads: ThreadRepository) -> None:
    ann = await threads.create(metadata={"user": "ann", "tags": ["x"]})
    bob = await threads.create(metadata={"user": "bob"})
    await threads.save_snapshot(ann.thread_id, values={"topic": "shop", "n": 1}, interrupts={}, status=ThreadStatus.interrupted)

    async def found(**criteria: object) -> set[object]:
        which = ThreadFilter.model_validate(criteria)
        page = await threads.search(which)
        assert await threads.count(which) == len(page)
        return {thread.thread_id for thread in page}

    assert await found() == {ann.thread_id, bob.thread_id}
    assert await found(metadata={"user": "ann"}) == {ann.thread_id}
    assert await found(values={"topic": "shop"}) == {ann.thread_id}
    assert await found(status=ThreadStatus.interrupted) == {ann.thread_id}
    assert await found(status=ThreadStatus.idle, metadata={"user": "ann"}) == set()
    assert await found(ids=[bob.thread_id]) == {bob.thread_id}
    assert await found(ids=[]) == set()


@pytest.mark.parametrize("sort_by", list(ThreadSort))
async def test_pages_of_every_order_cover_everything_once(threads: ThreadRepository, sort_by: ThreadSort) -> None:
    created = {(await threads.create()).thread_id for _ in range(5)}

    pages = [await threads.search(sort_by=sort_by, descending=False, limit=2, offset=offset) for offset in (0, 2, 4)]

    listed = [thread for page in pages for thread in page]
    assert {thread.thread_id for thread in listed} == created
    assert listed == sorted(listed, key=lambda thread: (getattr(thread, sort_by), thread.thread_id))


async def test_text_that_jsonb_refuses_is_kept_in_a_readable_form(threads: ThreadRepository, thread: Thread) -> None:
    values = {"text": "a\u0000b\ud800c ü 🙂", "path": "C:\\u0000", "n": float("nan")}

    saved = await threads.save_snapshot(thread.thread_id, values=values, interrupts={}, status=ThreadStatus.idle)

    assert saved.values == {"text": "a\ufffdb?c ü 🙂", "path": "C:\\u0000", "n": None}


async def test_a_thread_stays_busy_while_another_run_waits_and_then_shows_what_was_left(
    threads: ThreadRepository, runs: RunRepository, thread: Thread, make_run: MakeRun, claim: Claim, database: Database
) -> None:
    first, second = await claim(await make_run()), await make_run()

    async with database.transaction() as transaction:
        await runs.finish(first, RunStatus.interrupted, transaction=transaction)
        snapshot = await threads.save_snapshot(
            thread.thread_id, values={"a": 1}, interrupts={"task": [{"id": "i"}]}, status=ThreadStatus.interrupted, transaction=transaction
        )
    await runs.request_cancel(second.run_id)

    assert snapshot.status is ThreadStatus.busy
    left = await threads.get(thread.thread_id)
    assert (left.status, left.values, left.interrupts) == (ThreadStatus.interrupted, {"a": 1}, {"task": [{"id": "i"}]})


async def test_deleting_a_thread_leaves_nothing_of_it_and_everything_of_others(
    database: Database,
    threads: ThreadRepository,
    artifacts: ArtifactRepository,
    approvals: ApprovalRepository,
    run_events: RunEventRepository,
    make_run: MakeRun,
    claim: Claim,
    thread: Thread,
) -> None:
    doomed, kept = thread, await threads.create()
    for each in (doomed, kept):
        claimed = await claim(await make_run(thread_id=each.thread_id))
        await run_events.append(claimed, [NewEvent(event="values", data={})])
        await approvals.ask(each.thread_id, {"i": {}}, expires_in_seconds=None)
        await write_checkpoint(database, each)
    shared = await artifacts.put(doomed.thread_id, b"shared", "text/plain")
    await artifacts.put(kept.thread_id, b"shared", "text/plain")
    alone = await artifacts.put(doomed.thread_id, b"alone", "text/plain")

    before = await rows(database)
    await threads.delete(doomed.thread_id)

    assert await rows(database) == {table: count // 2 for table, count in before.items()}
    assert await artifacts.get(shared.sha256) == b"shared"
    with pytest.raises(ArtifactNotFound):
        await artifacts.get(alone.sha256)


async def write_checkpoint(database: Database, thread: Thread) -> None:
    saver = open_checkpointer(database, [])
    checkpoint = {"v": 4, "id": str(uuid4()), "ts": "", "channel_values": {"a": [1]}, "channel_versions": {"a": "1"}, "versions_seen": {}}
    config = {"configurable": {"thread_id": str(thread.thread_id), "checkpoint_ns": ""}}
    config = await saver.aput(config, checkpoint, {}, {"a": "1"})  # type: ignore[arg-type, assignment]  # plain dicts, as LangGraph takes them
    await saver.aput_writes(config, [("a", [2])], "task")  # type: ignore[arg-type]  # as above


async def rows(database: Database) -> dict[str, int]:
    tables = ("threads", "runs", "run_events", "approvals", "checkpoints", "checkpoint_blobs", "checkpoint_writes", "artifacts")
    async with database.direct_connection() as connection:
        counted = {}
        for table in tables:
            row = await (await connection.execute(f"SELECT count(*) AS n FROM {table}".encode())).fetchone()  # noqa: S608 - our own names
            assert row is not None
            counted[table] = row["n"]
        return counted
