"""What a person does to a build from its page: decide, stop, go on. Each is a form that needs no script."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from checkpoints.errors import ApprovalAlreadyDecided, ApprovalClosed, ApprovalNotFound, ThreadBusy
from nodes.artifacts import Decision, ReviewAnswer
from server.api.dependencies import address_of
from server.dashboard.build_pages import REVIEWER_COOKIE, BuildPages, Said, Typed
from server.dashboard.dependencies import DeskOf
from server.dashboard.page_route import PageRoute
from server.dashboard.rendering import Pages, PagesOf
from server.dashboard.typed_limits import typed_limits
from server.dashboard.words import DECISIONS, Tone
from server.services.asked_changes import AskedChange
from server.services.decisions import Door, Origin
from server.services.errors import (
    BuildFinished,
    BuildNotAtWork,
    BuildNotChangeable,
    BuildNotParked,
    BuildNotRunning,
    BuildNotWaiting,
    DecisionStale,
    RequesterMayNotApprove,
)

router = APIRouter(prefix="/builds/{workflow_id}", route_class=PageRoute, include_in_schema=False)

ABOUT = "about:"
"""What the name of a comment's field begins with; the rest says what it is about."""

Fields = Mapping[str, str]


async def sent_fields(request: Request) -> Fields:
    """The texts of the form. A NUL, which the database cannot store, is left out."""
    async with request.form() as form:
        return {name: value.replace("\x00", "").strip() for name, value in form.items() if isinstance(value, str)}


FieldsOf = Annotated[Fields, Depends(sent_fields)]


@router.post("/decision")
async def decide(workflow_id: UUID, request: Request, fields: FieldsOf, desk: DeskOf, pages: PagesOf) -> Response:
    """Approve, request changes or reject exactly what was shown. What cannot be taken is said, and what was typed stays."""
    try:
        asked = fields.get("interrupt_id") or None
        await desk.builds.decide(workflow_id, answer_of(fields), interrupt_id=asked, origin=origin_of(request))
    except ValidationError as error:
        said = Said(Tone.bad, "The decision was not taken", error.errors()[0]["msg"].removeprefix("Value error, ").capitalize() + ".")
        return await show_again(workflow_id, pages, fields, said, 422)
    except (DecisionStale, BuildNotWaiting, ApprovalClosed, ApprovalNotFound) as error:
        return await show_again(workflow_id, pages, fields, why_not(error), 409)
    except RequesterMayNotApprove as error:
        said = Said(Tone.warn, "Somebody else has to approve this", error.detail)
        return await show_again(workflow_id, pages, fields, said, 403)
    answer = back_to(workflow_id)
    answer.set_cookie(REVIEWER_COOKIE, reviewer_of(fields), max_age=90 * 24 * 3600, httponly=True, samesite="lax")
    return answer


@router.post("/cancel")
async def cancel(workflow_id: UUID, request: Request, desk: DeskOf, pages: PagesOf) -> Response:
    """Stop the build at once; what is finished is kept."""
    try:
        await desk.builds.cancel(workflow_id, origin=origin_of(request))
    except BuildFinished as error:
        return await show_again(workflow_id, pages, {}, Said(Tone.info, "There was nothing to stop", str(error)), 409)
    return back_to(workflow_id)


@router.post("/pause")
async def pause(workflow_id: UUID, fields: FieldsOf, desk: DeskOf, pages: PagesOf) -> Response:
    """Stop the build to go on later."""
    try:
        await desk.builds.pause(workflow_id, paused_by=reviewer_of(fields))
    except BuildNotRunning as error:
        return await show_again(workflow_id, pages, {}, Said(Tone.info, "There was nothing to pause", str(error)), 409)
    return back_to(workflow_id)


@router.post("/hint")
async def hint(workflow_id: UUID, fields: FieldsOf, desk: DeskOf, pages: PagesOf) -> Response:
    """Say something to the engineers of a running build."""
    words = fields.get("feedback", "")[:20_000]
    try:
        if words:
            await desk.hints.give(workflow_id, words, given_by=reviewer_of(fields))
    except BuildNotAtWork as error:
        return await show_again(workflow_id, pages, fields, Said(Tone.warn, "The hint came too late", str(error)), 409)
    return back_to(workflow_id)


@router.post("/resume")
async def resume(workflow_id: UUID, desk: DeskOf, pages: PagesOf) -> Response:
    """Go on from the last checkpoint, or put an expired question again."""
    try:
        await desk.builds.resume(workflow_id)
    except BuildNotWaiting as error:
        return await show_again(workflow_id, pages, {}, Said(Tone.info, "It goes on already", str(error)), 409)
    return back_to(workflow_id)


