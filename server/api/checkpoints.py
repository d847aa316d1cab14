"""Time travel over HTTP: a new build from a checkpoint of another. Looking at checkpoints is the thread API's, under the same id."""

from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from nodes.artifacts import AppSpec
from nodes.context import BuildOptions
from server.api.dependencies import ForksService
from server.api.errors import Problem
from server.api.schemas import WorkflowStarted
from server.services.forks import AskedFork

router = APIRouter(
    prefix="/api/builds/{workflow_id}",
    tags=["builds"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)


class ForkBody(BaseModel):
    """A new build: from which checkpoint, and what is different there."""

    model_config = ConfigDict(extra="forbid")

    checkpoint_id: UUID = Field(description="As GET /threads/{workflow_id}/history lists them.")
    app_description: str | None = Field(default=None, description="Other words; where the next step is analyze_requirements.")
    spec: AppSpec | None = Field(default=None, description="Another one; where the next step is design_architecture.")
    options: BuildOptions = Field(default=BuildOptions(), description="What is left out stays as the build had it.")
    requested_by: str = Field(default="local", min_length=1, max_length=200)


@router.post("/fork", status_code=status.HTTP_202_ACCEPTED)
async def fork(workflow_id: UUID, body: ForkBody, request: Request, response: Response, forks: ForksService) -> WorkflowStarted:
    """Begin a new build from a checkpoint of this one, with edits. This one stays as it is."""
    asked = AskedFork(str(body.checkpoint_id), body.app_description, body.spec, body.options, body.requested_by)
    started = await forks.fork(workflow_id, asked)
    url = str(request.url_for("workflow_status", workflow_id=started.workflow_id))
    response.headers["Location"] = url
    return WorkflowStarted(workflow_id=started.workflow_id, status_query_url=url, created_at=started.created_at)
