"""Hear at once that a run changed. One LISTEN connection per process; says that something happened, never what.

Notifications are lost while the connection is down, so whoever waits also looks again after a reconnect and every few
seconds: a notification saves time, correctness never depends on one.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from uuid import UUID

from checkpoints.connection import Database
from checkpoints.errors import PersistenceError

_FIRST_RETRY_SECONDS = 0.05
_LAST_RETRY_SECONDS = 2.0


class RunChanges:
    """What one subscriber waits on."""

    def __init__(self, look_again_seconds: float) -> None:
        self._changed = asyncio.Event()
        self._look_again_seconds = look_again_seconds

    def notice(self) -> None:
        """Something may have changed."""
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[None]:
        """Yields whenever it is worth looking: at first, after each change, and every few seconds."""
        while True:
            self._changed.clear()
            yield
            try:
                async with asyncio.timeout(self._look_again_seconds):
                    await self._changed.wait()
            except TimeoutError:
                continue


class RunNotifications:
    """Listens while it is open, and reconnects as often as it takes."""

    def __init__(self, database: Database, *, look_again_seconds: float = 5.0) -> None:
        self._database = database
        self._look_again_seconds = look_again_seconds
        self._subscribers: defaultdict[UUID, set[RunChanges]] = defaultdict(set)
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen_for_ever(), name="run_notifications")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextmanager
    def subscribe(self, run_id: UUID) -> Iterator[RunChanges]:
        """Hear of changes of one run for as long as the block lasts."""
        changes = RunChanges(self._look_again_seconds)
        self._subscribers[run_id].add(changes)
        try:
            yield changes
        finally:
            self._subscribers[run_id].discard(changes)
            if not self._subscribers[run_id]:
                del self._subscribers[run_id]

    async def listening(self) -> None:
        """Return once notifications arrive."""
        await self._listening.wait()

    async def _listen_for_ever(self) -> None:
        retry_seconds = _FIRST_RETRY_SECONDS
        while True:
            try:
                await self._listen()
            except PersistenceError:
                retry_seconds = _FIRST_RETRY_SECONDS if self._listening.is_set() else min(2 * retry_seconds, _LAST_RETRY_SECONDS)
            self._listening.clear()
            await asyncio.sleep(retry_seconds)

    async def _listen(self) -> None:
        async with self._database.direct_connection() as connection:
            await connection.execute("LISTEN appyard_runs")
            self._listening.set()
            for run_id in list(self._subscribers):
                self._notice(run_id)
            async for notification in connection.notifies():
                self._notice(UUID(notification.payload))

    def _notice(self, run_id: UUID) -> None:
        for changes in self._subscribers.get(run_id, ()):
            changes.notice()
