"""What a run says and the step it led to are stored together, so that a worker's death between the two loses nothing."""

from collections.abc import AsyncIterator, Mapping

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from checkpoints.checkpointer import open_checkpointer
from checkpoints.connection import Database, Transaction
from checkpoints.records import ClaimedRun
from checkpoints.run_events import RunEventRepository
from server.worker.record_events import EventRecorder
from tests.integration.checkpoints.conftest import Claim, MakeRun


class Walk(TypedDict, total=False):
    steps: int


class WorkerDied(Exception):
    """Takes the place of kill -9."""


@pytest.fixture
async def claimed(make_run: MakeRun, claim: Claim) -> ClaimedRun:
    return await claim(await make_run())


@pytest.fixture
def recorder(database: Database, run_events: RunEventRepository, claimed: ClaimedRun) -> EventRecorder:
    """Not entered: nothing is stored in the background."""
    return EventRecorder(database, run_events, claimed)


async def said(run_events: RunEventRepository, claimed: ClaimedRun) -> list[object]:
    return [event.data for event in await run_events.read_after(claimed.run.run_id)]


async def updates_of_a_walk(database: Database, claimed: ClaimedRun, recorder: EventRecorder) -> AsyncIterator[Mapping[str, Walk]]:
    """Two nodes, one after the other; what they did is handed to the recorder as the worker does it."""

    async def walk(state: Walk) -> Walk:
        return {"steps": state["steps"] + 1}

    builder = StateGraph(Walk)
    builder.add_node("left", walk).add_node("right", walk)
    builder.add_edge(START, "left").add_edge("left", "right").add_edge("right", END)
    graph = builder.compile(checkpointer=open_checkpointer(database, (), claimed=claimed, store=recorder.store_beside))
    config: RunnableConfig = {"configurable": {"thread_id": str(claimed.run.thread_id)}}
    async for update in graph.astream({"steps": 0}, config, stream_mode="updates", durability="sync"):
        recorder.add("updates", update)
        yield update


async def test_once_the_next_step_has_begun_what_was_said_before_is_stored(
    database: Database, run_events: RunEventRepository, claimed: ClaimedRun, recorder: EventRecorder
) -> None:
    async for update in updates_of_a_walk(database, claimed, recorder):
        if "right" in update:
            assert await said(run_events, claimed) == [{"left": {"steps": 1}}]
            return


async def test_a_step_that_fails_takes_what_was_said_with_it_and_the_next_one_brings_both(
    database: Database, run_events: RunEventRepository, claimed: ClaimedRun, recorder: EventRecorder
) -> None:
    recorder.add("custom", "first")

    async def dies(transaction: Transaction) -> None:
        assert (await transaction.fetch_one("get_run", {"run_id": claimed.run.run_id}) or {})["last_event_seq"] == 1
        raise WorkerDied

    with pytest.raises(WorkerDied):
        await recorder.store_beside(dies)
    assert await said(run_events, claimed) == []

    async def lives(transaction: Transaction) -> None:
        await transaction.fetch_one("get_run", {"run_id": claimed.run.run_id})

    recorder.add("custom", "second")
    await recorder.store_beside(lives)
    assert await said(run_events, claimed) == ["first", "second"]
