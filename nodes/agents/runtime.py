"""Run one task by one fresh CrewAI agent. Imports CrewAI; `crewai_import` is the only way here."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Generic, TypeVar

from crewai import Agent, Task
from crewai.events.event_bus import crewai_event_bus
from crewai.lite_agent_output import LiteAgentOutput
from crewai.tasks.task_output import TaskOutput
from crewai_core.printer import set_suppress_console_output
from pydantic import BaseModel

from nodes.agents.answers import Unusable, parse_answer
from nodes.agents.calls import ModelCalls
from nodes.agents.executor import DirectExecutor
from nodes.agents.llm import ChatModelLLM
from nodes.agents.roster import AgentEntry, TaskEntry
from nodes.errors import AgentOutputInvalid

M = TypeVar("M", bound=BaseModel)

CREWAI_VERSION = version("crewai")
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


class Guardrail(Generic[M]):
    """Takes an answer or says what is wrong with it; CrewAI then asks again. `value` is the answer taken."""

    def __init__(self, assignment: Assignment[M], calls: ModelCalls) -> None:
        self.value: M | None = None
        self._assignment = assignment
        self._calls = calls
        self._refused = 0
        self._last_refused = ""

    def judge(self, output: TaskOutput | LiteAgentOutput) -> tuple[bool, Any]:
        """CrewAI's guardrail; raises `AgentOutputInvalid` at the last permitted attempt."""
        try:
            self.value = self._accepted(output.raw)
        except Unusable as complaint:
            self._refuse(output.raw, str(complaint))
            output.raw = output.raw[:ECHOED_CHARACTERS]
            return False, str(complaint)
        return True, output.raw

    def _accepted(self, text: str) -> M:
        value = parse_answer(text, self._assignment.answer, truncated=self._calls.truncated)
        if self._assignment.check and (complaint := self._assignment.check(value)):
            raise Unusable(complaint)
        return value

    def _refuse(self, answer: str, complaint: str) -> None:
        """Ask again, but not a model that answers a complaint with the very same words: a third time costs and changes nothing."""
        self._refused += 1
        role = self._assignment.agent.role
        if self._refused > self._assignment.task.guardrail_max_retries:
            raise AgentOutputInvalid(f"{role}, after {self._refused} answers: {complaint}")
        if answer == self._last_refused:
            raise AgentOutputInvalid(f"{role}, after the same answer twice: {complaint}")
        self._last_refused = answer


async def run(assignment: Assignment[M], calls: ModelCalls) -> M:
    """The validated answer. Raises `AgentOutputInvalid`, and unchanged what `ModelCalls.answer` raises."""
    return await run_with(assignment, ChatModelLLM(model=str(calls.model.name), calls=calls), calls)


async def run_with(assignment: Assignment[M], llm: ChatModelLLM, calls: ModelCalls) -> M:
    """As `run`, with an adapter the caller can look into afterwards."""
    # CrewAI keeps every event's source in a context variable; without this each run keeps all agents of its context alive.
    crewai_event_bus.reset_runtime_state()
    set_suppress_console_output(True)
    guardrail = Guardrail(assignment, calls)
    agent = _agent(assignment, llm)
    await _task(assignment, agent, guardrail).aexecute_sync(agent)
    if guardrail.value is None:
        raise RuntimeError("CrewAI returned without having asked the guardrail")
    return guardrail.value


def _agent(assignment: Assignment[M], llm: ChatModelLLM) -> Agent:
    entry = assignment.agent
    return Agent(
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
