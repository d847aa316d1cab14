"""The whole record of one build: what was understood, planned, written and found, when, by whom, and what people decided.

Folded from what the runs recorded; nothing here is estimated. Reads; changes nothing.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from checkpoints.errors import ThreadNotFound
from checkpoints.records import Approval, Run, RunEvent, Thread, ThreadStatus
from nodes.artifacts import (
    AgentResult,
    AppSpec,
    AppVersion,
    Architecture,
    BuildRequest,
    CheckResult,
    ComponentResult,
    Delivery,
    EvidenceReport,
    Outcome,
    QaOutcome,
    ReviewAnswer,
    ReviewRequest,
)
from nodes.context import BuildOptions
from nodes.progress import AgentFinished, AgentStarted, CheckFinished, ProgressEvent
from server.services.agent_text import AGENT_TEXT, Stretch
from server.services.build_progress import BuildProgress, advance
from server.services.build_status import PendingReview, RuntimeStatus, failure_of, runtime_status
from server.services.builds import Ledger, first_input, pending_review
from server.services.decisions import answer_of
from server.services.errors import AppVersionNotFound, BuildNotFound

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class AgentSpan:
    """An agent's work on one task. Without an end it is at work, or was when its attempt ended (`cut_off`)."""

    agent: str
    task: str
    component: str | None
    attempt: int
    model: str
    began_at: datetime
    run_id: UUID
    began_seq: int
    ended_at: datetime | None = None
    ended_seq: int | None = None
    result: AgentResult | None = None
    cut_off: bool = False

    @property
    def stretch(self) -> Stretch:
        """Where in the events its text is."""
        return Stretch(self.run_id, self.task, self.component, self.attempt, self.began_seq, self.ended_seq)


@dataclass(frozen=True)
class CheckSpan:
    """One check of one version; when it ended, and how long it took."""

    version: int
    check: CheckResult
    ended_at: datetime


@dataclass(frozen=True)
class KnownVersion:
    """A version of the app, when it was put together, and the evidence about it once there is some."""

    version: AppVersion
    assembled_at: datetime
    report: EvidenceReport | None = None


@dataclass(frozen=True)
class Question:
    """What a person was asked, and what they answered."""

    request: ReviewRequest
    approval: Approval
    answer: ReviewAnswer | None


@dataclass(frozen=True)
class ForkOrigin:
    """Where a forked build began."""

    workflow_id: UUID
    title: str
    checkpoint_id: str


@dataclass(frozen=True)
class EventKey:
    """An event of a run."""

    run_id: UUID
    seq: int


@dataclass(frozen=True)
class BuildRecord:
    """Everything the pages of a build show."""

    workflow_id: UUID
    created_at: datetime
    now: datetime
    request: BuildRequest
    options: BuildOptions
    status: RuntimeStatus
    failure: str | None
    progress: BuildProgress
    runs: tuple[Run, ...]
    review: PendingReview | None
    questions: tuple[Question, ...]
    agents: tuple[AgentSpan, ...]
    visits: Mapping[str, int]
    """How often each node of the graph came to an end."""
    checks: tuple[CheckSpan, ...]
    versions: tuple[KnownVersion, ...]
    spec: AppSpec | None
    architecture: Architecture | None
    qa: QaOutcome | None
    components: Mapping[str, ComponentResult]
    delivery: Delivery | None
    outcome: Outcome | None
    forked_from: ForkOrigin | None
    cost_usd: float
    mark: str
    """Stands for what was recorded so far: another mark means that something changed."""

    @property
    def title(self) -> str:
        """The app's title, or the beginning of its description until it has one."""
        if self.spec:
            return self.spec.title
        line = self.request.app_description.strip().splitlines()[0]
        return line if len(line) <= 60 else f"{line[:59].rstrip()}…"

    @property
    def seconds(self) -> float:
        """How long its runs took together, the waiting between them not counted."""
        return sum(((run.finished_at or self.now) - run.started_at).total_seconds() for run in self.runs if run.started_at)

    @property
    def at_work(self) -> tuple[tuple[int, AgentSpan], ...]:
        """The agents at work now, each with its place in `agents`."""
        if self.status is not RuntimeStatus.running:
            return ()
        return tuple((place, span) for place, span in enumerate(self.agents) if span.ended_at is None and not span.cut_off)

    def version(self, number: int | None = None) -> KnownVersion:
        """One version, or the newest. Raises `AppVersionNotFound`."""
        for known in reversed(self.versions):
            if number is None or known.version.number == number:
                return known
        raise AppVersionNotFound(str(number) if number is not None else "")


