import operator
from collections.abc import AsyncIterator
from typing import Annotated, TypedDict
from uuid import UUID

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Durability, interrupt
from pydantic import BaseModel

from checkpoints.checkpointer import open_checkpointer
from checkpoints.connection import Database
from checkpoints.errors import LeaseLost
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadRepository
from tests.integration.checkpoints.conftest import Claim, MakeRun

THREAD_ID = UUID(int=1)
CONFIG: RunnableConfig = {"configurable": {"thread_id": str(THREAD_ID), "checkpoint_ns": ""}}


class Plan(BaseModel):
    title: str


class State(TypedDict):
    plan: Annotated[object, lambda _old, new: new]


async def test_the_saver_keeps_langgraphs_contract(database: Database) -> None:
    @checkpointer_test(name="appyard")
    async def saver() -> AsyncIterator[AsyncPostgresSaver]:
        async with database.direct_connection() as connection:
            await connection.execute("TRUNCATE checkpoints, checkpoint_blobs, checkpoint_writes")
        yield open_checkpointer(database, [])

    report = await validate(saver)

    assert report.passed_all_base(), report.to_dict()


@pytest.fixture
async def fenced(database: Database, threads: ThreadRepository, make_run: MakeRun, claim: Claim) -> AsyncPostgresSaver:
    """The saver of a run that is worked on, on the thread of `CONFIG`."""
    run = await make_run(thread_id=(await threads.create(THREAD_ID)).thread_id)
    return open_checkpointer(database, [Plan], claimed=await claim(run))


async def test_the_saver_of_a_run_keeps_langgraphs_contract(
    database: Database, threads: ThreadRepository, make_run: MakeRun, claim: Claim
) -> None:
    @checkpointer_test(name="appyard run")
    async def saver() -> AsyncIterator[AsyncPostgresSaver]:
        async with database.direct_connection() as connection:
            await connection.execute("TRUNCATE checkpoints, checkpoint_blobs, checkpoint_writes")
        yield open_checkpointer(database, [], claimed=await claim(await make_run(thread_id=(await threads.create()).thread_id)))

    report = await validate(saver)

    assert report.passed_all_base(), report.to_dict()


class Tally(TypedDict):
    seen: Annotated[list[str], operator.add]
    answer: object


def counting(saver: AsyncPostgresSaver):  # type: ignore[no-untyped-def]  # noqa: ANN201 - LangGraph's five type parameters say nothing here
    """Three nodes side by side, the last of which asks."""

    async def note(state: Tally) -> dict[str, list[str]]:
        return {"seen": ["noted"]}

    async def ask(state: Tally) -> dict[str, object]:
        return {"answer": interrupt({"question": "go on?"})}

    builder = StateGraph(Tally)
    builder.add_node("first", note).add_node("second", note).add_node("asking", ask)
    return builder.add_edge(START, "first").add_edge(START, "second").add_edge(START, "asking").compile(checkpointer=saver)


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
async def test_the_state_a_run_came_to_is_the_one_that_is_stored(
    database: Database, fenced: AsyncPostgresSaver, durability: Durability
) -> None:
    graph = counting(fenced)
    await graph.ainvoke({"seen": []}, CONFIG, durability=durability)

    came_to = await graph.aget_state(CONFIG)

    assert came_to == await counting(open_checkpointer(database, [])).aget_state(CONFIG)
    assert (came_to.next, [interrupt.value for interrupt in came_to.interrupts]) == (("asking",), [{"question": "go on?"}])


async def test_what_ends_in_the_same_moment_is_stored_in_one_transaction(database: Database, fenced: AsyncPostgresSaver) -> None:
    await counting(fenced).ainvoke({"seen": []}, CONFIG, durability="sync")

    async with database.direct_connection() as connection:
        cursor = await connection.execute(
            "SELECT task_id, xmin::text AS number FROM checkpoint_writes WHERE checkpoint_id = (SELECT max(checkpoint_id) FROM checkpoints)"
        )
        rows = await cursor.fetchall()

    assert (len({row["task_id"] for row in rows}), len({row["number"] for row in rows})) == (3, 1)


async def plan(state: State) -> State:
    return {"plan": Plan(title="shop")}


async def test_a_type_that_is_allowed_comes_back_as_itself_and_any_other_as_data(database: Database) -> None:
    await open_checkpointer(database, [Plan]).aput(
        CONFIG,
        {
            "v": 4,
            "id": "1",
            "ts": "",
            "channel_values": {"plan": Plan(title="shop")},
            "channel_versions": {"plan": "1"},
            "versions_seen": {},
            "updated_channels": None,
        },
        {},
        {"plan": "1"},
    )

    trusting = await open_checkpointer(database, [Plan]).aget_tuple(CONFIG)
    strict = await open_checkpointer(database, []).aget_tuple(CONFIG)

    assert trusting is not None
    assert strict is not None
    assert trusting.checkpoint["channel_values"]["plan"] == Plan(title="shop")
    assert strict.checkpoint["channel_values"]["plan"] == {"title": "shop"}


async def test_the_saver_of_a_worker_that_was_given_up_writes_nothing(database: Database, runs: RunRepository, make_run: MakeRun) -> None:
    run = await make_run()
    asleep = await runs.claim(run.run_id, owner="asleep", lease_seconds=0)
    awake = await runs.claim(run.run_id, owner="awake", lease_seconds=60)
    assert asleep is not None
    assert awake is not None
    config: RunnableConfig = {"configurable": {"thread_id": str(run.thread_id)}}

    def compiled(saver: AsyncPostgresSaver):  # type: ignore[no-untyped-def]  # noqa: ANN202 - LangGraph's five type parameters say nothing here
        builder = StateGraph(State)
        builder.add_node("plan_app", plan)
        return builder.add_edge(START, "plan_app").add_edge("plan_app", END).compile(checkpointer=saver)

    with pytest.raises(LeaseLost):
        await compiled(open_checkpointer(database, [Plan], claimed=asleep)).ainvoke({"plan": None}, config, durability="sync")
    assert await open_checkpointer(database, [Plan]).aget_tuple(config) is None

    result = await compiled(open_checkpointer(database, [Plan], claimed=awake)).ainvoke({"plan": None}, config, durability="sync")
    assert result == {"plan": Plan(title="shop")}
