"""Recorded events as server-sent events, with a heartbeat while nothing happens."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

from checkpoints.records import RunEvent

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
"""LangGraph's servers send a comment line this often; proxies drop silent connections after 30 to 60 s."""


async def event_stream(events: AsyncIterator[RunEvent]) -> AsyncIterator[str]:
    """One frame per event; the connection ends when the run is over."""
    waiting: asyncio.Task[RunEvent] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS)
            if not done:
                yield ": heartbeat\n\n"
                continue
            try:
                event = waiting.result()
            except StopAsyncIteration:
                return
            waiting = None
            yield frame(event)
    except Exception:
        log.exception("event_stream_failed")
    finally:
        if waiting:
            waiting.cancel()


def frame(event: RunEvent) -> str:
    """`event`, `data` and `id`, in that order, as on the wire of the LangGraph API."""
    return f"event: {event.event}\ndata: {json.dumps(event.data, ensure_ascii=False)}\nid: {event.seq}\n\n"
