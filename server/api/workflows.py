"""The workflow API: start a build, ask how it stands, decide, cancel, follow it, and fetch the package."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from nodes.artifacts import AppSpec
from server.api.dependencies import BuildListService, BuildsService, HintsService, OriginOfRequest
from server.api.errors import Problem
from server.api.schemas import (
    ApprovalBody,
    ApprovalTaken,
    BuildList,
    DecisionList,
    HintBody,
    Inbox,
    PersonBody,
    ResumeBody,
    StartBody,
    TemplateList,
    WorkflowStarted,
)
from server.api.sse import event_stream
from server.services.build_list import Position
from server.services.build_status import BuildStatus

router = APIRouter(
    prefix="/api",
    tags=["workflow"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)


@router.post("/start", status_code=status.HTTP_202_ACCEPTED)
async def start(
    body: StartBody,
    request: Request,
    response: Response,
    builds: BuildsService,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> WorkflowStarted:
    """Accept a build. Once this answers, the build survives crashes; repeating it with the same key starts nothing new."""
    started = await builds.start(body.start(), idempotency_key=idempotency_key)
    url = str(request.url_for("workflow_status", workflow_id=started.workflow_id))
    response.headers["Location"] = url
    return WorkflowStarted(workflow_id=started.workflow_id, status_query_url=url, created_at=started.created_at)


@router.get("/templates")
async def list_templates(builds: BuildsService) -> TemplateList:
    """What a build can start from, instead of a description alone."""
    return TemplateList(items=builds.templates.listed())


@router.get("/status/{workflow_id}", name="workflow_status")
async def workflow_status(workflow_id: UUID, builds: BuildsService) -> BuildStatus:
    """Where a build stands, who is at work, what it cost, and what waits for a decision."""
    return await builds.status(workflow_id)


@router.get("/builds")
async def list_builds(
    builds: BuildsService,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> BuildList:
    """Builds, newest first."""
    return BuildList(items=await builds.newest(limit=limit, offset=offset))


@router.get("/inbox")
async def inbox(
    build_list: BuildListService,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    before: Annotated[str, Query(max_length=100, description="`next` of the page before this one.")] = "",
) -> Inbox:
    """What waits for a person, asked last first, each with its question and until when it waits."""
    return Inbox.of(await build_list.waiting(Position.read(before), limit=limit))


@router.post("/approval/{workflow_id}")
async def decide(workflow_id: UUID, body: ApprovalBody, builds: BuildsService, origin: OriginOfRequest) -> ApprovalTaken:
    """Approve, request changes, or reject what waits. Bound to the question it answers; exactly one decision wins."""
    taken = await builds.decide(workflow_id, body.answer(), interrupt_id=body.interrupt_id, origin=origin)
    return ApprovalTaken(workflow_id=workflow_id, interrupt_id=taken.interrupt_id, decision=body.decided())


@router.get("/builds/{workflow_id}/spec")
async def spec(workflow_id: UUID, builds: BuildsService) -> AppSpec:
    """What was understood, as it stands: to be edited, and sent with a decision."""
    return await builds.spec(workflow_id)


@router.get("/builds/{workflow_id}/decisions")
async def decisions(workflow_id: UUID, builds: BuildsService) -> DecisionList:
    """Everything the build asked, the oldest first: who decided what, when, and from where."""
    return DecisionList(items=await builds.decisions(workflow_id))


@router.post("/builds/{workflow_id}/reopen")
async def reopen(workflow_id: UUID, builds: BuildsService, body: PersonBody | None = None) -> BuildStatus:
    """Put the question of a parked build again, with a new deadline."""
    return await builds.reopen(workflow_id, reopened_by=(body or PersonBody()).reviewer)


@router.post("/cancel/{workflow_id}", status_code=status.HTTP_202_ACCEPTED)
async def cancel(workflow_id: UUID, builds: BuildsService, origin: OriginOfRequest) -> BuildStatus:
    """Stop a build at once. What is finished is kept; `resume` goes on from there."""
    return await builds.cancel(workflow_id, origin=origin)


@router.post("/pause/{workflow_id}", status_code=status.HTTP_202_ACCEPTED)
async def pause(workflow_id: UUID, builds: BuildsService, body: PersonBody | None = None) -> BuildStatus:
    """Stop a build to go on later with `resume`. Finished steps and answered model calls are kept."""
    return await builds.pause(workflow_id, paused_by=(body or PersonBody()).reviewer)


@router.post("/hint/{workflow_id}", status_code=status.HTTP_202_ACCEPTED)
async def hint(workflow_id: UUID, body: HintBody, hints: HintsService) -> None:
    """Say something to a build that is at work: its engineers are told in the next repair round."""
    await hints.give(workflow_id, body.feedback, given_by=body.reviewer)


@router.post("/resume/{workflow_id}", status_code=status.HTTP_202_ACCEPTED)
async def resume(workflow_id: UUID, builds: BuildsService, origin: OriginOfRequest, body: ResumeBody | None = None) -> BuildStatus:
    """Go on with a build that failed, was canceled, expired, or waits for a higher budget; finished parts are not done again."""
    given = body or ResumeBody()
    return await builds.resume(workflow_id, given.limits(), resumed_by=given.reviewer, origin=origin)


@router.get("/events/{workflow_id}", response_class=StreamingResponse)
async def events(workflow_id: UUID, builds: BuildsService, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
    """What happens in the newest run, as server-sent events; `Last-Event-ID` continues without gap or repetition."""
    stream: AsyncIterator[str] = event_stream(await builds.events(workflow_id, after=last_event_id))
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


@router.get("/builds/{workflow_id}/artifact.zip", response_class=Response)
async def package(workflow_id: UUID, builds: BuildsService) -> Response:
    """The packaged app."""
    packed = await builds.package(workflow_id)
    headers = {"Content-Disposition": f'attachment; filename="{packed.file_name}"', "ETag": f'"{packed.sha256}"'}
    return Response(packed.content, media_type="application/zip", headers=headers)
