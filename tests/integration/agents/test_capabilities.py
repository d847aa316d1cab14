"""Endpoints are probed once for how they hold a model to a schema; models share rates; a fallback answers for a model that is gone."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from nodes.agents.calls import RetryPolicy
from nodes.agents.capabilities import Capabilities
from nodes.agents.crew import CrewAICrew
from nodes.agents.models import AnswerForm, ChatModels, ModelName, ModelSettings
from nodes.agents.pace import Pace, RateLimit
from nodes.agents.roster import Roster, load_roster
from nodes.artifacts import QaReview
from nodes.context import AgentTask, BuildOptions
from tests.integration.agents.fault_server import MODEL, Answer, FaultServer, Reply, Status, ToolCall, fault_server

FITS = '{"town": "Paris", "inhabitants": 2100000}'
PROSE = Answer("Paris has two million inhabitants.")
REVIEW = '{"summary": "fine", "concerns": [], "components_to_repair": []}'


@dataclass
class Remembered:
    """What would be in the database."""

    found: dict[tuple[str, str], str] = field(default_factory=dict)

    async def recall(self, endpoint: str, model: str) -> str | None:
        return self.found.get((endpoint, model))

    async def remember(self, endpoint: str, model: str, answer_form: str) -> None:
        self.found[endpoint, model] = answer_form


def settings_of(server: FaultServer) -> ModelSettings:
    return ModelSettings(openai_base_url=server.url, request_timeout_seconds=20.0, max_output_tokens=1000)


@pytest.mark.parametrize(
    ("replies", "form", "calls"),
    [
        ((Answer(FITS),), AnswerForm.json_schema, 1),
        ((Status(400), ToolCall(FITS)), AnswerForm.tools, 2),
        ((PROSE, ToolCall(FITS)), AnswerForm.tools, 2),
        ((Status(400), Status(400)), AnswerForm.prompt, 2),
        ((PROSE, PROSE), AnswerForm.prompt, 2),
    ],
)
async def test_the_strictest_form_an_endpoint_keeps_to_is_found_out_once(replies: tuple[Reply, ...], form: AnswerForm, calls: int) -> None:
    memory = Remembered()
    async with fault_server(*replies) as server:
        opened = ChatModels(settings_of(server)).open(MODEL)
        for _ in range(2):
            assert (await Capabilities(memory).settled(opened)).answer_form is form
        assert len(server.requests) == calls
        assert memory.found == {(server.url, MODEL.model): form}


async def test_a_model_with_a_queue_before_it_is_waited_for_as_long_as_its_calls_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine took 70 seconds for these twenty tokens, and its model was then held to no schema."""
    monkeypatch.setattr("nodes.agents.capabilities.PROBE_SECONDS", 0.0)
    async with fault_server(Answer(FITS)) as server:
        patient = ChatModels(replace(settings_of(server), request_timeout_seconds=300.0)).open(MODEL)
        assert (await Capabilities().settled(patient)).answer_form is AnswerForm.json_schema


@pytest.mark.parametrize("failure", [Status(503), Status(401), Status(403), Status(404), Status(429, code="insufficient_quota")])
async def test_an_endpoint_that_is_down_or_turns_us_away_teaches_nothing(failure: Status) -> None:
    memory = Remembered()
    async with fault_server(failure) as server:
        settled = await Capabilities(memory).settled(ChatModels(settings_of(server)).open(MODEL))
    assert (settled.answer_form, memory.found, len(server.requests)) == (AnswerForm.prompt, {}, 1)


async def test_an_agent_answers_through_a_tool_where_that_is_what_the_endpoint_keeps_to(
    review_task: AgentTask[QaReview], storage: Path
) -> None:
    async with fault_server(Status(400), ToolCall(FITS), ToolCall(REVIEW)) as server:
        crew = CrewAICrew(ChatModels(settings_of(server)), MODEL, storage, capabilities=Remembered())
        answer = await crew.perform(review_task, BuildOptions())
    assert answer.value == QaReview(summary="fine")
    assert server.requests[2]["tool_choice"] == {"type": "function", "function": {"name": "QaReview"}}
    assert "JSON Schema" not in json.dumps(server.requests[2]["messages"])


def with_fallback(model: str) -> Roster:
    roster = load_roster()
    reviewer = roster.agents["qa_engineer"].model_copy(update={"fallback_llm": model})
    return replace(roster, agents={**roster.agents, "qa_engineer": reviewer})


@pytest.mark.parametrize("failure", [Status(404), Status(503)])
async def test_a_fallback_answers_for_a_model_that_is_gone(failure: Status, review_task: AgentTask[QaReview], storage: Path) -> None:
    async with fault_server(failure, Answer(REVIEW)) as server:
        settings = replace(settings_of(server), answer_form=AnswerForm.prompt)
        crew = CrewAICrew(ChatModels(settings), MODEL, storage, roster=with_fallback("openai:gpt-5-nano"), retries=RetryPolicy(tries=1))
        answer = await crew.perform(review_task, BuildOptions())
    assert answer.result.model == "openai:gpt-5-nano"
    assert [request["model"] for request in server.requests] == ["gpt-5-mini", "gpt-5-nano"]


@dataclass
class ScriptedTurns:
    """Says how long to wait, and keeps what was asked."""

    wait_seconds: float
    taken: list[tuple[str, float]] = field(default_factory=list)
    held_off: list[tuple[str, float]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def take_turn(self, model: str, takes_seconds: float) -> float:
        self.taken.append((model, takes_seconds))
        self.asked.set()
        return self.wait_seconds

    async def hold_off(self, model: str, seconds: float) -> None:
        self.held_off.append((model, seconds))


async def test_a_call_waits_for_its_turn_and_what_one_was_told_holds_for_all(review_task: AgentTask[QaReview], storage: Path) -> None:
    turns = ScriptedTurns(wait_seconds=0.0)
    pace = Pace(turns, {str(MODEL): RateLimit(calls_per_minute=120)})
    async with fault_server(Status(429, retry_after="0.01"), Answer(REVIEW)) as server:
        settings = replace(settings_of(server), answer_form=AnswerForm.prompt)
        await CrewAICrew(ChatModels(settings), MODEL, storage, pace=pace).perform(review_task, BuildOptions())
    assert turns.taken == [(str(MODEL), 0.5)] * 2
    assert turns.held_off == [(str(MODEL), 0.01)]


async def test_a_turn_that_is_far_away_can_be_cancelled(review_task: AgentTask[QaReview], storage: Path) -> None:
    turns = ScriptedTurns(wait_seconds=3600.0)
    pace = Pace(turns, {str(MODEL): RateLimit(calls_per_minute=1)})
    async with fault_server(Answer(REVIEW)) as server:
        settings = replace(settings_of(server), answer_form=AnswerForm.prompt)
        crew = CrewAICrew(ChatModels(settings), MODEL, storage, pace=pace)
        waiting = asyncio.create_task(crew.perform(review_task, BuildOptions()))
        await turns.asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert server.requests == []


def test_a_call_takes_what_the_tighter_of_two_rates_allows() -> None:
    limit = RateLimit(calls_per_minute=60, tokens_per_minute=6000)
    assert (limit.takes_seconds(10), limit.takes_seconds(1000)) == (1.0, 10.0)


async def test_a_model_without_a_rate_never_waits() -> None:
    assert await Pace(ScriptedTurns(wait_seconds=3600.0), {}).seconds_to_turn(ModelName.parse("openai:other"), 10) == 0
