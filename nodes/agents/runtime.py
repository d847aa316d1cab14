"""Run one task by one fresh CrewAI agent. Imports CrewAI; `crewai_import` is the only way here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Generic, TypeVar

from crewai import Agent, Task
from crewai.events.event_bus import crewai_event_bus
from crewai.hooks.dispatch import HookAborted, scoped_hooks
from crewai.lite_agent_output import LiteAgentOutput
from crewai.tasks.task_output import TaskOutput
from crewai_core.printer import set_suppress_console_output
from pydantic import BaseModel

from nodes.agents.answers import Unusable, parse_answer
from nodes.agents.calls import ModelCalls
from nodes.agents.events import AppyardProgress
from nodes.agents.executor import DirectExecutor
from nodes.agents.guardrails import OURS, GuardrailFunction
from nodes.agents.llm import ChatModelLLM
from nodes.agents.own_code import OwnCode, load_own_code
from nodes.agents.quiet import quieten, start_alone
from nodes.agents.roster import AgentEntry, Roster, TaskEntry
from nodes.agents.source_reading import OURS as OUR_TOOLS
from nodes.agents.toolbox import Toolbox, named_tools
from nodes.errors import AgentOutputInvalid, OwnCodeFailed, RosterInvalid
from nodes.progress import ProgressEvent

M = TypeVar("M", bound=BaseModel)

CREWAI_VERSION = version("crewai")
quieten()

ECHOED_CHARACTERS = 120_000
"""CrewAI repeats a wrong answer in the next prompt; of longer ones the model gets the beginning."""


@dataclass(frozen=True)
class Assignment(Generic[M]):
    """One task as CrewAI gets it: `description` is the whole rendered prompt."""

    agent: AgentEntry
    task: TaskEntry
    name: str
    description: str
    answer: type[M]
    check: Callable[[M], str | None] | None = None
    own: OwnCode = field(default_factory=OwnCode)
    files: Mapping[str, str] = field(default_factory=dict)
    """What the agent's tools may read."""

    about: Mapping[str, Any] = field(default_factory=dict)
    """What listeners may want to know besides: thread, component, attempt."""


class Guardrail(Generic[M]):
    """Takes an answer or says what is wrong with it; CrewAI then asks again. `value` is the answer taken."""

    def __init__(self, assignment: Assignment[M], calls: ModelCalls) -> None:
        self.value: M | None = None
        self._assignment = assignment
        self._calls = calls
        self._refused = 0
        self._last_refused = ""
        self._fitting: M | None = None

    def judge(self, output: TaskOutput | LiteAgentOutput) -> tuple[bool, Any]:
        """CrewAI's guardrail; raises `AgentOutputInvalid` at the last permitted attempt."""
        try:
            self.value = self._accepted(output)
        except Unusable as complaint:
            self._refuse(output.raw, str(complaint))
            output.raw = output.raw[:ECHOED_CHARACTERS]
            return False, str(complaint)
        return True, output.raw

    def _accepted(self, output: TaskOutput | LiteAgentOutput) -> M:
        assignment = self._assignment
        value = parse_answer(output.raw, assignment.answer, truncated=self._calls.truncated)
        self._fitting = value
        for name in assignment.task.named_guardrails:
            value = self._passed(name, value, output)
        if assignment.check and (complaint := assignment.check(value)):
            raise Unusable(complaint)
        return value

    def _passed(self, name: str, value: M, output: TaskOutput | LiteAgentOutput) -> M:
        """`value`, or what the guardrail called `name` puts in its place; raises `Unusable` with its complaint."""
        shown = output.model_copy(update={"raw": value.model_dump_json(), "pydantic": value})
        taken, result = named_guardrail(name, self._assignment.own)(shown)
        if not taken:
            raise Unusable(str(result))
        if isinstance(result, type(value)):
            return result
        return parse_answer(result, type(value)) if isinstance(result, str) and result != shown.raw else value

    def _refuse(self, answer: str, complaint: str) -> None:
        """Ask again, but not a model that answers a complaint with the very same words: a third time costs and changes nothing."""
        self._refused += 1
        self._calls.shared.refuse_last()
        role = self._assignment.agent.role
        is_last, is_same = self._refused > self._assignment.task.guardrail_max_retries, answer == self._last_refused
        if is_last or is_same:
            invalid = AgentOutputInvalid(f"{role}, after {f'{self._refused} answers' if is_last else 'the same answer twice'}: {complaint}")
            invalid.answer = self._fitting
            raise invalid
        self._last_refused = answer


