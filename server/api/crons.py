"""Crons of the LangGraph API: runs that begin by themselves, on one thread or each on its own."""

from uuid import UUID

from fastapi import APIRouter, Response

from server.api.cron_bodies import (
    EVERY_FIELD,
    CronCount,
    CronCreate,
    CronOnWire,
    CronPatch,
    CronSearch,
    ThreadCronCreate,
    cron_on_wire,
)
from server.api.dependencies import CallerOfRequest, CronsService
from server.api.errors import Problem
from server.api.wire import JsonMap, set_pagination

router = APIRouter(
    tags=["crons"],
    responses={404: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)


@router.post("/threads/{thread_id}/runs/crons", response_model_exclude_unset=True)
async def create_cron_on_thread(thread_id: UUID, body: ThreadCronCreate, crons: CronsService, caller: CallerOfRequest) -> CronOnWire:
    """Begin runs on a thread by a schedule."""
    return cron_on_wire(await crons.create(body.assistant_id, thread_id, body.draft(), caller=caller))


@router.post("/runs/crons", response_model_exclude_unset=True)
async def create_cron(body: CronCreate, crons: CronsService, caller: CallerOfRequest) -> CronOnWire:
    """Begin runs by a schedule, each on a new thread."""
    return cron_on_wire(await crons.create(body.assistant_id, None, body.draft(), caller=caller))


@router.post("/runs/crons/search", response_model_exclude_unset=True)
async def search_crons(body: CronSearch, response: Response, crons: CronsService, caller: CallerOfRequest) -> list[CronOnWire]:
    """Find crons by assistant, thread, metadata, or whether they are enabled."""
    found = await crons.search(
        body.which(),
        body.assistant_id,
        sort_by=body.sort_by,
        descending=body.sort_order.lower() == "desc",
        limit=body.limit,
        offset=body.offset,
        caller=caller,
    )
    set_pagination(response, offset=body.offset, shown=found.crons, total=found.total)
    return [cron_on_wire(cron, body.select or EVERY_FIELD) for cron in found.crons]


@router.post("/runs/crons/count")
async def count_crons(body: CronCount, crons: CronsService, caller: CallerOfRequest) -> int:
    """How many crons match."""
    return await crons.count(body.which(), body.assistant_id, caller=caller)


@router.get("/runs/crons/{cron_id}", response_model_exclude_unset=True)
async def get_cron(cron_id: UUID, crons: CronsService) -> CronOnWire:
    """One cron."""
    return cron_on_wire(await crons.get(cron_id))


@router.patch("/runs/crons/{cron_id}", response_model_exclude_unset=True)
async def update_cron(cron_id: UUID, body: CronPatch, crons: CronsService) -> CronOnWire:
    """Change a cron; what is left out stays."""
    return cron_on_wire(await crons.change(cron_id, body.change()))


@router.delete("/runs/crons/{cron_id}")
async def delete_cron(cron_id: UUID, crons: CronsService) -> JsonMap:
    """Delete a cron; the runs it began stay."""
    await crons.delete(cron_id)
    return {}
