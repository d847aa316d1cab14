"""Recorded events as server-sent events, with a heartbeat while nothing happens."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeVar

from checkpoints.records import RunEvent

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
"""LangGraph's servers send a comment line this often; proxies drop silent connections after 30 to 60 s."""

Item = TypeVar("Item")

HEARTBEAT = ": heartbeat\n\n"


def event_stream(events: AsyncIterator[RunEvent], *, with_ids: bool = True) -> AsyncIterator[str]:
    """One frame per event; the connection ends when the run is over. An id is a promise that the stream can be resumed."""
    return with_heartbeats(events, partial(frame, with_id=with_ids), HEARTBEAT)


async def with_heartbeats(items: AsyncIterator[Item], text_of: Callable[[Item], str], heartbeat: str) -> AsyncIterator[str]:
    """The text of every item, and `heartbeat` whenever nothing came for five seconds."""
    waiting: asyncio.Task[Item] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(items))
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS)
            if not done:
                yield heartbeat
                continue
            try:
                item = waiting.result()
            except StopAsyncIteration:
                return
            waiting = None
            yield text_of(item)
    except Exception:
        log.exception("stream_failed")
    finally:
        if waiting:
            waiting.cancel()


def frame(event: RunEvent, *, with_id: bool = True) -> str:
    """`event`, `data` and `id`, in that order, as on the wire of the LangGraph API."""
    identity = f"id: {event.seq}\n" if with_id else ""
    return f"event: {event.event}\ndata: {json.dumps(event.data)}\n{identity}\n"