class BuildRecords:
    """Reads the records of builds."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def get(self, workflow_id: UUID) -> BuildRecord:
        """The record of one build as it stands. Raises `BuildNotFound`."""
        thread = await self._thread(workflow_id)
        runs = await self._ledger.runs.list_of_thread(workflow_id, limit=100)
        if not runs:
            raise BuildNotFound(str(workflow_id))
        approvals = await self._ledger.approvals.of_thread(workflow_id)
        events = [event for run in reversed(runs) for event in await self._events(run)]
        story = _Story().after(events)
        kept = dict(thread.values or {}) if thread.status is not ThreadStatus.busy else {}
        forked_from = _origin(thread.metadata.get("forked_from"))
        inherited = dict(thread.values or {}) if forked_from else {}
        values = {**inherited, **story.values, **kept}
        return BuildRecord(
            workflow_id=workflow_id,
            created_at=thread.created_at,
            now=await self._now(),
            request=BuildRequest.model_validate(first_input(runs)["request"]),
            options=BuildOptions.model_validate(runs[0].kwargs.get("context") or {}),
            status=runtime_status(thread, runs[0], approvals),
            failure=failure_of(thread, runs[0]),
            progress=story.progress,
            runs=tuple(runs),
            review=pending_review(approvals),
            questions=tuple(_question(approval) for approval in approvals),
            agents=story.agents,
            visits=story.visits,
            checks=story.checks,
            versions=story.versions,
            spec=_value(AppSpec, values.get("spec")),
            architecture=_value(Architecture, values.get("architecture")),
            qa=_value(QaOutcome, values.get("qa")),
            delivery=_value(Delivery, values.get("delivery")),
            components=_components(values.get("components")),
            outcome=_value(Outcome, values.get("outcome")),
            forked_from=forked_from,
            cost_usd=float((await self._ledger.model_calls.usage(thread_id=workflow_id)).cost_usd),
            mark=await self._mark(runs[0], approvals),
        )

    async def changes(self, workflow_id: UUID, seen: str, after: EventKey | None = None) -> AsyncIterator[str | RunEvent]:
        """The mark of the build whenever it is another than the last, which first is `seen`, and what its agents write.

        Texts are those after an event of the newest run, or of a run that begins meanwhile, each once; none without `after`.
        Never ends. Raises `BuildNotFound`.
        """
        await self._thread(workflow_id)
        return self._changes(workflow_id, seen, after)

    async def _changes(self, workflow_id: UUID, seen: str, after: EventKey | None) -> AsyncIterator[str | RunEvent]:
        while runs := await self._ledger.runs.list_of_thread(workflow_id, limit=1):
            followed = runs[0].run_id
            seq = after.seq if after and after.run_id == followed else 0
            with self._ledger.run_events.changes(followed) as changes:
                async for _ in changes:
                    while after and (texts := await self._ledger.run_events.read_after(followed, seq, only=AGENT_TEXT)):
                        for text in texts:
                            yield text
                        seq = texts[-1].seq
                    runs = await self._ledger.runs.list_of_thread(workflow_id, limit=1)
                    mark = await self._mark(runs[0], await self._ledger.approvals.of_thread(workflow_id)) if runs else ""
                    if mark != seen:
                        yield mark
                        seen = mark
                    if not runs or runs[0].run_id != followed:
                        break

    async def _mark(self, newest: Run, approvals: Sequence[Approval]) -> str:
        asked = "".join(approval.status.value[0] for approval in approvals)
        seq = await self._ledger.run_events.newest_seq(newest.run_id, without=AGENT_TEXT)
        return f"{newest.run_id}.{seq}.{newest.status.value}.{asked}"

    async def _thread(self, workflow_id: UUID) -> Thread:
        try:
            thread = await self._ledger.threads.get(workflow_id)
        except ThreadNotFound as error:
            raise BuildNotFound(str(workflow_id)) from error
        if thread.metadata.get("kind") != "build":
            raise BuildNotFound(str(workflow_id))
        return thread

    async def _events(self, run: Run) -> list[RunEvent]:
        events: list[RunEvent] = []
        while page := await self._ledger.run_events.read_after(run.run_id, events[-1].seq if events else 0, without=AGENT_TEXT):
            events += page
        return events

    async def _now(self) -> datetime:
        async with self._ledger.database.statement() as transaction:
            row = await transaction.fetch_one("now")
        assert row is not None
        now: datetime = row["now"]
        return now


# ------------------------------------------------------------------------------------------------ folding

_PROGRESS: TypeAdapter[ProgressEvent] = TypeAdapter(ProgressEvent)


@dataclass(frozen=True)
class _Story:
    """What the events told so far."""

    progress: BuildProgress = field(default_factory=BuildProgress)
    agents: tuple[AgentSpan, ...] = ()
    visits: Mapping[str, int] = field(default_factory=dict)
    checks: tuple[CheckSpan, ...] = ()
    versions: tuple[KnownVersion, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)

    def after(self, events: Iterable[RunEvent]) -> "_Story":
        """The story with these events, oldest first."""
        story = self
        for event in events:
            story = replace(story._told(event), progress=advance(story.progress, event))
        return story

    def _told(self, event: RunEvent) -> "_Story":
        match event.event:
            case "custom":
                return self._reported(event)
            case "updates" if isinstance(event.data, dict):
                story = self
                for node, slice_ in event.data.items():
                    story = story._written(node, slice_, event.created_at)
                return story
            case "metadata":  # a new attempt: who was at work before is not any more
                return replace(self, agents=tuple(replace(span, cut_off=True) if span.ended_at is None else span for span in self.agents))
            case _:
                return self

    def _reported(self, event: RunEvent) -> "_Story":
        try:
            report = _PROGRESS.validate_python(event.data)
        except ValidationError:
            return self  # a custom event of another graph or a newer version
        match report:
            case AgentStarted():
                whose = (report.agent, report.task, report.component, report.attempt, report.model)
                span = AgentSpan(*whose, event.created_at, event.run_id, event.seq)
                return replace(self, agents=(*self.agents, span))
            case AgentFinished():
                return replace(self, agents=_finished(self.agents, report.result, event))
            case CheckFinished():
                return replace(self, checks=(*self.checks, CheckSpan(report.version, report.check, event.created_at)))
            case _:
                return self

    def _written(self, node: str, slice_: object, moment: datetime) -> "_Story":
        story = replace(self, visits={**self.visits, node: self.visits.get(node, 0) + 1})
        if not isinstance(slice_, dict):
            return story
        story = replace(story, values={**self.values, **slice_})
        if version := _value(AppVersion, slice_.get("version")):
            others = tuple(known for known in story.versions if known.version.number != version.number)
            story = replace(story, versions=(*others, KnownVersion(version, moment)))
        if qa := _value(QaOutcome, slice_.get("qa")):
            story = replace(story, versions=tuple(_with_report(known, qa.report) for known in story.versions))
        return story


def _finished(spans: Sequence[AgentSpan], result: AgentResult, event: RunEvent) -> tuple[AgentSpan, ...]:
    """The spans with the newest one of this task ended."""
    key = (result.task, result.component, result.attempt)
    for index in reversed(range(len(spans))):
        span = spans[index]
        if span.ended_at is None and (span.task, span.component, span.attempt) == key:
            ended = replace(span, ended_at=event.created_at, ended_seq=event.seq, result=result, cut_off=False)
            return (*spans[:index], ended, *spans[index + 1 :])
    return tuple(spans)


def _with_report(known: KnownVersion, report: EvidenceReport) -> KnownVersion:
    return replace(known, report=report) if known.version.number == report.version else known


def _question(approval: Approval) -> Question:
    return Question(ReviewRequest.model_validate(approval.request), approval, answer_of(approval))


def _origin(value: object) -> ForkOrigin | None:
    known = value if isinstance(value, dict) else None
    return ForkOrigin(UUID(str(known["workflow_id"])), str(known["title"]), str(known["checkpoint_id"])) if known else None


def _components(value: object) -> Mapping[str, ComponentResult]:
    return {str(name): ComponentResult.model_validate(part) for name, part in value.items()} if isinstance(value, dict) else {}


def _value(kind: type[M], value: object) -> M | None:
    return kind.model_validate(value) if isinstance(value, dict) and value else None
