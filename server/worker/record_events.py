"""Collect what a run streams and store it in batches, so that followers hear of it within a twentieth of a second."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from pydantic_core import to_jsonable_python

from checkpoints.connection import Database
from checkpoints.fenced_saver import Step
from checkpoints.records import ClaimedRun, NewEvent
from checkpoints.run_events import RunEventRepository
from server.services.agent_text import AGENT_TEXT, AgentText

FLUSH_SECONDS = 0.05
"""Notifying per event costs a third of the throughput and more; batches of 50-100 ms restore it (measured)."""


class EventRecorder:
    """The events of one attempt at a run. While it is open, a background task stores what `add` collected.

    With `at_once` the first event of a batch is stored without delay, for somebody who watches. Unless they `wait` for the
    disk, the newest events may be lost if the database server crashes.
    """

    def __init__(
        self, database: Database, run_events: RunEventRepository, claimed: ClaimedRun, *, at_once: bool = True, wait: bool = True
    ) -> None:
        self._database = database
        self._run_events = run_events
        self._claimed = claimed
        self._at_once = at_once
        self._wait = wait
        self._pending: list[NewEvent] = []
        self._added = asyncio.Event()
        self._storing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def add(self, event: str, data: object) -> None:
        """Collect one event; anything pydantic can make JSON of, else its text. Pieces of one answer become one event."""
        if isinstance(data, AgentText):
            data = self._continued(data)
        self._pending.append(NewEvent(event=event, data=jsonable(data)))
        self._added.set()

    def _continued(self, piece: AgentText) -> AgentText:
        """The piece behind what is pending of the same answer, which it takes the place of: a model sends hundreds in a second."""
        for index in reversed(range(len(self._pending))):
            event = self._pending[index]
            if event.event != AGENT_TEXT:
                return piece
            begun = AgentText.model_validate(event.data)
            if begun.source == piece.source:
                del self._pending[index]
                return begun.model_copy(update={"text": begun.text + piece.text})
        return piece

    def take_rest(self) -> tuple[NewEvent, ...]:
        """What was collected and not stored when the recorder was closed, to be stored with the end of the run."""
        rest, self._pending = tuple(self._pending), []
        return rest

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._store_for_ever(), name=f"events:{self._claimed.run.run_id}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task:
            self._task.cancel()
            (ended,) = await asyncio.gather(self._task, return_exceptions=True)
            async with self._storing:  # a batch that is just being stored comes before the rest
                if kind is None and isinstance(ended, Exception):
                    raise ended

    async def _store_for_ever(self) -> None:
        while True:
            await self._added.wait()
            if not self._at_once:
                await asyncio.sleep(FLUSH_SECONDS)
            await asyncio.shield(self._store())
            if self._at_once:
                await asyncio.sleep(FLUSH_SECONDS)

    async def store_beside(self, step: Step) -> None:
        """Carry out a step of the graph in one transaction with the events that led to it.

        A worker that dies right after the step is not asked to repeat it, so nobody would say again what it had to say.
        """
        async with self._storing:
            batch = self._take()
            if not batch:
                async with self._database.statement() as transaction:
                    await step(transaction)
                return
            with self._kept_unless_stored(batch):
                async with self._database.transaction() as transaction:
                    await self._run_events.append(self._claimed, batch, worth_waiting_for=self._wait, transaction=transaction)
                    await step(transaction)

    async def _store(self) -> None:
        async with self._storing:
            batch = self._take()
            with self._kept_unless_stored(batch):
                await self._run_events.append(self._claimed, batch, worth_waiting_for=self._wait)

    def _take(self) -> list[NewEvent]:
        self._added.clear()
        batch, self._pending = self._pending, []
        return batch

    @contextmanager
    def _kept_unless_stored(self, batch: list[NewEvent]) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._pending = batch + self._pending
            raise


def jsonable(value: object) -> object:
    """`value` as JSON data; what has no JSON form is shown by its text."""
    return to_jsonable_python(value, fallback=str, by_alias=True)
