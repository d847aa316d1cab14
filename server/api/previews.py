"""Previews over HTTP: start one, ask how it stands, read what it printed, stop it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from server.api.dependencies import PreviewsService
from server.api.errors import Problem
from server.services.previews import Preview, PreviewNotes

router = APIRouter(
    prefix="/api/builds/{workflow_id}/preview",
    tags=["previews"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)


@router.post("", status_code=status.HTTP_201_CREATED)
async def start(
    workflow_id: UUID, previews: PreviewsService, version: Annotated[int | None, Query(ge=1)] = None, wait: bool = False
) -> Preview:
    """Run a version of the app, the newest by default, in the sandbox; it stops when nobody looks at it for a while.

    `wait` answers once it runs, or could not be started, instead of at once.
    """
    started = await previews.start(workflow_id, version=version)
    return await previews.settled(workflow_id) if wait else started


@router.get("")
async def show(workflow_id: UUID, previews: PreviewsService) -> Preview:
    """Where it is, and who can sign in there."""
    return previews.get(workflow_id)


@router.get("/notes")
async def notes(workflow_id: UUID, previews: PreviewsService) -> PreviewNotes:
    """What the server printed last, and what its pages said in the browser."""
    return previews.notes(workflow_id)


@router.post("/sign-in")
async def sign_in(workflow_id: UUID, role: Annotated[str, Query(max_length=60)], previews: PreviewsService) -> Preview:
    """Sign whoever looks at it in as the demo account of a role."""
    return await previews.enter(workflow_id, role)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
async def stop(workflow_id: UUID, previews: PreviewsService) -> None:
    """Stop it; its processes and its data are gone."""
    await previews.stop(workflow_id)
