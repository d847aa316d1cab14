"""What a reviewer looked at, found by its hash in what the runs recorded, and how what waits now differs from it. Reads only."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from checkpoints.records import JsonObject
from checkpoints.run_events import RunEventRepository
from checkpoints.runs import RunRepository
from nodes.artifacts import AppSpec, AppVersion, Architecture, EvidenceReport, QaOutcome, SpecChange, sha256_of
from server.services.source_files import SourceFiles

M = TypeVar("M", bound=BaseModel)
SpecDiff = Callable[[AppSpec, AppSpec], tuple[SpecChange, ...]]
MOST_DIFFERENCES = 50


@dataclass(frozen=True)
class Subject:
    """What can be shown at a gate, as far as a build had come: a specification, a plan, a version with its evidence."""

    spec: AppSpec | None = None
    architecture: Architecture | None = None
    version: AppVersion | None = None
    qa: QaOutcome | None = None

    def written(self, slice_: JsonObject) -> "Subject":
        """After a node wrote this."""
        return Subject(
            _value(AppSpec, slice_.get("spec")) or self.spec,
            _value(Architecture, slice_.get("architecture")) or self.architecture,
            _value(AppVersion, slice_.get("version")) or self.version,
            _value(QaOutcome, slice_.get("qa")) or self.qa,
        )

    def shown(self, sha256: str) -> "Subject | None":
        """The part of it that has this hash, which is what `nodes.review` binds answers to."""
        if self.spec and sha256_of([self.spec]) == sha256:
            return Subject(spec=self.spec)
        if self.architecture and sha256_of([self.architecture]) == sha256:
            return Subject(architecture=self.architecture)
        if self.version and self.qa and sha256_of([self.version, self.qa.report]) == sha256:
            return Subject(version=self.version, qa=self.qa)
        return None


class ShownBefore:
    """Finds what was shown. `spec_diff` says what differs between two specifications."""

    def __init__(self, runs: RunRepository, run_events: RunEventRepository, files: SourceFiles, spec_diff: SpecDiff) -> None:
        self._runs = runs
        self._run_events = run_events
        self._files = files
        self._spec_diff = spec_diff

    async def differences(self, workflow_id: UUID, seen_sha256: str, now_sha256: str) -> tuple[str, ...]:
        """How what waits differs from what was looked at, in words; at most 50, and none if either is not known."""
        seen = now = None
        subject = Subject()
        async for slice_ in self._slices(workflow_id):
            subject = subject.written(slice_)
            seen = subject.shown(seen_sha256) or seen
            now = subject.shown(now_sha256) or now
        if seen is None or now is None:
            return ()
        said = [words async for words in self._between(seen, now)]
        rest = len(said) - MOST_DIFFERENCES
        return (*said[:MOST_DIFFERENCES], f"And {rest} more.") if rest > 0 else tuple(said)

    async def _slices(self, workflow_id: UUID) -> AsyncIterator[JsonObject]:
        for run in reversed(await self._runs.list_of_thread(workflow_id, limit=100)):
            after = 0
            while page := await self._run_events.read_after(run.run_id, after):
                for event in page:
                    if event.event == "updates" and isinstance(event.data, dict):
                        for slice_ in event.data.values():
                            if isinstance(slice_, dict):
                                yield slice_
                after = page[-1].seq

    async def _between(self, seen: Subject, now: Subject) -> AsyncIterator[str]:
        if seen.spec and now.spec:
            for change in self._spec_diff(seen.spec, now.spec):
                yield change.words
        elif seen.architecture and now.architecture:
            for words in plan_differences(seen.architecture, now.architecture):
                yield words
        elif seen.version and seen.qa and now.version and now.qa:
            if seen.version.number != now.version.number:
                yield f"Version {now.version.number} instead of version {seen.version.number}."
            for file in await self._files.compare(seen.version, now.version):
                yield f"{file.path} was {file.kind}."
            for words in evidence_differences(seen.qa.report, now.qa.report):
                yield words
        else:
            yield f"You looked at {_kind(seen)}; what waits now is {_kind(now)}."


def plan_differences(seen: Architecture, now: Architecture) -> Iterator[str]:
    """The parts and endpoints that came, went or changed."""
    for noun, before, after in (
        ("Part", {part.name: part for part in seen.components}, {part.name: part for part in now.components}),
        (
            "Endpoint",
            {f"{one.method} {one.path}": one for one in seen.contract.endpoints},
            {f"{one.method} {one.path}": one for one in now.contract.endpoints},
        ),
    ):
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                yield f"{noun} {name} {'is new' if name not in before else 'is gone' if name not in after else 'changed'}."


def evidence_differences(seen: EvidenceReport, now: EvidenceReport) -> Iterator[str]:
    """The checks that ended otherwise, and the findings that came or went."""
    before = {check.check: check.status for check in seen.checks}
    for check in now.checks:
        if before.get(check.check) != check.status:
            yield f"Check {check.check}: {check.status}, before {before.get(check.check, 'not there')}."
    known = {finding.signature for finding in seen.findings}
    yield from (f"New finding: {finding.message}" for finding in now.findings if finding.signature not in known)
    current = {finding.signature for finding in now.findings}
    yield from (f"Found no more: {finding.message}" for finding in seen.findings if finding.signature not in current)


def _kind(subject: Subject) -> str:
    return "the requirements" if subject.spec else "the plan" if subject.architecture else "the app"


def _value(kind: type[M], value: object) -> M | None:
    return kind.model_validate(value) if isinstance(value, dict) and value else None
