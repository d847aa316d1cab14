"""Render pages: one Jinja environment that escapes everything, and the frame around each page."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import jinja2
from fastapi import Depends
from fastapi.responses import HTMLResponse

from server.dashboard import stages, words
from server.dashboard.dependencies import Desk, DeskOf

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Place:
    """A place the rail leads to."""

    name: str
    label: str
    path: str
    icon: str


PLACES = (
    Place("builds", "Builds", "/builds", "builds"),
    Place("inbox", "Inbox", "/inbox", "inbox"),
    Place("templates", "Templates", "/templates", "templates"),
    Place("analytics", "Analytics", "/analytics", "analytics"),
    Place("agents", "Agents", "/agents", "agents"),
    Place("settings", "Settings", "/settings", "settings"),
    Place("health", "Health", "/health", "health"),
)


@cache
def environment() -> jinja2.Environment:
    """Templates with everything escaped; a name that is not given is an error, not an empty text."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(words.FILTERS)
    made.filters["stages_in_words"] = stages.in_words
    made.globals["places"] = PLACES
    return made


@dataclass(frozen=True)
class Pages:
    """Renders pages with the frame around them."""

    desk: Desk

    async def show(self, template: str, /, *, here: str = "", status_code: int = 200, **shown: object) -> HTMLResponse:
        """The page; `here` names the place of the rail it belongs to."""
        waiting = await self.desk.build_list.count_waiting()
        model = self.desk.health.information().model
        return rendered(template, status_code, here=here, waiting_count=waiting, model=model, **shown)


def rendered(template: str, status_code: int = 200, /, **shown: object) -> HTMLResponse:
    """A template, or a piece of a page, with everything it needs."""
    return HTMLResponse(environment().get_template(template).render(shown), status_code)


def _pages(desk: DeskOf) -> Pages:
    return Pages(desk)


PagesOf = Annotated[Pages, Depends(_pages)]
