"""Agents inside LangGraph: what streams, what a crash repeats, what is announced, and what a cancelled run leaves."""

import asyncio
import operator
import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from nodes.agents.crew import CrewAICrew
from nodes.agents.journal import InMemoryJournal, JournaledCall
from nodes.agents.models import AnswerForm
from nodes.agents.shared_answers import KeptAnswer
from nodes.artifacts import AgentResult, BudgetPause, Changeset, QaReview
from nodes.context import AgentTask, BuildOptions
from nodes.errors import AgentOutputInvalid, BudgetExhausted, TokensExhausted
from nodes.pauses import collect_pauses, pausing
from tests.integration.agents.fault_server import Answer, CutStream, HalfAnswer, Raw, Reply, Status, StreamError, fault_server
from tests.unit.nodes.agents.scripted_model import CACHED_TOKENS, CALL_TOKENS, CALL_USD, Hang, ScriptedChatModel, crew_around

GOOD = '{"summary": "fine", "concerns": [], "components_to_repair": []}'
PARTS = ("claims", "rooms", "staff", "visits")


class State(TypedDict, total=False):
    component: str
    results: Annotated[list[AgentResult], operator.add]
    paused: Annotated[tuple[BudgetPause, ...], collect_pauses]


class Crash(Exception):
    """Stands for the end of the process, after the answer and before the node's checkpoint."""


def review_graph(
    crew: CrewAICrew, task: AgentTask[QaReview], options: BuildOptions, crashes: int = 0
) -> CompiledStateGraph[Any, Any, Any, Any]:
    left = [crashes]

    async def qa(state: State) -> State:
        answer = await crew.perform(task, options)
        if left[0]:
            left[0] -= 1
            raise Crash
        return {"results": [answer.result]}

    return StateGraph(State).add_node("qa", qa).add_edge(START, "qa").add_edge("qa", END).compile(checkpointer=InMemorySaver())


def engineers_graph(crew: CrewAICrew, options: BuildOptions, parts: tuple[str, ...] = PARTS) -> CompiledStateGraph[Any, Any, Any, Any]:
    async def engineer(state: State) -> State:
        part = state["component"]
        inputs = {
            "contract": "{}",
            "spec": "{}",
            "signatures": "{}",
            "component": part,
            "own_files": "{}",
            "findings": "[]",
            "feedback": "",
        }
        answer = await crew.perform(AgentTask("write_component", inputs, Changeset, component=part), options)
        assert answer.value.component == part
        return {"results": [answer.result]}

    graph = StateGraph(State).add_node("engineer", engineer).add_edge("engineer", END)
    graph.add_conditional_edges(START, lambda _: [Send("engineer", {"component": part}) for part in parts], ["engineer"])
    return graph.compile(checkpointer=InMemorySaver())


def changeset_for(prompt: str) -> str:
    part = prompt.partition('<input name="component">\n')[2].partition("\n")[0]
    return f'{{"component": "{part}", "changes": [], "notes": "{"nothing to do; " * 20}"}}'


def thread(name: str = "t") -> Any:
    return {"configurable": {"thread_id": name}}


