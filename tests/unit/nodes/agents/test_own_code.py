"""A folder of one's own with code in CrewAI's shapes: guardrails, hooks, event listeners."""

import threading
from pathlib import Path
from typing import Any

import pytest

from nodes.agents.crew import CrewAICrew
from nodes.agents.roster import load_roster
from nodes.artifacts import QaReview
from nodes.context import AgentTask, BuildOptions
from nodes.errors import OwnCodeFailed, RosterInvalid
from tests.unit.nodes.agents.scripted_model import CALL_USD, PAID, OneModel, ScriptedChatModel

GOOD = '{"summary": "fine", "concerns": [], "components_to_repair": []}'
LOUD = GOOD.replace("fine", "FINE")
Review = AgentTask[QaReview]


def crew_in(folder: Path, storage: Path, chat: ScriptedChatModel, **files: str) -> CrewAICrew:
    """Our agents with `files` (guardrails="…" for guardrails.py, tasks="…" for tasks.yaml) laid over them."""
    for name, text in files.items():
        (folder / (f"{name}.yaml" if name in {"tasks", "agents"} else f"{name}.py")).write_text(text, encoding="utf-8")
    return CrewAICrew(OneModel(chat), PAID, storage, roster=load_roster(folder))


async def test_a_named_guardrail_of_ours_sends_an_answer_back(review_task: Review, storage: Path, tmp_path: Path) -> None:
    chat = ScriptedChatModel(replies=[GOOD.replace("fine", "TODO: look at the code"), GOOD])
    crew = crew_in(tmp_path, storage, chat, tasks="review_app:\n  guardrail: no_placeholders\n")
    assert (await crew.perform(review_task, BuildOptions())).value == QaReview(summary="fine")
    assert "The answer leaves something out (TODO:). Write it out" in chat.prompts[1]


async def test_a_guardrail_of_ones_own_sees_the_answer_and_may_replace_it(review_task: Review, storage: Path, tmp_path: Path) -> None:
    own = """
def politely(output):
    if output.pydantic.summary.isupper():
        return (False, "Do not shout.")
    return (True, output.raw.replace("fine", "quite fine"))
"""
    chat = ScriptedChatModel(replies=[LOUD, GOOD])
    crew = crew_in(tmp_path, storage, chat, guardrails=own, tasks="review_app:\n  guardrails: [schema, politely]\n")
    assert (await crew.perform(review_task, BuildOptions())).value == QaReview(summary="quite fine")
    assert "Do not shout." in chat.prompts[1]


async def test_a_guardrail_that_fails_names_itself_and_is_no_fault_of_the_model(review_task: Review, storage: Path, tmp_path: Path) -> None:
    chat = ScriptedChatModel(replies=[GOOD])
    own = "def strict(output):\n    return output.nothing\n"
    crew = crew_in(tmp_path, storage, chat, guardrails=own, tasks="review_app:\n  guardrail: strict\n")
    with pytest.raises(OwnCodeFailed, match=r"guardrails.py:2: strict: AttributeError"):
        await crew.perform(review_task, BuildOptions())
    assert chat.started == 1


