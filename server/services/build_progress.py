"""How far a build is, folded from the events it recorded. Pure: the CLI, the status route and the dashboard use it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from checkpoints.records import RunEvent
from nodes.artifacts import REVISION_CHECKS, AgentResult, Architecture, Artifact, CheckName, CheckResult, CheckStatus, SpecChange
from nodes.progress import (
    AgentFinished,
    AgentStarted,
    CallGoesOn,
    CallWaits,
    ChangeUnderstood,
    CheckFinished,
    ProgressEvent,
    VersionAssembled,
    WaitCause,
)


class Stage(StrEnum):
    """The stations of a build, in order."""

    requirements = "requirements"
    architecture = "architecture"
    code = "code"
    checks = "checks"
    review = "review"
    package = "package"


@dataclass(frozen=True)
class ActiveAgent:
    """An agent at work, and on what."""

    agent: str
    task: str
    component: str | None
    attempt: int


class WaitingCall(Artifact):
    """A model call that waits: whose it is, why, and until when (None: nobody knows). `next_try` of `tries` follows."""

    agent: str
    task: str
    component: str | None
    attempt: int
    model: str
    cause: WaitCause
    until: datetime | None
    reason: str
    next_try: int
    tries: int


@dataclass(frozen=True)
class BuildProgress:
    """Where a build stands. `checks` are those of the newest version; a repair begins them again."""

    stage: Stage = Stage.requirements
    finished: bool = False
    active: tuple[ActiveAgent, ...] = ()
    waits: tuple[WaitingCall, ...] = ()
    components: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()
    version: int = 0
    checks: tuple[CheckResult, ...] = ()
    results: tuple[AgentResult, ...] = ()
    changes: tuple[SpecChange, ...] = ()
    trace_url: str | None = None

    @property
    def current_agent(self) -> str | None:
        """The agent at work, or None; of several the first that began."""
        return self.active[0].agent if self.active else None

    @property
    def percent(self) -> int:
        """0 to 100: a tenth for each of requirements and architecture, four for code, three for checks, one for the end."""
        match self.stage:
            case Stage.requirements:
                return 0
            case Stage.architecture:
                return 10
            case Stage.code:
                return 20 + 40 * len(self.written) // max(1, len(self.components))
            case Stage.checks:
                return 60 + min(30, 30 * len(self.checks) // CHECKS_OF_A_FIRST_VERSION)
            case Stage.review:
                return 90
            case Stage.package:
                return 100 if self.finished else 95

    @property
    def checks_passed(self) -> int:
        """How many checks of the newest version passed."""
        return sum(1 for check in self.checks if check.status is CheckStatus.passed)


CHECKS_OF_A_FIRST_VERSION = len(CheckName) - len(REVISION_CHECKS) - 1
"""Of the default stack, which has no examples; other stacks have fewer, so they are further than is said, not less far."""
_PROGRESS: TypeAdapter[ProgressEvent] = TypeAdapter(ProgressEvent)


def progress_of(events: Iterable[RunEvent]) -> BuildProgress:
    """Fold recorded events, oldest first."""
    progress = BuildProgress()
    for event in events:
        progress = advance(progress, event)
    return progress


def advance(progress: BuildProgress, event: RunEvent) -> BuildProgress:
    """`progress` after one more event; events of other kinds change nothing."""
    match event.event:
        case "custom":
            try:
                return _after_report(progress, _PROGRESS.validate_python(event.data), event.created_at)
            except ValidationError:
                return progress  # a custom event of another graph or a newer version
        case "updates" if isinstance(event.data, dict):
            for node, slice_ in event.data.items():
                progress = _after_node(progress, node, slice_)
            return progress
        case "metadata":  # a new attempt: who was at work before is not any more
            return replace(progress, active=(), waits=(), trace_url=_trace_url(event.data) or progress.trace_url)
        case _:
            return progress


def _trace_url(data: object) -> str | None:
    return str(data["trace_url"]) if isinstance(data, dict) and data.get("trace_url") else None


def _after_report(progress: BuildProgress, event: ProgressEvent, at: datetime) -> BuildProgress:
    match event:
        case AgentStarted():
            agent = ActiveAgent(event.agent, event.task, event.component, event.attempt)
            # A build that was forked after its plan was made did not record the plan itself.
            unplanned = event.component is not None and event.component not in progress.components
            components = (*progress.components, event.component) if unplanned and event.component else progress.components
            stage = _STAGES.get(event.task, progress.stage)
            return replace(progress, active=(*progress.active, agent), components=components, stage=stage)
        case AgentFinished(result=result):
            done = ActiveAgent(result.agent, result.task, result.component, result.attempt)
            written = {result.component} if result.component else set()
            return replace(
                progress,
                active=tuple(agent for agent in progress.active if agent != done),
                waits=_without(progress.waits, done),
                written=progress.written | written,
                results=(*progress.results, result),
            )
        case CallWaits():
            whose = ActiveAgent(event.agent, event.task, event.component, event.attempt)
            return replace(progress, waits=(*_without(progress.waits, whose), _waiting(event, at)))
        case CallGoesOn():
            whose = ActiveAgent(event.agent, event.task, event.component, event.attempt)
            return replace(progress, waits=_without(progress.waits, whose))
        case ChangeUnderstood():
            return replace(progress, changes=event.changes)
        case VersionAssembled():
            return replace(progress, version=event.version, checks=(), stage=Stage.checks)
        case CheckFinished():
            others = [check for check in progress.checks if check.check is not event.check.check]
            return replace(progress, stage=Stage.checks, checks=in_order((*others, event.check)))


def _waiting(event: CallWaits, at: datetime) -> WaitingCall:
    until = None if event.seconds is None else at + timedelta(seconds=event.seconds)
    return WaitingCall(**event.model_dump(exclude={"kind", "seconds"}), until=until)


def _without(waits: tuple[WaitingCall, ...], whose: ActiveAgent) -> tuple[WaitingCall, ...]:
    return tuple(wait for wait in waits if ActiveAgent(wait.agent, wait.task, wait.component, wait.attempt) != whose)


def in_order(checks: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """As in every report; checks that run side by side end in any order."""
    order = list(CheckName)
    return tuple(sorted(checks, key=lambda check: order.index(check.check)))


_STAGES = {
    "analyze_requirements": Stage.requirements,
    "correct_requirements": Stage.requirements,
    "specify_program": Stage.requirements,
    "divide_program": Stage.architecture,
    "write_program": Stage.code,
    "divide_records": Stage.architecture,
    "write_records": Stage.code,
    "design_architecture": Stage.architecture,
    "write_component": Stage.code,
    "write_rule": Stage.code,
    "review_app": Stage.checks,
}
_STAGE_AFTER = {
    "take_up_change": Stage.requirements,
    "analyze_requirements": Stage.architecture,
    "design_architecture": Stage.code,
    "assemble": Stage.checks,
    "verify_app": Stage.review,
    "deliver": Stage.package,
}


def _after_node(progress: BuildProgress, node: str, slice_: object) -> BuildProgress:
    stage = _STAGE_AFTER.get(node, progress.stage)
    progress = replace(progress, stage=stage, finished=node == "deliver")
    if node == "design_architecture" and isinstance(slice_, dict):
        architecture = Architecture.model_validate(slice_["architecture"])
        return replace(progress, components=tuple(part.name for part in architecture.components), written=frozenset())
    return progress
