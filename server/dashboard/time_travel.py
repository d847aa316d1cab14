"""The history of a build, the state at each of its checkpoints, and a new build from there, with edits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, TypeVar, cast
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError

from checkpoints.records import JsonObject
from nodes.artifacts import AppSpec, AppVersion, Architecture, CheckStatus, ComponentResult, Outcome, QaOutcome, Review
from nodes.context import BuildOptions
from nodes.errors import BudgetNotKeepable, ModelNotConfigured
from server.dashboard.build_pages import BuildPages, BuildPagesOf, Said
from server.dashboard.decisions import Fields, FieldsOf, reviewer_of
from server.dashboard.dependencies import DeskOf
from server.dashboard.graph_picture import LABELS
from server.dashboard.page_route import PageRoute
from server.dashboard.typed_limits import typed_limits
from server.dashboard.words import DECISIONS, VERDICTS, Tone, counted, listed
from server.services.errors import CheckpointNotFound, EditMisplaced, NothingFollows, SpecificationUnusable
from server.services.forks import AskedFork, may_edit_description, may_edit_specification
from server.services.specification_text import read_text, text_of
from server.services.thread_state import CheckpointKey, HistoryPage

router = APIRouter(prefix="/builds/{workflow_id}", route_class=PageRoute, include_in_schema=False)

M = TypeVar("M", bound=BaseModel)

MOST_CHECKPOINTS = 60
"""Of a build with three repair rounds and two changes."""


@dataclass(frozen=True)
class ShownCheckpoint:
    """A checkpoint: when it was written, what runs next from there, and what may be edited there."""

    checkpoint_id: str
    written_at: datetime
    step: int
    next: tuple[str, ...]

    @property
    def label(self) -> str:
        """What a person calls it: by what comes next."""
        return f"Before {listed([words_of(node) for node in self.next])}" if self.next else "At the end"

    @property
    def edits_description(self) -> bool:
        """Whether the description may be edited there."""
        return may_edit_description(frozenset(self.next))

    @property
    def edits_specification(self) -> bool:
        """Whether the specification may be edited there."""
        return may_edit_specification(frozenset(self.next))


@dataclass(frozen=True)
class Fact:
    """Something that was known at a checkpoint; `path` of the build's page that shows it, if one does."""

    name: str
    text: str
    path: str | None = None


@dataclass(frozen=True)
class LookedAt:
    """A checkpoint that was opened: what was known there, the same as data, and what the form for a new build holds."""

    checkpoint: ShownCheckpoint
    facts: tuple[Fact, ...]
    values: Mapping[str, str]
    specification: str
    description: str
    budget_usd: str
    model: str


@router.get("/history")
async def history(build: BuildPagesOf, desk: DeskOf, checkpoint: Annotated[UUID | None, Query()] = None) -> Response:
    """Decisions, versions, runs and checkpoints, and the state at one of them. Raises `CheckpointNotFound`."""
    looked_at = await look(build, desk, str(checkpoint)) if checkpoint else None
    return await show_history(build, desk, looked_at)


@router.post("/fork")
async def fork(fields: FieldsOf, build: BuildPagesOf, desk: DeskOf) -> Response:
    """Begin a new build from a checkpoint; what cannot be used is said, and what was typed stays. Raises `CheckpointNotFound`."""
    looked_at = await look(build, desk, fields.get("checkpoint_id", ""))
    try:
        asked = await asked_fork(build, desk, fields, looked_at)
        started = await desk.forks.fork(build.record.workflow_id, asked)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        text = f"{found['loc'][0] if found['loc'] else 'Form'}: {found['msg'].removeprefix('Value error, ')}."
        said = Said(Tone.bad, "The new build was not started", text.replace("_", " ").capitalize())
    except (SpecificationUnusable, EditMisplaced, NothingFollows, ModelNotConfigured, BudgetNotKeepable) as error:
        said = Said(Tone.bad, "The new build was not started", str(error))
    else:
        return RedirectResponse(f"/builds/{started.workflow_id}", 303)
    return await show_history(build, desk, with_typed(looked_at, fields), said=said, status_code=422)


async def show_history(
    build: BuildPages, desk: DeskOf, looked_at: LookedAt | None, *, said: Said | None = None, status_code: int = 200
) -> Response:
    """The page."""
    workflow_id = build.record.workflow_id
    states = await desk.states.history(
        workflow_id, HistoryPage(limit=MOST_CHECKPOINTS, select=("next", "metadata", "created_at", "checkpoint_id"))
    )
    return await build.show(
        "history",
        said=said,
        status_code=status_code,
        checkpoints=[shown for state in states if (shown := shown_checkpoint(state)).next != ("__start__",)],
        looked_at=looked_at,
        forks=await desk.forks.of(workflow_id),
    )


async def look(build: BuildPages, desk: DeskOf, checkpoint_id: str) -> LookedAt:
    """The state at a checkpoint. Raises `CheckpointNotFound`."""
    try:
        key = CheckpointKey(str(UUID(checkpoint_id)))
    except ValueError as error:
        raise CheckpointNotFound(checkpoint_id[:40]) from error
    state = await desk.states.get(build.record.workflow_id, key)
    values = cast("JsonObject", state["values"])
    spec = parsed(AppSpec, values.get("spec"))
    request, options = values.get("request"), build.record.options
    return LookedAt(
        checkpoint=shown_checkpoint(state),
        facts=facts_of(values),
        values={name: json.dumps(value, indent=2, ensure_ascii=False) for name, value in sorted(values.items())},
        specification=text_of(spec) if spec else "",
        description=str(request["app_description"]) if isinstance(request, dict) else build.record.request.app_description,
        budget_usd="" if options.budget_usd is None else f"{options.budget_usd:.2f}",
        model=options.model or "",
    )


