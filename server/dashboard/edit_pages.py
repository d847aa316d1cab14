"""The page where a person edits what was understood, while the requirements are asked for. It needs no script; what was typed stays."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from checkpoints.errors import ApprovalClosed, ApprovalNotFound
from nodes.artifacts import Action, AppSpec, Decision, FieldType, Gate, ReviewAnswer
from server.dashboard.build_pages import REVIEWER_COOKIE, BuildPagesOf, Said
from server.dashboard.decisions import FieldsOf, back_to, origin_of, reviewer_of, why_not
from server.dashboard.dependencies import DeskOf
from server.dashboard.page_route import PageRoute
from server.dashboard.rendering import Pages, PagesOf
from server.dashboard.spec_form import ADDABLE, NEW, FormIncomplete, edited, place_of, typed_of
from server.dashboard.words import Tone
from server.services.build_record import BuildRecord
from server.services.errors import BuildNotWaiting, DecisionStale, RequesterMayNotApprove, SpecificationRefused

router = APIRouter(prefix="/builds/{workflow_id}", route_class=PageRoute, include_in_schema=False)


@router.get("/edit")
async def edit(build: BuildPagesOf, pages: PagesOf) -> Response:
    """The form, filled with what was understood; the build's page if nothing is asked that it would answer."""
    spec, review = build.record.spec, build.record.review
    if spec is None or review is None or review.request.gate is not Gate.requirements:
        return back_to(build.record.workflow_id)
    return await show_form(pages, build.record, spec, typed_of(spec) | {"reviewer": build.typed.reviewer})


@router.post("/edit")
async def send(workflow_id: UUID, request: Request, fields: FieldsOf, build: BuildPagesOf, desk: DeskOf, pages: PagesOf) -> Response:
    """Approve what was typed, or have it shown again; answers to open questions are read by the analyst first."""
    spec, record = build.record.spec, build.record
    if spec is None:
        return back_to(workflow_id)
    try:
        new = edited(spec, fields, reviewer_of(fields))
        approves = fields.get("decision") == Decision.approved and not new.answers
        answer = ReviewAnswer(
            decision=Decision.approved if approves else Decision.changes_requested,
            comments=new.answers,
            spec=new.spec,
            subject_sha256=fields.get("subject_sha256") or None,
            decided_by=reviewer_of(fields),
        )
        await desk.builds.decide(workflow_id, answer, interrupt_id=fields.get("interrupt_id") or None, origin=origin_of(request))
    except FormIncomplete as incomplete:
        return await show_form(pages, record, spec, fields, incomplete.problems, status_code=422)
    except SpecificationRefused as refused:
        problems = {place_of(spec, problem): problem for problem in reversed(refused.problems)}
        return await show_form(pages, record, spec, fields, problems, status_code=422)
    except RequesterMayNotApprove as refused:
        said = Said(Tone.warn, "Somebody else has to approve this", refused.detail)
        return await show_form(pages, record, spec, fields, said=said, status_code=403)
    except (DecisionStale, BuildNotWaiting, ApprovalClosed, ApprovalNotFound) as error:
        return await show_form(pages, record, spec, fields, said=why_not(error), status_code=409)
    went: RedirectResponse = back_to(workflow_id)
    went.set_cookie(REVIEWER_COOKIE, reviewer_of(fields), max_age=90 * 24 * 3600, httponly=True, samesite="lax")
    return went


async def show_form(
    pages: Pages,
    record: BuildRecord,
    spec: AppSpec,
    typed: Mapping[str, str],
    problems: Mapping[str, str] | None = None,
    *,
    said: Said | None = None,
    status_code: int = 200,
) -> Response:
    """The form with what was typed, and each problem at its input."""
    return await pages.show(
        "edit_specification.html",
        here="builds",
        status_code=status_code,
        record=record,
        spec=spec,
        typed=typed,
        problems=problems or {},
        said=said,
        new=NEW,
        field_types=tuple(FieldType),
        actions=tuple(Action),
        addable_words=tuple((kind.value, kind.value.replace("_", " ")) for kind in ADDABLE),
    )
