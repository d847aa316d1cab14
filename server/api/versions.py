"""The versions of an app over HTTP: ask for a change, compare, restore, and fetch any of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status

from server.api.dependencies import AppVersionsService, BuildsService, OriginOfRequest
from server.api.errors import Problem
from server.api.schemas import ChangeBody, RestoreBody, VersionList
from server.services.app_versions import Comparison
from server.services.asked_changes import AskedChange
from server.services.build_status import BuildStatus
from server.services.edited_files import MAX_BYTES, files_of_zip
from server.services.errors import FilesUnusable

router = APIRouter(
    prefix="/api/builds/{workflow_id}",
    tags=["versions"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)


def takes_files(path: str) -> bool:
    """Whether whole apps are handed in there, which are larger than any description."""
    return path.endswith(("/changes", "/changes.zip"))


@router.post("/changes", status_code=status.HTTP_202_ACCEPTED)
async def change(workflow_id: UUID, body: ChangeBody, builds: BuildsService, origin: OriginOfRequest) -> BuildStatus:
    """Ask for a change to an app that is finished or waits for a decision, in words or by edited files.

    What is in use stays until the change is approved.
    """
    return await builds.change(workflow_id, body.asked(), origin=origin)


@router.post("/changes.zip", status_code=status.HTTP_202_ACCEPTED, openapi_extra={"requestBody": {"content": {"application/zip": {}}}})
async def change_by_zip(
    workflow_id: UUID,
    request: Request,
    builds: BuildsService,
    feedback: Annotated[str, Query(max_length=20_000)] = "",
    requested_by: Annotated[str, Query(min_length=1, max_length=200)] = "local",
) -> BuildStatus:
    """The same with the edited app as a zip, as it was delivered: what was edited is merged, never overwritten."""
    if int(request.headers.get("content-length", 0)) > MAX_BYTES:
        raise FilesUnusable("The zip is too large.")
    files = files_of_zip(await request.body())
    return await builds.change(workflow_id, AskedChange(feedback=feedback, files=files, requested_by=requested_by))


@router.get("/versions")
async def list_versions(workflow_id: UUID, versions: AppVersionsService) -> VersionList:
    """The checked versions of the app, oldest first."""
    return VersionList(items=await versions.list(workflow_id))


@router.get("/versions/{number}/artifact.zip", response_class=Response)
async def version_package(workflow_id: UUID, number: int, versions: AppVersionsService) -> Response:
    """The package of one version; it stays when later ones are delivered."""
    packed = await versions.package(workflow_id, number)
    headers = {"Content-Disposition": f'attachment; filename="{packed.file_name}"', "ETag": f'"{packed.sha256}"'}
    return Response(packed.content, media_type="application/zip", headers=headers)


@router.post("/versions/{number}/restore", status_code=status.HTTP_202_ACCEPTED)
async def restore(workflow_id: UUID, number: int, body: RestoreBody, builds: BuildsService) -> BuildStatus:
    """Make an older version the next one, with a migration that keeps what it has room for."""
    return await builds.change(workflow_id, AskedChange(restore_version=number, requested_by=body.requested_by))


@router.get("/compare")
async def compare(workflow_id: UUID, before: int, after: int, versions: AppVersionsService) -> Comparison:
    """How two versions differ: in the specification, in words, and file by file."""
    return await versions.compare(workflow_id, before, after)