async def asked_fork(build: BuildPages, desk: DeskOf, fields: Fields, looked_at: LookedAt) -> AskedFork:
    """What the form asks for; a text that was not changed edits nothing. Raises pydantic's ValidationError, `SpecificationUnusable`."""
    requested_by = reviewer_of(fields)
    description, specification = fields.get("description", ""), fields.get("specification", "").replace("\r\n", "\n")
    spec = None
    if looked_at.checkpoint.edits_specification and specification.strip() not in ("", looked_at.specification.strip()):
        state = await desk.states.get(build.record.workflow_id, CheckpointKey(looked_at.checkpoint.checkpoint_id), select=("values.spec",))
        original = AppSpec.model_validate(cast("JsonObject", state["values"])["spec"])
        spec = read_text(specification, original, edited_by=requested_by)
    given: dict[str, object] = {**typed_limits(fields)}
    if model := fields.get("model", ""):
        given["model"] = model
    changed = looked_at.checkpoint.edits_description and description.strip() not in ("", looked_at.description.strip())
    return AskedFork(
        checkpoint_id=looked_at.checkpoint.checkpoint_id,
        description=description if changed else None,
        spec=spec,
        options=BuildOptions.model_validate(given),
        requested_by=requested_by,
    )


def with_typed(looked_at: LookedAt, fields: Fields) -> LookedAt:
    """The form as it was sent."""
    return replace(
        looked_at,
        specification=fields.get("specification", looked_at.specification),
        description=fields.get("description", looked_at.description),
        budget_usd=fields.get("budget_usd", "")[:20],
        model=fields.get("model", "")[:200],
    )


def shown_checkpoint(state: JsonObject) -> ShownCheckpoint:
    """A state of the thread as the history lists it."""
    metadata = cast("JsonObject", state["metadata"])
    return ShownCheckpoint(
        checkpoint_id=str(state["checkpoint_id"]),
        written_at=datetime.fromisoformat(str(state["created_at"])),
        step=int(str(metadata.get("step", 0))),
        next=tuple(dict.fromkeys(str(node) for node in cast("list[object]", state["next"]))),
    )


SPOKEN = {
    "assemble": "it is put together",
    "review_requirements": "the question about the requirements",
    "review_architecture": "the question about the plan",
    "review_app": "the question about the app",
    "review_budget": "the question about the budget",
}


def words_of(node: str) -> str:
    """A node in the middle of a sentence."""
    return SPOKEN.get(node) or LABELS.get(node, node.replace("_", " ")).lower()


def facts_of(values: JsonObject) -> tuple[Fact, ...]:
    """What a state holds, in words."""
    return tuple(fact for fact in (_understood(values), _planned(values), _written(values), *_checked(values), *_decided(values)) if fact)


def _understood(values: JsonObject) -> Fact | None:
    if not (spec := parsed(AppSpec, values.get("spec"))):
        return None
    kept, used = [record.plural_label for record in spec.records], [role.label for role in spec.roles]
    return Fact("Understood", f"{spec.title}: keeps {listed(kept)}; used by {listed(used)}.")


def _planned(values: JsonObject) -> Fact | None:
    if not (plan := parsed(Architecture, values.get("architecture"))):
        return None
    return Fact("Planned", f"{counted(len(plan.components), 'part')}, {counted(len(plan.contract.endpoints), 'endpoint')}.", "/plan")


def _written(values: JsonObject) -> Fact | None:
    parts = values.get("components")
    if not isinstance(parts, dict) or not parts:
        return None
    written = [part for value in parts.values() if (part := parsed(ComponentResult, value))]
    names = [f"{part.component}{f' (attempt {part.attempt})' if part.attempt > 1 else ''}" for part in written]
    return Fact("Written", f"{listed(names)}.")


def _checked(values: JsonObject) -> tuple[Fact | None, ...]:
    version, qa = parsed(AppVersion, values.get("version")), parsed(QaOutcome, values.get("qa"))
    made = None
    if version:
        text = f"Version {version.number}, {counted(version.file_count, 'file')}."
        made = Fact("Put together", text, f"/code?version={version.number}")
    if not qa:
        return (made,)
    passed = sum(1 for check in qa.report.checks if check.status is CheckStatus.passed)
    verdict = f"Version {qa.report.version}: {VERDICTS[qa.report.verdict].word}. {passed} of {len(qa.report.checks)} checks passed."
    return (made, Fact("Checked", verdict, "/evidence"))


def _decided(values: JsonObject) -> tuple[Fact | None, ...]:
    review, outcome = parsed(Review, values.get("review")), parsed(Outcome, values.get("outcome"))
    answer = review.answer if review else None
    decided = Fact("Decided", f"{DECISIONS[answer.decision]} by {answer.decided_by}.") if answer else None
    return (decided, Fact("Ended", f"{outcome.ending.value.capitalize()}. {outcome.reason or ''}".strip()) if outcome else None)


def parsed(kind: type[M], value: object) -> M | None:
    """A value of a state; None if it is not there, or of another version's making."""
    try:
        return kind.model_validate(value) if isinstance(value, dict) and value else None
    except ValidationError:
        return None
