"""Things tests start from; a factory mentions only what matters to its test."""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from inspect import isawaitable
from typing import TypeVar

from pydantic import BaseModel

from nodes.artifacts import (
    Action,
    AgentResult,
    AppSpec,
    Architecture,
    ArchitecturePlan,
    ArtifactRef,
    CheckName,
    CheckResult,
    CheckStatus,
    Component,
    EvidenceReport,
    FieldSpec,
    FieldType,
    Finding,
    Permission,
    RecordSpec,
    RoleSpec,
    Screenshot,
    Severity,
)
from nodes.context import AgentAnswer, AgentTask, BuildOptions, Delivered, OnCheck, Workshop

M = TypeVar("M", bound=BaseModel)


def make_record(name: str = "claim", plural: str | None = None) -> RecordSpec:
    """A record with one required text field, `title`."""
    return RecordSpec(
        name=name,
        plural=plural or f"{name}s",
        label=name.capitalize(),
        plural_label=f"{name.capitalize()}s",
        fields=(FieldSpec(name="title", label="Title", type=FieldType.text, required=True),),
        title_field="title",
    )


def make_spec(*records: RecordSpec, title: str = "Claims") -> AppSpec:
    """An app in which an administrator may do everything with `records` (by default: claims)."""
    kept = records or (make_record(),)
    return AppSpec(
        name=title.lower().replace(" ", "_"),
        title=title,
        summary=f"Keeps {', '.join(record.plural for record in kept)}.",
        records=kept,
        roles=(RoleSpec(name="administrator", label="Administrator", administers=True),),
        permissions=tuple(Permission(role="administrator", record=record.name, action=action) for record in kept for action in Action),
    )


def make_component(record: str, *, depends_on: Sequence[str] = ()) -> Component:
    """The component that owns one record's package."""
    return Component(
        name=record,
        title=record.capitalize(),
        summary=f"Everything about {record}s.",
        records=(record,),
        owns=(f"app/records/{record}s/**", f"tests/test_{record}s*.py"),
        depends_on=tuple(depends_on),
    )


def make_plan(spec: AppSpec) -> ArchitecturePlan:
    """One component per record."""
    return ArchitecturePlan(summary="One part per record.", components=tuple(make_component(r.name) for r in spec.records))


def make_finding(component: str | None = "claim", message: str = "GET /api/claims answered 500") -> Finding:
    """A major finding of the probe."""
    return Finding(check=CheckName.probe, severity=Severity.major, message=message, component=component)


class InMemoryArtifacts:
    """An `ArtifactStore` for tests."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    async def put(self, content: bytes, media_type: str) -> ArtifactRef:
        """Keep it under its hash."""
        ref = ArtifactRef(sha256=sha256(content).hexdigest(), size_bytes=len(content), media_type=media_type)
        self.content[ref.sha256] = content
        return ref

    async def get(self, ref: ArtifactRef) -> bytes:
        """KeyError, a LookupError, if it was never put."""
        return self.content[ref.sha256]


Answer = BaseModel | Exception | Callable[[AgentTask[M]], BaseModel]


@dataclass
class ScriptedCrew:
    """Agents that answer from a script: for each task its answers in order, the last one for ever."""

    script: Mapping[str, Sequence[object]] = field(repr=False)
    disowned: list[tuple[str, ...] | None] = field(default_factory=list, repr=False, kw_only=True)
    corrects: frozenset[str] = frozenset()
    small: bool = False
    cost_usd: float | None = None
    tasks: list[AgentTask[BaseModel]] = field(default_factory=list, repr=False)
    options: list[BuildOptions] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self._left = {name: deque(answers) for name, answers in self.script.items()}

    def corrects_drafts(self, task: str, options: BuildOptions) -> bool:
        """What `corrects` names, and requirements where the script has corrections of them."""
        return task in self.corrects or (task == "correct_requirements" and task in self.script)

    async def disown(self, components: Collection[str] | None = None) -> None:
        """Remember it."""
        self.disowned.append(None if components is None else tuple(components))

    def reads_little(self, task: str, options: BuildOptions) -> bool:
        """As `small` says."""
        return self.small

    async def perform(self, task: AgentTask[M], options: BuildOptions) -> AgentAnswer[M]:
        """The next answer of the script; an exception in it is raised, a function in it is asked."""
        self.options.append(options)
        self.tasks.append(task)  # type: ignore[arg-type]  # a task of any answer
        answers = self._left[task.name]
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        value = answer(task) if callable(answer) else answer
        value = await value if isawaitable(value) else value
        assert isinstance(value, task.answer)
        assert task.check is None or task.check(value) is None, task.check(value)
        result = AgentResult(
            agent=task.name,
            task=task.name,
            component=task.component,
            attempt=task.attempt,
            model="scripted",
            calls=1,
            input_tokens=0,
            output_tokens=0,
            cost_usd=self.cost_usd,
        )
        return AgentAnswer(value=value, result=result)

    def names(self) -> list[str]:
        """The tasks done so far, components by name: `write_component(claim#1)`."""
        return [f"{task.name}({task.component}#{task.attempt})" if task.component else task.name for task in self.tasks]


@dataclass
class ScriptedVerifier:
    """Evidence from a script: for each verification its findings, the last for ever; `None` means: no check could run."""

    rounds: Sequence[Sequence[Finding] | None] = ((),)
    verified: int = 0

    async def verify(
        self,
        files: Mapping[str, bytes],
        spec: AppSpec,
        architecture: Architecture,
        *,
        version: int,
        tree_sha256: str,
        on_check: OnCheck,
        delivered: Delivered | None = None,
    ) -> EvidenceReport:
        """One check, `probe`, with the findings of this round."""
        findings = self.rounds[min(self.verified, len(self.rounds) - 1)]
        self.verified += 1
        if findings is None:
            check = CheckResult(check=CheckName.probe, status=CheckStatus.not_run, summary="not run", reason="no sandbox")
        else:
            status = CheckStatus.failed if findings else CheckStatus.passed
            check = CheckResult(check=CheckName.probe, status=status, summary=f"{len(findings)} findings", findings=tuple(findings))
        check = check.model_copy(update=self._as_never_again())
        on_check(check)
        return EvidenceReport(version=version, tree_sha256=tree_sha256, sandbox="scripted", checks=(check,))

    def _as_never_again(self) -> dict[str, object]:
        """What differs when the very same checks run again: how long they take, and what shows a clock."""
        written = ArtifactRef(sha256=f"{self.verified:064x}", size_bytes=1, media_type="image/png")
        pictures = (Screenshot(caption="start", path="/", image=written),)
        return {"duration_seconds": float(self.verified), "log": written, "screenshots": pictures}


def make_frame(spec: AppSpec, architecture: Architecture, delivered: Delivered | None = None) -> dict[str, str]:
    """A frame of one module per record."""
    return {"README.md": f"# {spec.title}\n"} | {f"app/records/{r.plural}/samples.py": "SAMPLES = []\n" for r in spec.records}


def make_workshop(crew: ScriptedCrew, verifier: ScriptedVerifier | None = None) -> Workshop:
    """A workshop in memory."""
    return Workshop(crew=crew, artifacts=InMemoryArtifacts(), verifier=verifier or ScriptedVerifier(), frame=make_frame)
