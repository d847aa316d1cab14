"""Answers that begin at once and end with the run: its events, or what it came to. Their headers say where the run is."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping

from fastapi.responses import StreamingResponse

from checkpoints.records import JsonObject, Run, RunEvent
from server.api.sse import event_stream, with_heartbeats
from server.services.run_order import WireStreamMode, order_of
from server.services.run_streams import RunStreams

EVENT_STREAM = "text/event-stream; charset=utf-8"
NOT_STORED: Mapping[str, str] = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
FROM_THE_START = frozenset({"-1", "-", "0"})
ALWAYS_SENT = frozenset({"metadata", "error", "end"})


def place_of(run: Run) -> str:
    """Where clients find the run; they read the ids from it."""
    return f"/runs/{run.run_id}" if order_of(run).is_temporary else way_back(run)


def way_back(run: Run) -> str:
    """Where a client whose connection broke goes on; also a run without a thread has one until it was followed to its end."""
    return f"/threads/{run.thread_id}/runs/{run.run_id}"


def after_event(last_event_id: str | None, *, otherwise: int) -> int:
    """The number to continue after; without the header only what comes from now on."""
    if last_event_id is None:
        return otherwise
    return 0 if last_event_id in FROM_THE_START or not last_event_id.isdigit() else int(last_event_id)


def streamed_events(
    run: Run, streams: RunStreams, *, after: int = 0, modes: Collection[WireStreamMode] | None = None, cancels: bool = False
) -> StreamingResponse:
    """The run's events. With `cancels` the run ends with the connection. Only a resumable run's events carry ids."""
    events = of_modes(streams.events(run, after=after), modes)
    text = event_stream(events, with_ids=order_of(run).stream_resumable)
    headers = {"Location": f"{way_back(run)}/stream", "Content-Location": place_of(run), **NOT_STORED}
    return StreamingResponse(tied(text, run, streams) if cancels else text, media_type=EVENT_STREAM, headers=headers)


def streamed_result(run: Run, streams: RunStreams, *, cancels: bool = False) -> StreamingResponse:
    """What the run comes to. Until then newlines, which JSON ignores, keep the connection open."""
    text = with_heartbeats(result_of(run, streams), json.dumps, "\n")
    headers = {"Location": f"{way_back(run)}/join", "Content-Location": place_of(run), "Cache-Control": "no-store"}
    return StreamingResponse(tied(text, run, streams) if cancels else text, media_type="application/json", headers=headers)


def streamed_stop(run: Run, streams: RunStreams) -> StreamingResponse:
    """An empty object once the run has stopped."""
    text = with_heartbeats(stop_of(run, streams), json.dumps, "\n")
    return StreamingResponse(text, media_type="application/json", headers={"Content-Location": place_of(run)})


async def result_of(run: Run, streams: RunStreams) -> AsyncIterator[JsonObject]:
    """The one thing that `runs/wait` answers."""
    yield await streams.result(run)


async def stop_of(run: Run, streams: RunStreams) -> AsyncIterator[JsonObject]:
    """The one thing that `cancel?wait=true` answers."""
    await streams.ended(run)
    yield {}


async def tied(text: AsyncIterator[str], run: Run, streams: RunStreams) -> AsyncIterator[str]:
    """The same; when the client goes before the end, the run is stopped."""
    try:
        async for part in text:
            yield part
    except (asyncio.CancelledError, GeneratorExit):
        streams.leave(run)
        raise


async def of_modes(events: AsyncIterator[RunEvent], modes: Collection[WireStreamMode] | None) -> AsyncIterator[RunEvent]:
    """Only the events of these stream modes; an event is called by its mode, with a detail after `/` or `|`."""
    wanted = None if modes is None else {mode.removesuffix("-tuple") for mode in modes} | ALWAYS_SENT
    async for event in events:
        if wanted is None or event.event.split("|")[0].split("/")[0] in wanted:
            yield event
