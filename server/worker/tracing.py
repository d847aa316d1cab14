"""Trace runs in LangSmith, if that was asked for: one trace for each attempt at a run, and where to look at it."""

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar
from uuid import UUID, uuid5

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers import LangChainTracer
from langsmith import Client
from langsmith.utils import LangSmithError

from checkpoints.records import Run

log = logging.getLogger(__name__)

T = TypeVar("T")

WHAT_LANGSMITH_RAISES = (LangSmithError, OSError, ValueError)
"""ValueError: it answered something else than was asked for."""

PLACE_SECONDS = 2.0
"""How long a run waits to learn where its trace will be; a LangSmith that takes longer costs the link."""

FLUSH_SECONDS = 5.0
"""How long a worker that stops waits for traces that are not sent yet."""


@dataclass(frozen=True)
class Trace:
    """What an attempt is traced with. `url` is None where LangSmith did not say where its project is."""

    trace_id: UUID
    callbacks: tuple[BaseCallbackHandler, ...]
    url: str | None


class Tracing:
    """Traces into one project. Sending happens in the client's own thread; a failure there never fails a run."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self._project = project
        self._project_url: str | None = None
        self._asking: asyncio.Task[None] | None = None

    async def of(self, run: Run) -> Trace:
        """The trace of the run's current attempt. Its id is the run's; those of later attempts follow from it."""
        trace_id = run.run_id if run.attempt <= 1 else uuid5(run.run_id, str(run.attempt))
        tracer = LangChainTracer(project_name=self._project, client=self._client)
        place = await self._place()
        return Trace(trace_id, (tracer,), f"{place}/r/{trace_id}" if place else None)

    async def close(self) -> None:
        """Send what is not sent yet, within `FLUSH_SECONDS`."""
        if self._asking:
            self._asking.cancel()
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await _beside(self._client.flush)
        except TimeoutError:
            log.warning("traces_not_sent", extra={"project": self._project})

    async def _place(self) -> str | None:
        """The project's address, waited for as long as `PLACE_SECONDS` say; what comes later is for later runs."""
        if self._project_url is None:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask_for_place())
            await asyncio.wait([self._asking], timeout=PLACE_SECONDS)
        return self._project_url

    async def _ask_for_place(self) -> None:
        """The project is made if there is none, as sending to it would."""
        try:
            project = await _beside(lambda: self._client.create_project(self._project, upsert=True))
        except WHAT_LANGSMITH_RAISES as error:
            log.warning("trace_place_unknown", extra={"project": self._project, "reason": str(error)})
        else:
            self._project_url = project.url


def _beside(work: Callable[[], T]) -> asyncio.Future[T]:
    """`work` in a thread that ends with the process: the loop's own threads would hold up its end until LangSmith answers.

    What nobody foresaw ends the thread and is told on standard error; whoever waits has a limit of its own.
    """
    done: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            done.set_result(work())
        except WHAT_LANGSMITH_RAISES as error:
            done.set_exception(error)

    done.set_running_or_notify_cancel()  # nobody who stops waiting stops the thread
    Thread(target=run, daemon=True).start()
    return asyncio.wrap_future(done)
