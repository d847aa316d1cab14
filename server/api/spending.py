"""The routes of money: what was spent, and what a build will cost."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from checkpoints.records import CostDimension
from nodes.costs import CostEstimate
from server.api.dependencies import SpendingService
from server.api.errors import Problem
from server.api.schemas import StartBody
from server.services.estimate_use import EstimateReport
from server.services.spending import CostReport

router = APIRouter(prefix="/api", tags=["workflow"], responses={422: {"model": Problem}, 503: {"model": Problem}})


@router.post("/estimate")
async def estimate(body: StartBody, spending: SpendingService) -> CostEstimate:
    """What a build started with the same body will cost, with a range. Asks no model, starts nothing."""
    return await spending.estimate(body.request(), body.options, template=body.template)


@router.get("/estimates")
async def estimates(
    spending: SpendingService, days: Annotated[int | None, Query(ge=1, le=3650, description="Only the last days.")] = None
) -> EstimateReport:
    """How well finished builds were estimated: for each choice of models and each stack, how often they stayed in their range."""
    return await spending.estimate_report(days=days)


@router.get("/costs")
async def costs(
    spending: SpendingService,
    by: CostDimension = CostDimension.build,
    workflow_id: UUID | None = None,
    user_id: Annotated[str | None, Query(max_length=200)] = None,
    days: Annotated[int | None, Query(ge=1, le=3650, description="Only the last days.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> CostReport:
    """What models cost, summed up by call, build, run, user, day, node, agent, component or model; the dearest first."""
    return await spending.costs(by, workflow_id=workflow_id, user_id=user_id, days=days, limit=limit)
