"""The settings in effect, and the ones people change here: whose builds share the answers of models. It needs no script."""

from collections.abc import Mapping

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from server.dashboard.build_pages import Said
from server.dashboard.decisions import FieldsOf, reviewer_of
from server.dashboard.dependencies import DeskOf
from server.dashboard.page_route import PageRoute
from server.dashboard.rendering import Pages, PagesOf
from server.dashboard.words import Tone
from server.services.answer_caches import CacheChange

router = APIRouter(prefix="/settings", route_class=PageRoute, include_in_schema=False)

CHANGES: Mapping[str, str] = {"on": "On, for the hours given", "off": "Off", "default": "As the server is set up"}


@router.get("")
async def settings(pages: PagesOf) -> Response:
    """What is in effect; secrets only say whether they are set."""
    return await show_settings(pages, {})


@router.post("/cache")
async def change_cache(fields: FieldsOf, desk: DeskOf, pages: PagesOf) -> Response:
    """Switch the cache of one user. What cannot be used is said, and what was typed stays."""
    try:
        await desk.answer_caches.change(cache_change(fields))
    except ValidationError as error:
        first = error.errors()[0]
        words = f"{'Hours' if first['loc'] == ('hours',) else 'User'}: {first['msg'].removeprefix('Value error, ')}."
        return await show_settings(pages, fields, Said(Tone.bad, "The cache was not changed", words), 422)
    return back_to_cache()


@router.post("/cache/clear")
async def clear_cache(fields: FieldsOf, desk: DeskOf) -> Response:
    """Forget the answers kept for one user."""
    if user_id := fields.get("user_id"):
        await desk.answer_caches.clear(user_id)
    return back_to_cache()


async def show_settings(pages: Pages, typed: Mapping[str, str], said: Said | None = None, status_code: int = 200) -> Response:
    """The page, with what was typed into its form."""
    return await pages.show(
        "settings.html",
        here="settings",
        status_code=status_code,
        settings=pages.desk.workplace.settings,
        caches=await pages.desk.answer_caches.overview(),
        changes=CHANGES,
        typed={"user_id": "", "hours": "24", "change": "on"} | dict(typed),
        said=said,
    )


def cache_change(fields: Mapping[str, str]) -> CacheChange:
    """What the form says. Raises pydantic's ValidationError."""
    hours = {"off": 0, "default": None}.get(fields.get("change", ""), fields.get("hours", ""))
    return CacheChange.model_validate({"user_id": fields.get("user_id", ""), "hours": hours, "set_by": reviewer_of(fields)})


def back_to_cache() -> RedirectResponse:
    """The page again, at the table."""
    return RedirectResponse("/settings#shared-answers", 303)