@router.post("/reopen")
async def reopen(workflow_id: UUID, fields: FieldsOf, desk: DeskOf, pages: PagesOf) -> Response:
    """Put the question of a parked build again."""
    try:
        await desk.builds.reopen(workflow_id, reopened_by=reviewer_of(fields))
    except BuildNotParked as error:
        return await show_again(workflow_id, pages, {}, Said(Tone.info, "It is not parked any more", str(error)), 409)
    return back_to(workflow_id)


@router.post("/changes")
async def change(workflow_id: UUID, fields: FieldsOf, desk: DeskOf, pages: PagesOf) -> Response:
    """Ask for a change to a finished app, or for an older version again; the version in use stays until the next is approved."""
    restored = fields.get("restore_version", "")
    wish = fields.get("feedback", "")
    if not wish and not restored.isdigit():
        said = Said(Tone.bad, "Nothing was asked for", "Say what should be different, for example “also store the customer's address”.")
        return await show_again(workflow_id, pages, fields, said, 422)
    try:
        version = int(restored) if restored.isdigit() else None
        await desk.builds.change(workflow_id, AskedChange(feedback=wish, restore_version=version, requested_by=reviewer_of(fields)))
    except ValidationError as error:
        said = Said(Tone.bad, "The change was not taken", error.errors()[0]["msg"].capitalize() + ".")
        return await show_again(workflow_id, pages, fields, said, 422)
    except (BuildNotChangeable, ThreadBusy) as error:
        return await show_again(workflow_id, pages, fields, Said(Tone.warn, "The change was not taken", str(error)), 409)
    return back_to(workflow_id)


def answer_of(fields: Fields) -> ReviewAnswer:
    """The decision, with the comments on single items after what was said in general. Raises pydantic's ValidationError."""
    decision = fields.get("decision", "")
    feedback = fields.get("reason", "") if decision == Decision.rejected else feedback_of(fields)
    return ReviewAnswer.model_validate(
        {
            "decision": decision,
            "feedback": feedback,
            "subject_sha256": fields.get("subject_sha256") or None,
            "decided_by": reviewer_of(fields),
            **typed_limits(fields),
        }
    )


def feedback_of(fields: Fields) -> str:
    """What was said in general, then each comment with what it is about."""
    comments = [f"{name.removeprefix(ABOUT)}: {text}" for name, text in fields.items() if name.startswith(ABOUT) and text]
    return "\n".join(filter(None, [fields.get("feedback", ""), *comments]))


def origin_of(request: Request) -> Origin:
    """Where a decision at the dashboard comes from."""
    return Origin(Door.dashboard, address_of(request))


def reviewer_of(fields: Fields) -> str:
    """Who decides."""
    return fields.get("reviewer", "")[:200] or "local"


def why_not(error: Exception) -> Said:
    """Why a decision was not taken, and what stands instead."""
    match error:
        case ApprovalAlreadyDecided(approval=approval):
            decision = approval.decision.get("decision") if isinstance(approval.decision, dict) else None
            word = DECISIONS[Decision(decision)].lower() if decision else "decided"
            return Said(
                Tone.warn,
                "Somebody else decided first",
                f"{approval.decided_by or 'Somebody'} {word} it, and that stands. Nothing of yours was recorded.",
            )
        case DecisionStale(changes=changes):
            return Said(
                Tone.warn,
                "What you looked at is no longer what waits",
                "Below is what waits now. Look at it, then decide; your words are still there.",
                changes,
            )
        case _:
            return Said(Tone.warn, "The decision was not taken", str(error))


async def show_again(workflow_id: UUID, pages: Pages, fields: Fields, said: Said, status_code: int) -> Response:
    """The build's page with what there is to say, and with what was typed."""
    typed = Typed(
        reviewer_of(fields),
        fields.get("feedback", "")[:20_000],
        fields.get("reason", "")[:2000],
        fields.get("budget_usd", "")[:20],
        fields.get("budget_tokens", "")[:20],
    )
    record = await pages.desk.records.get(workflow_id)
    return await BuildPages(pages, record, typed).show_what(said=said, status_code=status_code)


def back_to(workflow_id: UUID) -> RedirectResponse:
    """The build's page, fetched anew."""
    return RedirectResponse(f"/builds/{workflow_id}", status_code=303)
