"""Put the dashboard onto the HTTP application: its pages, its scripts and style, and `/` that leads to them."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from server.dashboard import (
    build_pages,
    decisions,
    edit_pages,
    list_pages,
    new_build,
    previews,
    server_pages,
    settings_page,
    sign_in,
    time_travel,
)

STATIC = Path(__file__).parent / "static"
ROUTERS = (
    list_pages.router,
    new_build.router,
    decisions.router,
    edit_pages.router,
    build_pages.router,
    previews.router,
    time_travel.router,
    server_pages.router,
    settings_page.router,
    sign_in.router,
)


def add_dashboard(app: FastAPI) -> None:
    """Serve the dashboard beside the API."""
    app.add_api_route("/", _home, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router)


async def _home() -> RedirectResponse:
    return RedirectResponse("/builds")
