"""Collect what a run streams and store it in batches, so that followers hear of it within a twentieth of a second."""

import asyncio
from types import TracebackType
from typing import Self

from pydantic_core import to_jsonable_python

from checkpoints.records import ClaimedRun, NewEvent
from checkpoints.run_events import RunEventRepository

FLUSH_SECONDS = 0.05
"""Notifying per event costs a third of the throughput and more; batches of 50-100 ms restore it (measured)."""


class EventRecorder:
    """The events of one attempt at a run. While it is open, a background task stores what `add` collected."""

    def __init__(self, run_events: RunEventRepository, claimed: ClaimedRun) -> None:
        self._run_events = run_events
        self._claimed = claimed
        self._pending: list[NewEvent] = []
        self._storing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def add(self, event: str, data: object) -> None:
        """Collect one event; anything pydantic can make JSON of, else its text."""
        self._pending.append(NewEvent(event=event, data=jsonable(data)))

    async def flush(self) -> None:
        """Store what was collected, in order. Raises `LeaseLost`."""
        async with self._storing:
            batch, self._pending = self._pending, []
            await self._run_events.append(self._claimed, batch)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._flush_for_ever(), name=f"events:{self._claimed.run.run_id}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task:
            self._task.cancel()
            (ended,) = await asyncio.gather(self._task, return_exceptions=True)
            if kind is None and isinstance(ended, Exception):
                raise ended
        if kind is None:
            await self.flush()

    async def _flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if self._pending:
                await asyncio.shield(self.flush())


def jsonable(value: object) -> object:
    """`value` as JSON data; what has no JSON form is shown by its text."""
    return to_jsonable_python(value, fallback=str, by_alias=True)
