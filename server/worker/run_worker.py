"""A worker: takes runs from the queue, and gives back what dead workers left."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from checkpoints.errors import DatabaseBusy, DatabaseUnreachable, PersistenceError, StorageFull
from checkpoints.runs import RunRepository
from server.graphs import GraphCatalogue
from server.langgraph_json import APPYARD
from server.run_queue import RunQueue
from server.services.errors import GraphNotLoaded
from server.worker.execute_run import RunExecutor
from server.worker.recover_runs import recover_runs

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0
FORGETTING_PERIOD_SECONDS = 15.0
TEMPORARY_SECONDS = 60.0
"""How long what a run without a thread came to can still be asked for."""


class RunWorker:
    """The loops of one worker process."""

    def __init__(
        self,
        executor: RunExecutor,
        runs: RunRepository,
        run_queue: RunQueue,
        graphs: GraphCatalogue,
        *,
        concurrency: int,
        name: str,
    ) -> None:
        self._executor = executor
        self._runs = runs
        self._run_queue = run_queue
        self._graphs = graphs
        self._concurrency = concurrency
        self._name = name
        self._taking: asyncio.Task[None] | None = None
        self._outage: str | None = None

    @property
    def outage(self) -> str | None:
        """What keeps every run waiting, and what to do about it; None while runs go on."""
        return self._outage

    def is_alive(self) -> bool:
        """Whether runs are being taken."""
        return self._taking is not None and not self._taking.done()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Work for as long as the block lasts; runs under way go back to the queue at its end."""
        self._taking = asyncio.create_task(self._take_for_ever(), name="take_runs")
        loops = [
            self._taking,
            asyncio.create_task(recover_runs(self._runs, self._run_queue), name="recover_runs"),
            asyncio.create_task(self._forget_for_ever(), name="forget_temporary_threads"),
            asyncio.create_task(self._load_ahead(), name="load_graph"),
        ]
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    async def _take_for_ever(self) -> None:
        """Procrastinate's worker returns when its connection or its own row is lost; it is started again."""
        while True:
            try:
                await self._run_queue.work(self._execute, concurrency=self._concurrency, name=self._name)
            except Exception:
                log.exception("worker_restarts")
            await asyncio.sleep(RESTART_SECONDS)

    async def _execute(self, run_id: UUID) -> None:
        try:
            await self._executor.execute(run_id)
        except (DatabaseUnreachable, DatabaseBusy, StorageFull) as error:
            self._outage = str(error)
            raise
        self._outage = None

    async def _forget_for_ever(self) -> None:
        while True:
            try:
                await self._executor.forget_temporary(after_seconds=TEMPORARY_SECONDS)
            except PersistenceError as error:
                log.warning("forgetting_waits", extra={"reason": str(error)})
            await asyncio.sleep(FORGETTING_PERIOD_SECONDS)

    async def _load_ahead(self) -> None:
        """Load our graph before the first run needs it."""
        try:
            await self._graphs.load(APPYARD)
            log.info("graph_loaded", extra={"graph": APPYARD})
        except GraphNotLoaded:
            log.exception("graph_not_loaded")
