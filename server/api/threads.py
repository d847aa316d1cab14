"""Threads of the LangGraph API: create, find, change and delete them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from server.api.dependencies import CallerOfRequest, ThreadsService
from server.api.errors import Problem
from server.api.thread_bodies import (
    EVERY_FIELD,
    StorageOnWire,
    ThreadCount,
    ThreadCreate,
    ThreadOnWire,
    ThreadPatch,
    ThreadPrune,
    ThreadSearch,
    ThreadsPruned,
    storage_on_wire,
    thread_on_wire,
)
from server.api.wire import set_pagination

router = APIRouter(
    prefix="/threads",
    tags=["threads"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)


@router.post("", response_model_exclude_unset=True)
async def create_thread(body: ThreadCreate, threads: ThreadsService, caller: CallerOfRequest) -> ThreadOnWire:
    """Create a thread, or with `if_exists: do_nothing` get the one that has the id."""
    ttl = body.ttl.time_to_live() if body.ttl else None
    created = await threads.create(
        body.thread_id, metadata=body.metadata or {}, if_exists=body.if_exists, ttl=ttl, supersteps=body.changes(), caller=caller
    )
    return thread_on_wire(created)


@router.post("/search", response_model_exclude_unset=True)
async def search_threads(body: ThreadSearch, response: Response, threads: ThreadsService, caller: CallerOfRequest) -> list[ThreadOnWire]:
    """Find threads by metadata, values, status or id. The headers X-Pagination-Total and X-Pagination-Next tell of more."""
    found = await threads.search(body.which(), body.page(), caller=caller)
    set_pagination(response, offset=body.offset, shown=found.threads, total=found.total)
    return [thread_on_wire(thread, fields=body.select or EVERY_FIELD, extract=body.extract) for thread in found.threads]


@router.post("/count")
async def count_threads(body: ThreadCount, threads: ThreadsService, caller: CallerOfRequest) -> int:
    """How many threads match."""
    return await threads.count(body.which(), caller=caller)


@router.post("/prune")
async def prune_threads(body: ThreadPrune, threads: ThreadsService) -> ThreadsPruned:
    """Delete threads, or reduce them to their latest state."""
    return ThreadsPruned(pruned_count=await threads.prune(body.thread_ids, body.strategy))


@router.post("/{thread_id}/copy", response_model_exclude_unset=True)
async def copy_thread(thread_id: UUID, threads: ThreadsService, caller: CallerOfRequest) -> ThreadOnWire:
    """A new thread with the same state and history."""
    return thread_on_wire(await threads.copy(thread_id, caller=caller))


@router.get("/{thread_id}/storage")
async def get_storage(thread_id: UUID, threads: ThreadsService) -> StorageOnWire:
    """How much is kept of a thread's states."""
    return storage_on_wire(thread_id, await threads.storage(thread_id))


@router.get("/{thread_id}", response_model_exclude_unset=True)
async def get_thread(thread_id: UUID, threads: ThreadsService, include: Annotated[str, Query()] = "") -> ThreadOnWire:
    """One thread; `include=ttl` adds how long it lives."""
    return thread_on_wire(await threads.get(thread_id), with_ttl="ttl" in include.split(","))


@router.patch("/{thread_id}", response_model_exclude_unset=True)
async def update_thread(thread_id: UUID, body: ThreadPatch, threads: ThreadsService) -> ThreadOnWire:
    """Merge keys into the metadata, or begin a new time to live."""
    ttl = body.ttl.time_to_live() if body.ttl else None
    return thread_on_wire(await threads.update(thread_id, metadata=body.metadata or {}, ttl=ttl))


@router.delete("/{thread_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_thread(thread_id: UUID, threads: ThreadsService) -> None:
    """Delete a thread with its runs, state and history."""
    await threads.delete(thread_id)
