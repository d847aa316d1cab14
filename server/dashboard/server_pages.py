"""Pages about the server itself: how builds went, who the agents are, and whether it works."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Response

from checkpoints.records import CostDimension
from server.dashboard.dependencies import DeskOf
from server.dashboard.page_route import PageRoute
from server.dashboard.rendering import PagesOf
from server.dashboard.words import money
from server.services.analytics import DayFigures

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SPANS = (7, 30, 90)
COST_TABLES = ((CostDimension.agent, "Agent"), (CostDimension.model, "Model"), (CostDimension.user, "Person"))
CHART_WIDTH, CHART_HEIGHT = 720, 120


@dataclass(frozen=True)
class DayBar:
    """One day of the chart: how high its builds stand, and how many of them were delivered."""

    x: int
    y: float
    height: float
    delivered_y: float
    delivered_height: float
    title: str
    label: str


@dataclass(frozen=True)
class DayChart:
    """Builds by day; `in_words` says the same to those who do not see it."""

    width: int
    height: int
    bar_width: int
    most: int
    bars: tuple[DayBar, ...]
    in_words: str


@router.get("/analytics")
async def analytics(desk: DeskOf, pages: PagesOf, days: Annotated[int, Query(ge=1, le=365)] = 30) -> Response:
    """Builds, success, times and money of the last days."""
    spent = await desk.analytics.spent(days=days)
    by_day = await desk.analytics.by_day(days=days)
    return await pages.show(
        "analytics.html",
        here="analytics",
        days=days,
        day_spans=SPANS,
        figures=await desk.analytics.figures(days=days),
        chart=chart_of(by_day),
        by_day=[day for day in reversed(by_day) if day.builds or day.cost_usd],
        total=spent.total,
        estimated=await desk.spending.estimate_report(days=days),
        tables=[(label, spent.by[dimension]) for dimension, label in COST_TABLES],
    )


@router.get("/agents")
async def agents(desk: DeskOf, pages: PagesOf) -> Response:
    """Who the agents are, and what they are told."""
    return await pages.show("agents.html", here="agents", cards=desk.workplace.agents)


@router.get("/health")
async def health(desk: DeskOf, pages: PagesOf) -> Response:
    """Whether everything works, found out by trying it."""
    readiness = await desk.health.readiness()
    examined = await desk.workplace.examine()
    return await pages.show("health.html", here="health", examined=examined, readiness=readiness, information=desk.health.information())


def chart_of(days: tuple[DayFigures, ...]) -> DayChart:
    """The picture of these days."""
    most = max((day.builds for day in days), default=0)
    scale = CHART_HEIGHT / max(most, 1)
    every = max(1, len(days) // 7)
    bars = tuple(
        DayBar(
            x=index * CHART_WIDTH // len(days),
            y=CHART_HEIGHT - day.builds * scale,
            height=day.builds * scale,
            delivered_y=CHART_HEIGHT - day.delivered * scale,
            delivered_height=day.delivered * scale,
            title=f"{day.day}: {day.builds} begun, {day.delivered} delivered, {money(day.cost_usd)}",
            label=f"{day.day:%-d %b}" if (len(days) - 1 - index) % every == 0 else "",
        )
        for index, day in enumerate(days)
    )
    words = f"{sum(day.builds for day in days)} builds begun in {len(days)} days, at most {most} on one day."
    return DayChart(CHART_WIDTH, CHART_HEIGHT, max(1, CHART_WIDTH // max(1, len(days)) - 2), most, bars, words)
