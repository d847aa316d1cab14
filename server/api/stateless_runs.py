"""Runs of the LangGraph API that get a thread of their own, which by default goes with them."""

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from server.api.dependencies import CallerOfRequest, RunsService, RunStreamsService
from server.api.errors import Problem
from server.api.run_responses import place_of, streamed_events, streamed_result
from server.api.runs_schemas import OnDisconnect, RunCreateAlone, RunOnWire, run_on_wire

router = APIRouter(
    prefix="/runs",
    tags=["runs without a thread"],
    responses={404: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)

Batch = Annotated[list[RunCreateAlone], Field(min_length=1, max_length=100)]


@router.post("", response_model_exclude_unset=True)
async def create_run(body: RunCreateAlone, response: Response, runs: RunsService, caller: CallerOfRequest) -> RunOnWire:
    """Begin a run in the background."""
    (run,) = await runs.accept_alone([body.new_run()], caller=caller)
    response.headers["Content-Location"] = place_of(run)
    return run_on_wire(run)


@router.post("/stream", response_class=StreamingResponse)
async def stream_run(body: RunCreateAlone, runs: RunsService, streams: RunStreamsService, caller: CallerOfRequest) -> StreamingResponse:
    """Begin a run and follow it."""
    (run,) = await runs.accept_alone([body.new_run()], caller=caller)
    return streamed_events(run, streams, cancels=body.on_disconnect is OnDisconnect.cancel)


@router.post("/wait", response_class=StreamingResponse)
async def wait_for_run(body: RunCreateAlone, runs: RunsService, streams: RunStreamsService, caller: CallerOfRequest) -> StreamingResponse:
    """Begin a run and wait for what it comes to."""
    (run,) = await runs.accept_alone([body.new_run(watched=False)], caller=caller)
    return streamed_result(run, streams, cancels=body.on_disconnect is OnDisconnect.cancel)


@router.post("/batch", response_model_exclude_unset=True)
async def create_runs(body: Batch, runs: RunsService, caller: CallerOfRequest) -> list[RunOnWire]:
    """Begin several runs in the background: all of them, or none."""
    return [run_on_wire(run) for run in await runs.accept_alone([one.new_run() for one in body], caller=caller)]
