"""Trace runs in LangSmith, if that was asked for: one trace for each attempt at a run, and where to look at it."""

import asyncio
import logging
from dataclasses import dataclass
from uuid import UUID, uuid5

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers import LangChainTracer
from langsmith import Client
from langsmith.utils import LangSmithError

from checkpoints.records import Run

log = logging.getLogger(__name__)

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

    async def of(self, run: Run) -> Trace:
        """The trace of the run's current attempt. Its id is the run's; those of later attempts follow from it."""
        trace_id = run.run_id if run.attempt <= 1 else uuid5(run.run_id, str(run.attempt))
        tracer = LangChainTracer(project_name=self._project, client=self._client)
        place = await self._place()
        return Trace(trace_id, (tracer,), f"{place}/r/{trace_id}" if place else None)

    async def close(self) -> None:
        """Send what is not sent yet, within `FLUSH_SECONDS`."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await asyncio.to_thread(self._client.flush)
        except TimeoutError:
            log.warning("traces_not_sent", extra={"project": self._project})

    async def _place(self) -> str | None:
        """The project's address, asked once; the project is made if there is none, as sending to it would."""
        if self._project_url is None:
            try:
                project = await asyncio.to_thread(self._client.create_project, self._project, upsert=True)
            except (LangSmithError, OSError, ValueError) as error:  # ValueError: it answered something else than a project
                log.warning("trace_place_unknown", extra={"project": self._project, "reason": str(error)})
                return None
            self._project_url = project.url
        return self._project_url