async def test_hooks_change_what_is_sent_and_what_came_back(review_task: Review, storage: Path, tmp_path: Path) -> None:
    hooks = """
from crewai.hooks import after_llm_call, before_llm_call

@before_llm_call(agents=["QA Engineer"])
def scrub(context):
    for message in context.messages:
        message["content"] = message["content"].replace("ada@example.com", "[removed]")

@after_llm_call
def soften(context):
    return context.response.replace("terrible", "fine")
"""
    chat = ScriptedChatModel(replies=[GOOD.replace("fine", "terrible")])
    crew = crew_in(tmp_path, storage, chat, hooks=hooks)
    task = AgentTask("review_app", {**review_task.inputs, "spec": "ask ada@example.com"}, QaReview)
    assert (await crew.perform(task, BuildOptions())).value == QaReview(summary="fine")
    assert "ask [removed]" in chat.prompts[0]
    other = ScriptedChatModel(replies=[LOUD])
    await CrewAICrew(OneModel(other), PAID, storage).perform(task, BuildOptions())
    assert "ada@example.com" in other.prompts[0]  # hooks hold for the agents of their folder


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return False", "guard returned False, which forbids the call"),
        ("raise HookAborted('no client data')", "hooks.py:5: guard: no client data"),
        ("return 1 / 0", "hooks.py:5: guard: ZeroDivisionError"),
    ],
)
async def test_a_hook_that_forbids_or_fails_lets_no_call_through(
    body: str, reason: str, review_task: Review, storage: Path, tmp_path: Path
) -> None:
    hooks = f"from crewai.hooks import HookAborted, before_llm_call\n\n@before_llm_call\ndef guard(context):\n    {body}\n"
    chat = ScriptedChatModel(replies=[GOOD])
    with pytest.raises(OwnCodeFailed, match=reason):
        await crew_in(tmp_path, storage, chat, hooks=hooks).perform(review_task, BuildOptions())
    assert chat.started == 0


async def test_listeners_hear_crewai_and_us_with_component_attempt_and_cost(review_task: Review, storage: Path, tmp_path: Path) -> None:
    listeners = """
import threading

from crewai.events import AgentExecutionCompletedEvent, BaseEventListener, LLMCallCompletedEvent, TaskStartedEvent

from nodes.agents.events import AppyardProgress

heard, everything = [], threading.Event()

class Ears(BaseEventListener):
    def setup_listeners(self, bus):
        for kind in (TaskStartedEvent, LLMCallCompletedEvent, AgentExecutionCompletedEvent, AppyardProgress):
            bus.on(kind)(self.hear)

    def hear(self, source, event):
        heard.append(event)
        if getattr(event, "progress", {}).get("kind") == "agent_finished":
            everything.set()

__import__("sys").modules["ears"] = __import__("types").SimpleNamespace(heard=heard, everything=everything)
"""
    crew = crew_in(tmp_path, storage, ScriptedChatModel(replies=[GOOD]), listeners=listeners)
    await crew.perform(AgentTask("review_app", review_task.inputs, QaReview, component="claims", attempt=2), BuildOptions())
    ears: Any = __import__("sys").modules.pop("ears")
    assert isinstance(ears.everything, threading.Event)
    assert ears.everything.wait(10)
    by_type = {event.type: event for event in ears.heard}
    assert by_type["llm_call_completed"].usage["prompt_tokens"] == 1000
    assert by_type["agent_execution_completed"].fingerprint_metadata == {"thread_id": None, "component": "claims", "attempt": 2}
    assert by_type["task_started"].task.name == "review_app"
    assert by_type["appyard_progress"].progress["result"]["cost_usd"] == pytest.approx(CALL_USD)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"tasks": "review_app:\n  guardrail: no_placeholder\n"}, "there is no guardrail 'no_placeholder'; did you mean no_placeholders"),
        ({"tasks": "review_app:\n  guardrail: must rhyme\n"}, "is a guardrail in words.*Name one of schema"),
        ({"guardrails": "def half(\n", "tasks": "# nothing yet\n"}, r"guardrails.py:1: not valid Python"),
    ],
)
def test_a_wrong_name_is_found_without_running_anything(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    with pytest.raises(RosterInvalid, match=complaint):
        crew_in(tmp_path, tmp_path, ScriptedChatModel(), **files)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"hooks": "import os\n\nraise KeyError('REGION')\n"}, r"hooks.py:3: KeyError: 'REGION'"),
        ({"guardrails": "strict = 7\n", "tasks": "review_app:\n  guardrail: strict\n"}, "strict is no function of guardrails.py"),
    ],
)
async def test_code_that_cannot_be_used_is_told_before_the_first_build(
    tmp_path: Path, storage: Path, files: dict[str, str], complaint: str
) -> None:
    with pytest.raises(RosterInvalid, match=complaint):
        await crew_in(tmp_path, storage, ScriptedChatModel(), **files).warm()
