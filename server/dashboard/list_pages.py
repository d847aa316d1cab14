"""The lists: builds with search and filters, and the inbox of what waits for a person."""

from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from server.dashboard.dependencies import Desk, DeskOf
from server.dashboard.page_route import PageRoute
from server.dashboard.rendering import PagesOf
from server.dashboard.stages import ShownStage, stages_of_line
from server.dashboard.words import Shown, build_state
from server.services.build_list import BuildLine, BuildSearch, Position
from server.services.build_status import RuntimeStatus

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SPANS = ((24, "Today"), (168, "Last 7 days"), (720, "Last 30 days"))


class SearchForm(BaseModel):
    """The filters above the list, as they stand in the address. What is empty or unreadable filters nothing."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(default="", max_length=200)
    status: RuntimeStatus | str = ""
    person: str = Field(default="", max_length=200)
    within: str = ""
    before: str = ""

    def search(self) -> BuildSearch:
        """What the service is asked."""
        within = float(self.within) if self.within.isdigit() else None
        return BuildSearch(
            text=self.text.replace("\x00", "").strip() or None,
            status=self.status if isinstance(self.status, RuntimeStatus) else None,
            person=self.person.replace("\x00", "").strip() or None,
            within_hours=within,
            before=Position.read(self.before),
        )


@dataclass(frozen=True)
class ShownLine:
    """A line of the list of builds."""

    build: BuildLine
    title: str
    shown: Shown
    stages: tuple[ShownStage, ...]


@router.get("/builds")
async def list_builds(form: Annotated[SearchForm, Query()], desk: DeskOf, pages: PagesOf) -> Response:
    """Builds, the newest first."""
    search = form.search()
    page = await desk.build_list.search(search)
    lines = [await shown_line(desk, line) for line in page.lines]
    return await pages.show(
        "builds.html",
        here="builds",
        search=search,
        page=page,
        lines=lines,
        statuses=tuple(RuntimeStatus),
        spans=SPANS,
        filtered=replace(search, before=None) != BuildSearch(),
        older=page.older and f"/builds?{urlencode(form.model_dump(exclude={'before'}) | {'before': page.older.written()})}",
    )


@router.get("/inbox")
async def inbox(desk: DeskOf, pages: PagesOf, before: Annotated[str, Query(max_length=100)] = "") -> Response:
    """What waits for a person, asked last first."""
    page = await desk.build_list.waiting(Position.read(before))
    older = page.older and f"/inbox?{urlencode({'before': page.older.written()})}"
    return await pages.show("inbox.html", here="inbox", page=page, older=older)


async def shown_line(desk: Desk, line: BuildLine) -> ShownLine:
    """A line as it is shown. How far a running build is, only its events tell; there are never many of those."""
    progress = await desk.builds.progress(line.workflow_id) if line.runtime_status is RuntimeStatus.running else None
    title = line.title or line.description.strip().partition("\n")[0][:80] or "Untitled"
    return ShownLine(line, title, build_state(line.runtime_status, progress), stages_of_line(line, progress))
