"""The page on which a person tries the built app: the app in a frame, who they may be in it, and what it says beside."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from server.dashboard.dependencies import DeskOf
from server.dashboard.page_route import POLICY, PageRoute
from server.dashboard.rendering import PagesOf
from server.services.errors import PreviewNotRunning
from server.services.previews import PreviewNotes

router = APIRouter(prefix="/builds/{workflow_id}/preview", route_class=PageRoute, include_in_schema=False)

NOTHING_SAID = PreviewNotes(log="", console=())


@router.get("")
async def show(workflow_id: UUID, desk: DeskOf, pages: PagesOf) -> Response:
    """The app as it runs, or the offer to start it."""
    record = await desk.records.get(workflow_id)
    try:
        preview, notes = desk.previews.get(workflow_id), desk.previews.notes(workflow_id)
    except PreviewNotRunning:
        preview, notes = None, NOTHING_SAID
    page = await pages.show("preview.html", here="builds", record=record, preview=preview, notes=notes)
    if preview:
        page.headers["Content-Security-Policy"] = POLICY.format(frames=preview.url)
    return page


@router.post("")
async def start(workflow_id: UUID, request: Request, desk: DeskOf, version: Annotated[int | None, Form(ge=1)] = None) -> Response:
    """Run the app, and lead to its page."""
    await desk.previews.start(workflow_id, version=version, shown_in=origins_of(request.headers.get("host", "")))
    return _back_to(workflow_id)


@router.post("/sign-in")
async def sign_in(workflow_id: UUID, desk: DeskOf, role: Annotated[str, Form(max_length=60)]) -> Response:
    """Be one of the people the sample data know."""
    await desk.previews.enter(workflow_id, role)
    return _back_to(workflow_id)


@router.post("/stop")
async def stop(workflow_id: UUID, desk: DeskOf) -> Response:
    """End it."""
    await desk.previews.stop(workflow_id)
    return _back_to(workflow_id)


def origins_of(host: str) -> str:
    """The origins whose pages may frame the app, as a policy names them; a proxy before us may speak either scheme."""
    return f"http://{host} https://{host}" if re.fullmatch(r"[\w.:\[\]-]+", host) else ""


def _back_to(workflow_id: UUID) -> RedirectResponse:
    return RedirectResponse(f"/builds/{workflow_id}/preview", status_code=303)
