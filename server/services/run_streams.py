"""Follow runs: their events as they come, and what they came to."""

import asyncio
from collections.abc import AsyncIterator

from checkpoints.errors import ThreadNotFound
from checkpoints.records import CancelAction, JsonObject, Run, RunEvent, RunOutcome
from server.services.builds import Ledger
from server.services.errors import NothingToCancel
from server.services.run_order import order_of
from server.services.runs import Runs


class RunStreams:
    """The use cases of those who watch and wait."""

    def __init__(self, ledger: Ledger, service: Runs) -> None:
        self._service = service
        self._runs = ledger.runs
        self._threads = ledger.threads
        self._run_events = ledger.run_events
        self._leaving: set[asyncio.Task[None]] = set()

    async def events(self, run: Run, *, after: int = 0) -> AsyncIterator[RunEvent]:
        """Every event after `after`, until the run has ended. A temporary thread goes once its run was followed to the end."""
        async for event in self._run_events.follow(run.run_id, after=after):
            yield event
        await self._forget(run)

    async def ended(self, run: Run) -> RunOutcome | None:
        """Wait for the end of a run; None if it was deleted meanwhile."""
        with self._run_events.changes(run.run_id) as changes:
            async for _ in changes:
                outcome = await self._runs.outcome(run.run_id)
                if outcome is None or outcome.status.is_terminal:
                    return outcome
        raise AssertionError("changes never end")

    async def result(self, run: Run) -> JsonObject:
        """Wait for the end of a run; its output, with what it asks under `__interrupt__`, or its error under `__error__`."""
        outcome = await self.ended(run)
        await self._forget(run)
        if outcome is None:
            return {}
        if outcome.error:
            return {"__error__": outcome.error}
        return outcome.output if isinstance(outcome.output, dict) else {}

    def leave(self, run: Run) -> None:
        """The client that was to be the run's only reason has gone: stop the run, in the background."""
        task = asyncio.create_task(self._cancel(run), name=f"leave:{run.run_id}")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _cancel(self, run: Run) -> None:
        try:
            await self._service.cancel(run.thread_id, run.run_id, CancelAction.interrupt)
        except NothingToCancel:
            return

    async def _forget(self, run: Run) -> None:
        if order_of(run).is_temporary:
            try:
                await self._threads.delete(run.thread_id)
            except ThreadNotFound:
                return
