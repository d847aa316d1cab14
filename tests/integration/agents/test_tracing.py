"""What LangSmith gets, through its real client: one tree for each run, with what it cost, and nothing that was to be hidden."""

from pathlib import Path
from typing import Any, TypedDict
from uuid import uuid4

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langsmith import Client

from checkpoints.records import Run
from nodes.artifacts import QaReview
from nodes.context import AgentTask, BuildOptions
from server.worker.tracing import Trace, Tracing
from tests.integration.agents.ingest_server import PROJECT, TENANT, Langsmith, ingest_server
from tests.unit.nodes.agents.scripted_model import CALL_USD, ScriptedChatModel, crew_around

GOOD = '{"summary": "fine", "concerns": [], "components_to_repair": []}'
Review = AgentTask[QaReview]


def run_of(attempt: int = 1) -> Run:
    return Run.model_construct(run_id=uuid4(), attempt=attempt)


class State(TypedDict, total=False):
    secret: str


async def traced(langsmith: Langsmith, review_task: Review, storage: Path, *, hides: bool = False) -> Trace:
    """A run of one node, whose agent answers wrongly once."""
    crew = crew_around(ScriptedChatModel(replies=["bad", GOOD]), storage)

    async def qa(state: State) -> State:
        await crew.perform(review_task, BuildOptions())
        return {}

    graph: Any = StateGraph(State).add_node("qa", qa).add_edge(START, "qa").compile(checkpointer=InMemorySaver(), name="appyard")
    tracing = Tracing(Client(api_url=langsmith.url, api_key="key", hide_inputs=hides, hide_outputs=hides), "appyard")
    trace = await tracing.of(run_of())
    config = {"configurable": {"thread_id": "t"}, "callbacks": list(trace.callbacks), "run_id": trace.trace_id}
    await graph.ainvoke({"secret": "the customer"}, config)
    await tracing.close()
    return trace


async def test_a_run_is_one_tree_of_node_agent_and_model_calls_with_retries_as_siblings(review_task: Review, storage: Path) -> None:
    async with ingest_server() as langsmith:
        trace = await traced(langsmith, review_task, storage)
    calls = [run for run in langsmith.runs.values() if run["run_type"] == "llm"]
    assert [langsmith.path(run) for run in calls] == [("appyard", "qa", "crewai:QA Engineer", "ScriptedChatModel")] * 2
    assert len({run["parent_run_id"] for run in calls}) == 1
    assert {run["trace_id"] for run in langsmith.runs.values()} == {str(trace.trace_id)}
    assert trace.url == f"http://localhost/o/{TENANT}/projects/p/{PROJECT}/r/{trace.trace_id}"


async def test_steps_say_who_worked_on_what_and_what_it_cost(review_task: Review, storage: Path) -> None:
    async with ingest_server() as langsmith:
        await traced(langsmith, review_task, storage)
    [agent] = [run for run in langsmith.runs.values() if run["name"] == "crewai:QA Engineer"]
    about = agent["extra"]["metadata"]
    assert {name: about[name] for name in ("thread_id", "langgraph_node", "agent", "task", "attempt", "model", "calls")} == {
        "thread_id": "t",
        "langgraph_node": "qa",
        "agent": "QA Engineer",
        "task": "review_app",
        "attempt": 1,
        "model": "openai:gpt-5-mini",
        "calls": 2,
    }
    assert about["cost_usd"] == pytest.approx(2 * CALL_USD)
    assert about["appyard_version"]


@pytest.mark.parametrize("hides", [True, False])
async def test_what_is_to_be_hidden_is_not_sent(review_task: Review, storage: Path, *, hides: bool) -> None:
    async with ingest_server() as langsmith:
        await traced(langsmith, review_task, storage, hides=hides)
    sent = [str(run.get("inputs")) + str(run.get("outputs")) for run in langsmith.runs.values()]
    assert any("the customer" in text for text in sent) is not hides
    assert any('"summary": "fine"' in text or "'summary'" in text for text in sent) is not hides


async def test_a_later_attempt_is_a_trace_of_its_own_that_follows_from_the_run() -> None:
    async with ingest_server() as langsmith:
        tracing, run = Tracing(Client(api_url=langsmith.url, api_key="key"), "appyard"), run_of()
        again = run.model_copy(update={"attempt": 2})
        ids = [(await tracing.of(attempt)).trace_id for attempt in (run, again, again)]
    assert ids[0] == run.run_id
    assert ids[1] == ids[2] != ids[0]


async def test_a_langsmith_that_is_away_costs_the_link_and_nothing_else(review_task: Review, storage: Path) -> None:
    async with ingest_server() as langsmith:
        away = langsmith.url
    trace = await Tracing(Client(api_url=away, api_key="key", auto_batch_tracing=False), "appyard").of(run_of())
    assert trace.url is None
