"""Those who watch runs: they go, they wait in silence."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from langgraph_sdk.client import LangGraphClient

from checkpoints.records import RunStatus
from server.api import sse
from server.api.run_responses import streamed_events, streamed_result
from server.services.assistants import Assistants
from server.services.new_builds import NewBuilds
from server.services.run_streams import RunStreams
from server.services.runs import Runs
from server.worker import run_worker
from tests.integration.server.conftest import Appyard, RunAppyard

TOYS = Path(__file__).parents[2] / "acceptance/toy_graph/langgraph.json"
SLOW = {"topic": "t", "n": 1, "sleep": 30}


@pytest.fixture
async def yard(appyard: RunAppyard) -> Appyard:
    return await appyard(config=TOYS)


@pytest.fixture
def client(yard: Appyard) -> LangGraphClient:
    return LangGraphClient(yard.client)


@pytest.fixture
def streams(yard: Appyard) -> RunStreams:
    world, ledger = yard.world, yard.world.ledger
    assert world.graphs is not None
    assistants = Assistants(ledger.database, ledger.assistants, ledger.threads, world.graphs)
    return RunStreams(ledger, Runs(ledger, world.run_queue, assistants, NewBuilds(world.spending, ledger.threads)))


async def until(text: AsyncIterator[object], wanted: str) -> None:
    """Read until something with `wanted` in it came."""
    async for part in text:
        if wanted in str(part):
            return


@pytest.mark.requirement("run.on_disconnect")
@pytest.mark.parametrize("cancels", [True, False])
async def test_a_run_ends_with_its_watcher_if_so_asked(
    yard: Appyard, client: LangGraphClient, streams: RunStreams, *, cancels: bool
) -> None:
    thread = await client.threads.create()
    created = await client.runs.create(thread["thread_id"], "toy", input=SLOW, stream_mode="custom")
    run = await yard.world.ledger.runs.get(UUID(created["run_id"]))
    watching = asyncio.create_task(until(streamed_events(run, streams, cancels=cancels).body_iterator, "never sent"))
    await until(streams.events(run), "planned")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    if cancels:
        outcome = await streams.ended(run)
        assert outcome is not None
        assert outcome.status is RunStatus.cancelled
    else:
        assert (await yard.world.ledger.runs.get(run.run_id)).status is RunStatus.running


@pytest.mark.requirement("stream.heartbeat")
async def test_a_silent_connection_is_kept_open(
    yard: Appyard, client: LangGraphClient, streams: RunStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)
    thread = await client.threads.create()
    created = await client.runs.create(thread["thread_id"], "toy", input=SLOW, after_seconds=3600)
    run = await yard.world.ledger.runs.get(UUID(created["run_id"]))
    assert await anext(aiter(streamed_events(run, streams).body_iterator)) == ": heartbeat\n\n"
    assert await anext(aiter(streamed_result(run, streams).body_iterator)) == "\n"


@pytest.mark.requirement("run.alone")
async def test_a_run_nobody_followed_goes_with_its_thread(
    yard: Appyard, client: LangGraphClient, streams: RunStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = await client.runs.create(None, "toy", input={"topic": "t", "n": 1})
    run = await yard.world.ledger.runs.get(UUID(created["run_id"]))
    await streams.ended(run)
    assert run.thread_id in await yard.world.ledger.threads.temporary_over(after_seconds=0)
    monkeypatch.setattr(run_worker, "TEMPORARY_SECONDS", 0.0)
    monkeypatch.setattr(run_worker, "FORGETTING_PERIOD_SECONDS", 0.05)
    again = yard.world.worker
    assert again is not None
    async with again.at_work():
        with yard.world.ledger.run_events.changes(run.run_id) as changes:
            async for _ in changes:
                if await yard.world.ledger.runs.outcome(run.run_id) is None:
                    break