async def run(assignment: Assignment[M], calls: ModelCalls) -> M:
    """The validated answer. Raises `AgentOutputInvalid`, and unchanged what `ModelCalls.answer` raises."""
    tools = named_tools(assignment.agent.tools, assignment.own.tools, assignment.files) if calls.model.can_call_tools else []
    toolbox = Toolbox(tools, assignment.agent.max_iter) if tools else None
    llm = ChatModelLLM(model=str(calls.model.name), calls=calls, toolbox=toolbox, tells=assignment.own.listens)
    return await run_with(assignment, llm, calls)


async def run_with(assignment: Assignment[M], llm: ChatModelLLM, calls: ModelCalls) -> M:
    """As `run`, with an adapter the caller can look into afterwards."""
    start_alone()
    set_suppress_console_output(True)
    guardrail = Guardrail(assignment, calls)
    agent = _agent(assignment, llm)
    try:
        with scoped_hooks({point: list(hooks) for point, hooks in assignment.own.hooks.items()}):
            await _task(assignment, agent, guardrail).aexecute_sync(agent)
    except HookAborted as aborted:
        raise OwnCodeFailed(aborted.reason) from aborted
    if guardrail.value is None:
        raise RuntimeError("CrewAI returned without having asked the guardrail")
    return guardrail.value


def own_code(roster: Roster) -> OwnCode:
    """The code in the roster's folder, run and looked through. Raises `RosterInvalid`."""
    own = load_own_code(roster.folder) if roster.folder else OwnCode()
    for name, task in roster.tasks.items():
        for wanted in task.named_guardrails:
            try:
                named_guardrail(wanted, own)
            except LookupError as error:
                raise RosterInvalid(f"tasks.yaml: {name}.guardrail: {error}") from error
    for name, agent in roster.agents.items():
        if missing := [wanted for wanted in agent.tools if wanted not in own.tools and wanted not in OUR_TOOLS]:
            raise RosterInvalid(
                f"agents.yaml: {name}.tools: {missing[0]} is no tool of tools.py. Decorate a function with @tool of crewai.tools, "
                "or derive a class from BaseTool that needs no arguments."
            )
    return own


def named_guardrail(name: str, own: OwnCode) -> GuardrailFunction:
    """The guardrail tasks.yaml means: one's own goes before ours. LookupError if the file gave it to no function."""
    if (judge := own.guardrails.get(name) or OURS.get(name)) is None:
        raise LookupError(f"{name} is no function of guardrails.py.")
    return judge


def tell_listeners(event: ProgressEvent, about: Mapping[str, Any]) -> None:
    """Put what we announce ourselves, with tokens and cost, onto CrewAI's event bus."""
    crewai_event_bus.emit(None, AppyardProgress(progress=event.model_dump(mode="json"), fingerprint_metadata=dict(about)))


def _agent(assignment: Assignment[M], llm: ChatModelLLM) -> Agent:
    entry = assignment.agent
    agent = Agent(
        role=entry.role,
        goal=entry.goal,
        backstory=entry.backstory,
        llm=llm,
        executor_class=DirectExecutor,
        verbose=False,
        cache=False,
        allow_delegation=False,
        respect_context_window=False,  # CrewAI would summarise the inputs
        max_retry_limit=0,  # calls.py is the one retry layer
    )
    agent.security_config.fingerprint.metadata = dict(assignment.about)
    return agent


def _task(assignment: Assignment[M], agent: Agent, guardrail: Guardrail[M]) -> Task:
    return Task(
        name=assignment.name,
        description=assignment.description,
        expected_output=assignment.task.expected_output,
        agent=agent,
        response_model=assignment.answer,
        guardrail=guardrail.judge,
        guardrail_max_retries=assignment.task.guardrail_max_retries,
    )