async def streamed(graph: CompiledStateGraph[Any, Any, Any, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The pieces of text of a run, each with its metadata."""
    chunks: list[Any] = [chunk async for chunk in graph.astream({}, thread(), stream_mode="messages")]
    return [(message.text, about) for message, about in chunks if message.text]


async def test_four_engineers_stream_side_by_side_each_under_its_own_name(storage: Path) -> None:
    crew = crew_around(ScriptedChatModel(reply_to=changeset_for), storage)
    graph = engineers_graph(crew, BuildOptions())
    seen = await streamed(graph)
    order = [about["component"] for _, about in seen]
    assert Counter(order).keys() == set(PARTS)
    assert order != sorted(order)
    assert {(about["langgraph_node"], about["agent"], about["task"], about["attempt"], about["thread_id"]) for _, about in seen} == {
        ("engineer", "Senior Software Engineer", "write_component", 1, "t")
    }
    assert len({about["langgraph_checkpoint_ns"] for _, about in seen}) == 4
    for part in PARTS:
        assert "".join(text for text, about in seen if about["component"] == part).startswith(f'{{"component": "{part}"')


async def test_an_agents_start_and_finish_are_announced(storage: Path, review_task: AgentTask[QaReview]) -> None:
    crew = crew_around(ScriptedChatModel(replies=[GOOD]), storage)
    graph = review_graph(crew, review_task, BuildOptions())
    events = [event async for event in graph.astream({}, thread(), stream_mode="custom")]
    results = (await graph.aget_state(thread())).values["results"]
    started = {"kind": "agent_started", "agent": "QA Engineer", "task": "review_app", "component": None, "attempt": 1}
    assert events == [
        {**started, "model": "openai:gpt-5-mini"},
        {"kind": "agent_finished", "result": results[0].model_dump(mode="json")},
    ]


async def test_the_self_test_stays_out_of_the_stream(storage: Path, review_task: AgentTask[QaReview]) -> None:
    crew = crew_around(ScriptedChatModel(replies=[GOOD]), storage)
    graph = review_graph(crew, review_task, BuildOptions())
    assert "".join(text for text, _ in await streamed(graph)) == GOOD


async def test_steps_nest_as_node_agent_model(storage: Path, review_task: AgentTask[QaReview]) -> None:
    crew = crew_around(ScriptedChatModel(replies=["bad", GOOD]), storage)
    graph = review_graph(crew, review_task, BuildOptions())
    started = [event async for event in graph.astream_events({}, thread()) if event["event"] in ("on_chain_start", "on_chat_model_start")]
    names = {event["run_id"]: event["name"] for event in started}
    paths = [
        (*(names[parent] for parent in event["parent_ids"] if parent in names), event["name"])
        for event in started
        if event["event"] == "on_chat_model_start"
    ]
    assert [path[-3:] for path in paths] == [("qa", "crewai:QA Engineer", "ScriptedChatModel")] * 2


async def test_a_crash_after_the_answer_repeats_no_call_and_pays_nothing_twice(storage: Path, review_task: AgentTask[QaReview]) -> None:
    chat, journal = ScriptedChatModel(replies=["bad", GOOD]), InMemoryJournal()
    graph = review_graph(crew_around(chat, storage, journal=journal), review_task, BuildOptions(), crashes=2)
    for _ in range(2):
        with pytest.raises(Crash):
            await graph.ainvoke({} if not chat.started else None, thread())
    [result] = (await graph.ainvoke(None, thread()))["results"]
    assert chat.started == 2
    assert (result.calls, result.replayed_calls, result.cost_usd) == (2, 2, 2 * CALL_USD)
    assert await journal.spent_usd("t") == pytest.approx(2 * CALL_USD)


async def test_a_replayed_answer_needs_no_budget(storage: Path, review_task: AgentTask[QaReview]) -> None:
    chat = ScriptedChatModel(replies=[GOOD])
    crew = crew_around(chat, storage)
    bound = await _smallest_budget(storage, review_task)
    graph = review_graph(crew, review_task, BuildOptions(budget_usd=bound), crashes=1)
    with pytest.raises(Crash):
        await graph.ainvoke({}, thread())
    await graph.ainvoke(None, thread())
    assert chat.started == 1


async def test_a_recorded_answer_to_another_prompt_is_asked_for_anew_and_both_are_accounted_for(
    storage: Path, review_task: AgentTask[QaReview]
) -> None:
    chat, journal = ScriptedChatModel(replies=[GOOD]), InMemoryJournal()
    inputs = dict(review_task.inputs)
    graph = review_graph(crew_around(chat, storage, journal=journal), AgentTask("review_app", inputs, QaReview), BuildOptions(), crashes=1)
    with pytest.raises(Crash):
        await graph.ainvoke({}, thread())
    inputs["files"] = "[1]"
    [result] = (await graph.ainvoke(None, thread()))["results"]
    assert (chat.started, result.calls, result.replayed_calls) == (2, 1, 0)
    assert await journal.spent_usd("t") == pytest.approx(2 * CALL_USD)


class CacheOfOne:
    """A cache for one tenant."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptAnswer] = {}

    async def find(self, thread_id: str, model: str, question_sha256: str) -> KeptAnswer | None:
        return self.kept.get(question_sha256)

    async def keep(self, thread_id: str, calls: Sequence[JournaledCall]) -> None:
        self.kept |= {call.question_sha256: KeptAnswer(call.answer, call.cost_usd) for call in calls}

    async def discard(self, thread_id: str, *, questions: Collection[str] | None = None, components: Collection[str] | None = None) -> None:
        for question in questions or ():
            self.kept.pop(question, None)


async def test_what_another_build_was_answered_is_not_asked_and_costs_nothing(storage: Path, review_task: AgentTask[QaReview]) -> None:
    chat, journal = ScriptedChatModel(replies=[GOOD]), InMemoryJournal()
    crew = crew_around(chat, storage, journal=journal, cache=CacheOfOne())
    first, second = [
        (await review_graph(crew, review_task, BuildOptions()).ainvoke({}, thread(name)))["results"][0] for name in ("one", "other")
    ]
    assert chat.started == 1
    assert (first.calls, first.replayed_calls, first.cost_usd) == (1, 0, CALL_USD)
    assert (second.calls, second.replayed_calls, second.cost_usd, second.input_tokens) == (1, 1, 0.0, 0)
    assert await journal.spent_usd("other") == 0.0


async def test_of_a_task_that_ended_well_only_what_was_of_use_serves_others(storage: Path, review_task: AgentTask[QaReview]) -> None:
    shared = CacheOfOne()
    crew = crew_around(ScriptedChatModel(replies=["useless", GOOD]), storage, cache=shared)
    await review_graph(crew, review_task, BuildOptions()).ainvoke({}, thread())
    assert [kept.answer.text for kept in shared.kept.values()] == [GOOD]


async def test_answers_that_led_nowhere_serve_nobody(storage: Path, review_task: AgentTask[QaReview]) -> None:
    shared = CacheOfOne()
    crew = crew_around(ScriptedChatModel(replies=["useless"]), storage, cache=shared)
    with pytest.raises(AgentOutputInvalid):
        await review_graph(crew, review_task, BuildOptions()).ainvoke({}, thread())
    assert shared.kept == {}


async def test_an_answer_from_the_cache_that_is_refused_now_does_not_come_back(storage: Path, review_task: AgentTask[QaReview]) -> None:
    chat, shared = ScriptedChatModel(replies=[GOOD]), CacheOfOne()
    crew = crew_around(chat, storage, cache=shared)
    await review_graph(crew, review_task, BuildOptions()).ainvoke({}, thread("one"))
    first = set(shared.kept)
    stricter = replace(review_task, check=lambda _: "say more")
    with pytest.raises(AgentOutputInvalid):
        await review_graph(crew, stricter, BuildOptions()).ainvoke({}, thread("other"))
    assert (len(first), shared.kept, chat.started) == (1, {}, 2)


async def test_useless_answers_are_not_replayed_when_the_run_is_resumed(storage: Path, review_task: AgentTask[QaReview]) -> None:
    chat, journal = ScriptedChatModel(replies=["one", "two", "three", GOOD]), InMemoryJournal()
    graph = review_graph(crew_around(chat, storage, journal=journal), review_task, BuildOptions())
    with pytest.raises(AgentOutputInvalid):
        await graph.ainvoke({}, thread())
    [result] = (await graph.ainvoke(None, thread()))["results"]
    assert (chat.started, result.calls, result.replayed_calls) == (4, 1, 0)
    assert await journal.spent_usd("t") == pytest.approx(4 * CALL_USD)


async def test_a_failed_engineer_does_not_cost_its_siblings_answers(storage: Path) -> None:
    chat, journal = (
        ScriptedChatModel(reply_to=lambda prompt: "useless" if "\nrooms\n" in prompt else changeset_for(prompt)),
        InMemoryJournal(),
    )
    graph = engineers_graph(crew_around(chat, storage, journal=journal), BuildOptions())
    with pytest.raises(AgentOutputInvalid):
        await graph.ainvoke({}, thread())
    chat.reply_to = changeset_for
    results = (await graph.ainvoke(None, thread()))["results"]
    assert sorted(result.component for result in results) == sorted(PARTS)
    assert Counter(prompt.partition('name="component">\n')[2].partition("\n")[0] for prompt in chat.prompts) == {
        "claims": 1,
        "rooms": 3,  # the same useless answer twice, then a good one
        "staff": 1,
        "visits": 1,
    }


async def test_parallel_engineers_stay_within_the_budget_together(storage: Path) -> None:
    chat, journal = ScriptedChatModel(reply_to=changeset_for), InMemoryJournal()
    parts = tuple(f"part{n}" for n in range(12))
    budget = 0.007
    graph = engineers_graph(crew_around(chat, storage, journal=journal), BuildOptions(budget_usd=budget), parts)
    with pytest.raises(BudgetExhausted):
        await graph.ainvoke({}, thread())
    assert 1 < chat.finished < len(parts)
    assert await journal.spent_usd("t") <= budget
    resumed = engineers_graph(crew_around(chat, storage, journal=journal), BuildOptions(budget_usd=1.0), parts)
    resumed.checkpointer = graph.checkpointer
    results = (await resumed.ainvoke(None, thread()))["results"]
    assert sorted(result.component for result in results) == sorted(parts)


@pytest.mark.parametrize("seed", range(8))
async def test_a_budget_in_tokens_is_never_exceeded_however_engineers_interleave(seed: int, storage: Path) -> None:
    chances, ceiling = random.Random(seed), 12_000  # noqa: S311 - a schedule, no secret
    chat, journal = ScriptedChatModel(reply_to=changeset_for, pause=lambda: chances.choice((0, 1, 3, 7))), InMemoryJournal()
    crew = crew_around(chat, storage, journal=journal)
    parts = tuple(f"part{n}" for n in range(16))
    options = BuildOptions(model="openai:unheard-of", budget_tokens=ceiling)
    with pytest.raises(TokensExhausted):
        await engineers_graph(crew, options, parts).ainvoke({}, thread())
    assert await journal.spent_tokens("t") + CALL_TOKENS * (chat.started - chat.finished) <= ceiling
    assert chat.finished > 1


@pytest.mark.parametrize("seed", range(8))
async def test_a_ceiling_of_a_cent_is_never_exceeded_however_engineers_interleave(seed: int, storage: Path) -> None:
    chances, ceiling = random.Random(seed), 0.01  # noqa: S311 - a schedule, no secret
    chat, journal = ScriptedChatModel(reply_to=changeset_for, pause=lambda: chances.choice((0, 1, 3, 7))), InMemoryJournal()
    crew = crew_around(chat, storage, journal=journal)
    parts = tuple(f"part{n}" for n in range(16))
    with pytest.raises(BudgetExhausted):
        await engineers_graph(crew, BuildOptions(budget_usd=ceiling), parts).ainvoke({}, thread())
    assert await journal.spent_usd("t") + CALL_USD * (chat.started - chat.finished) <= ceiling
    assert chat.finished > 1


async def test_the_sum_of_the_calls_is_what_the_results_say_with_wrong_answers_and_streams_included(storage: Path) -> None:
    wrong_once = {"rooms", "visits"}

    def reply(prompt: str) -> str:
        part = prompt.partition('<input name="component">\n')[2].partition("\n")[0]
        if part in wrong_once:
            wrong_once.remove(part)
            return "useless"
        return changeset_for(prompt)

    journal = InMemoryJournal()
    graph = engineers_graph(crew_around(ScriptedChatModel(reply_to=reply), storage, journal=journal), BuildOptions())
    await streamed(graph)
    results = (await graph.aget_state(thread())).values["results"]
    assert sum(result.calls for result in results) == 6
    assert sum(result.cost_usd for result in results) == pytest.approx(await journal.spent_usd("t")) == pytest.approx(6 * CALL_USD)
    assert sum(result.cached_tokens for result in results) == 6 * CACHED_TOKENS


async def test_work_that_goes_on_after_a_raised_budget_replays_what_it_was_answered(storage: Path) -> None:
    chat, journal = ScriptedChatModel(replies=["bad", GOOD]), InMemoryJournal()
    crew = crew_around(chat, storage, journal=journal)
    asked = AgentTask("review_app", {"spec": "{}", "components": "[]", "files": "[]", "report": "{}"}, QaReview)
    crew_with_little = BuildOptions(budget_usd=await _smallest_budget(storage, asked) + CALL_USD / 2)

    async def qa(state: State) -> State:
        options = BuildOptions(budget_usd=1.0) if state.get("component") else crew_with_little
        answer = await crew.perform(replace(asked, continues=state.get("component", "")), options)
        return {"results": [answer.result]}

    graph: Any = StateGraph(State).add_node("qa", pausing("qa", qa)).add_edge(START, "qa").compile(checkpointer=InMemorySaver())
    pauses = (await graph.ainvoke({}, thread()))["paused"]
    [result] = (await graph.ainvoke({"component": pauses[0].task_id}, thread()))["results"]
    assert (chat.started, result.calls, result.replayed_calls) == (2, 2, 1)


async def test_a_cancelled_run_leaves_no_model_call_behind(storage: Path) -> None:
    chat = ScriptedChatModel(replies=[Hang()])
    crew = crew_around(chat, storage)
    await crew.warm()
    run = asyncio.create_task(engineers_graph(crew, BuildOptions()).ainvoke({}, thread()))
    await chat.begun()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert chat.cancelled == chat.started
    assert chat.finished == 0


@pytest.mark.parametrize("form", list(AnswerForm))
@pytest.mark.parametrize(
    "failure", [CutStream(), CutStream(politely=True), StreamError(), Status(429, retry_after="0"), Raw("data: {broken\n\n"), Raw("")]
)
async def test_a_broken_stream_is_asked_again(failure: Reply, form: AnswerForm, storage: Path, review_task: AgentTask[QaReview]) -> None:
    async with fault_server(failure, Answer(GOOD)) as server:
        graph = review_graph(server.crew(storage, form=form), review_task, BuildOptions())
        texts = [text for text, _ in await streamed(graph)]
        [result] = (await graph.aget_state(thread())).values["results"]
    assert "".join(texts).endswith(GOOD)
    assert [request["stream"] for request in server.requests] == [True, True]
    had_begun = isinstance(failure, CutStream | StreamError)
    assert (result.calls, result.cached_tokens, result.tokens_estimated) == (1 + had_begun, 400, had_begun)
    assert (result.input_tokens > 1000) is had_begun


@pytest.mark.parametrize("form", [AnswerForm.prompt, AnswerForm.tools])
async def test_an_answer_that_breaks_off_counts_as_the_endpoint_told_it(
    form: AnswerForm, storage: Path, review_task: AgentTask[QaReview]
) -> None:
    """Its tokens are billed, so they are in the sums and in the budget. One held to a schema tells its use only when it is whole."""
    journal = InMemoryJournal()
    async with fault_server(CutStream(tells_usage=True), Answer(GOOD)) as server:
        graph = review_graph(server.crew(storage, form=form, journal=journal), review_task, BuildOptions(), crashes=1)
        with pytest.raises(Crash):
            await streamed(graph)
        [result] = (await graph.ainvoke(None, thread()))["results"]
    assert len(server.requests) == 2
    assert (result.calls, result.replayed_calls) == (1, 1)
    assert await journal.spent_usd("t") == pytest.approx(2 * CALL_USD)
    assert await journal.spent_tokens("t") == 2 * 1200


async def test_a_stopped_build_pays_for_what_was_answered_until_then(storage: Path, review_task: AgentTask[QaReview]) -> None:
    journal = InMemoryJournal()
    async with fault_server(HalfAnswer()) as server:
        graph = review_graph(server.crew(storage, journal=journal), review_task, BuildOptions())
        heard = asyncio.Event()

        async def listen() -> None:
            async for _ in graph.astream({}, thread(), stream_mode="messages"):
                heard.set()

        listening = asyncio.create_task(listen())
        await heard.wait()
        listening.cancel()
        async with asyncio.timeout(5):  # not after the time a call may take
            await asyncio.gather(listening, return_exceptions=True)
    assert await journal.spent_tokens("t") > 100


async def _smallest_budget(storage: Path, task: AgentTask[QaReview]) -> float:
    """The budget with which the first call is just possible, read off the refusal."""
    with pytest.raises(BudgetExhausted) as caught:
        await crew_around(ScriptedChatModel(replies=[GOOD]), storage).perform(task, BuildOptions(budget_usd=0.0))
    return float(str(caught.value).partition("up to $")[2].rstrip(".")) + 0.0001
