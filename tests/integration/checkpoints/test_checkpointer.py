from collections.abc import AsyncIterator
from typing import Annotated, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from checkpoints.checkpointer import open_checkpointer
from checkpoints.connection import Database
from checkpoints.errors import LeaseLost
from checkpoints.runs import RunRepository
from tests.integration.checkpoints.conftest import MakeRun


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


async def plan(state: State) -> State:
    return {"plan": Plan(title="shop")}


CONFIG: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


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
