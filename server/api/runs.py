"""Runs of the LangGraph API on a thread: begin, wait, follow, rejoin, cancel, delete."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response, status
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BeforeValidator

from checkpoints.records import CancelAction
from server.api.dependencies import CallerOfRequest, RunsService, RunStreamsService
from server.api.errors import Problem
from server.api.run_responses import after_event, place_of, streamed_events, streamed_result, streamed_stop
from server.api.runs_schemas import (
    EVERY_FIELD,
    OnDisconnect,
    RunCreate,
    RunField,
    RunOnWire,
    RunsCancel,
    WireRunStatus,
    run_on_wire,
    without_blanks,
)
from server.services.run_order import WireStreamMode

StreamModes = Annotated[list[WireStreamMode] | None, BeforeValidator(without_blanks), Query()]
LastEventId = Annotated[str | None, Header()]

router = APIRouter(
    tags=["runs"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)


@router.post("/threads/{thread_id}/runs", response_model_exclude_unset=True)
async def create_run(thread_id: UUID, body: RunCreate, response: Response, runs: RunsService, caller: CallerOfRequest) -> RunOnWire:
    """Begin a run in the background."""
    run = await runs.accept(thread_id, body.new_run(), caller=caller)
    response.headers["Content-Location"] = place_of(run)
    return run_on_wire(run)


@router.post("/threads/{thread_id}/runs/stream", response_class=StreamingResponse)
async def stream_run(
    thread_id: UUID, body: RunCreate, runs: RunsService, streams: RunStreamsService, caller: CallerOfRequest
) -> StreamingResponse:
    """Begin a run and follow it."""
    run = await runs.accept(thread_id, body.new_run(), caller=caller)
    return streamed_events(run, streams, cancels=body.on_disconnect is OnDisconnect.cancel)


@router.post("/threads/{thread_id}/runs/wait", response_class=StreamingResponse)
async def wait_for_run(
    thread_id: UUID, body: RunCreate, runs: RunsService, streams: RunStreamsService, caller: CallerOfRequest
) -> StreamingResponse:
    """Begin a run and wait for what it comes to."""
    run = await runs.accept(thread_id, body.new_run(watched=False), caller=caller)
    return streamed_result(run, streams, cancels=body.on_disconnect is OnDisconnect.cancel)


@router.get("/threads/{thread_id}/runs", response_model_exclude_unset=True)
async def list_runs(
    thread_id: UUID,
    runs: RunsService,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    wanted: Annotated[WireRunStatus | None, Query(alias="status")] = None,
    select: Annotated[list[RunField] | None, Query()] = None,
) -> list[RunOnWire]:
    """The runs of a thread, newest first."""
    found = await runs.list_of_thread(thread_id, statuses=wanted.statuses() if wanted else None, limit=limit, offset=offset)
    return [run_on_wire(run, select or EVERY_FIELD) for run in found]


@router.get("/threads/{thread_id}/runs/{run_id}", response_model_exclude_unset=True)
async def get_run(thread_id: UUID, run_id: UUID, runs: RunsService) -> RunOnWire:
    """One run."""
    return run_on_wire(await runs.get(thread_id, run_id))


@router.get("/threads/{thread_id}/runs/{run_id}/join", response_class=StreamingResponse)
async def join_run(
    thread_id: UUID, run_id: UUID, runs: RunsService, streams: RunStreamsService, cancel_on_disconnect: bool = False
) -> StreamingResponse:
    """Wait for what a run comes to."""
    return streamed_result(await runs.get(thread_id, run_id), streams, cancels=cancel_on_disconnect)


@router.get("/threads/{thread_id}/runs/{run_id}/stream", response_class=StreamingResponse)
async def join_stream(
    thread_id: UUID,
    run_id: UUID,
    runs: RunsService,
    streams: RunStreamsService,
    stream_mode: StreamModes = None,
    cancel_on_disconnect: bool = False,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Follow a run from now, from after `Last-Event-ID`, or from its beginning with -1."""
    run = await runs.get(thread_id, run_id)
    after = after_event(last_event_id, otherwise=run.last_event_seq)
    return streamed_events(run, streams, after=after, modes=stream_mode, cancels=cancel_on_disconnect)


@router.post("/threads/{thread_id}/runs/{run_id}/cancel", response_class=StreamingResponse)
async def cancel_run(
    thread_id: UUID,
    run_id: UUID,
    runs: RunsService,
    streams: RunStreamsService,
    wait: bool = False,
    action: CancelAction = CancelAction.interrupt,
) -> Response:
    """Stop a run: keep what it did, or with `rollback` delete it with its checkpoints. `wait` answers once it has stopped."""
    run = await runs.get(thread_id, run_id)
    await runs.cancel(thread_id, run_id, action)
    return streamed_stop(run, streams) if wait else JSONResponse({})


@router.delete("/threads/{thread_id}/runs/{run_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_run(thread_id: UUID, run_id: UUID, runs: RunsService) -> None:
    """Delete a run that has ended. The thread keeps what it did."""
    await runs.delete(thread_id, run_id)


@router.post("/runs/cancel", status_code=status.HTTP_204_NO_CONTENT)
async def cancel_runs(body: RunsCancel, runs: RunsService, caller: CallerOfRequest, action: CancelAction = CancelAction.interrupt) -> None:
    """Stop some runs of a thread, or every run that is pending or running."""
    if body.status:
        await runs.cancel_all(body.statuses(), action, caller=caller)
    else:
        assert body.thread_id is not None
        await runs.cancel_some(body.thread_id, body.run_ids or (), action)
