"""Tell whoever watches a run what happens inside a node, on LangGraph's custom stream. Observed facts only."""

from enum import StrEnum
from typing import Literal

from nodes.artifacts import AgentResult, Artifact, CheckResult, OpenQuestion, SpecChange


class AgentStarted(Artifact):
    """An agent took up a task."""

    kind: Literal["agent_started"] = "agent_started"
    agent: str
    task: str
    component: str | None = None
    attempt: int = 1
    model: str


class AgentFinished(Artifact):
    """An agent's answer was accepted; `result` says what it used."""

    kind: Literal["agent_finished"] = "agent_finished"
    result: AgentResult


class WaitCause(StrEnum):
    """Why a model call waits: its endpoint asked for it, a try failed, others have their turn first, others hold the money."""

    asked_to_wait = "asked_to_wait"
    failed_try = "failed_try"
    shared_rate = "shared_rate"
    held_money = "held_money"


class CallWaits(Artifact):
    """A model call waits from now on, for `seconds` (None: nobody knows).

    `next_try` of `tries` follows the wait; `reason` is what the endpoint said, where it said something.
    """

    kind: Literal["call_waits"] = "call_waits"
    agent: str
    task: str
    component: str | None = None
    attempt: int = 1
    model: str
    cause: WaitCause
    seconds: float | None = None
    reason: str = ""
    next_try: int = 1
    tries: int = 1


class CallGoesOn(Artifact):
    """It waits no longer."""

    kind: Literal["call_goes_on"] = "call_goes_on"
    agent: str
    task: str
    component: str | None = None
    attempt: int = 1


class ChangeUnderstood(Artifact):
    """What a change request means for the specification; `unclear` is what of it was not understood."""

    kind: Literal["change_understood"] = "change_understood"
    changes: tuple[SpecChange, ...]
    unclear: tuple[OpenQuestion, ...] = ()


class VersionAssembled(Artifact):
    """The parts were put together."""

    kind: Literal["version_assembled"] = "version_assembled"
    version: int
    file_count: int


class CheckFinished(Artifact):
    """One check of a version ended (or could not run)."""

    kind: Literal["check_finished"] = "check_finished"
    version: int
    check: CheckResult


ProgressEvent = AgentStarted | AgentFinished | CallWaits | CallGoesOn | ChangeUnderstood | VersionAssembled | CheckFinished


def announce(event: ProgressEvent) -> None:
    """Send `event` to the run's custom stream."""
    # Here, because importing langgraph costs a second and a half, and HTTP code reads these events without any graph.
    from langgraph.config import get_stream_writer  # noqa: PLC0415 - see above

    get_stream_writer()(event.model_dump(mode="json"))
