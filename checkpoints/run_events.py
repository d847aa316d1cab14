"""What happened in a run, in order, for ever replayable: a client resumes by sequence number."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from checkpoints.connection import Database, Transaction
from checkpoints.errors import LeaseLost
from checkpoints.json_columns import exact_or_null
from checkpoints.records import ClaimedRun, NewEvent, RunEvent, RunStatus
from checkpoints.run_notifications import RunChanges, RunNotifications

_PAGE = 500


class RunEventRepository:
    """Appends and follows the events of runs."""

    def __init__(self, database: Database, notifications: RunNotifications) -> None:
        self._database = database
        self._notifications = notifications

    async def append(
        self,
        claimed: ClaimedRun,
        events: Sequence[NewEvent],
        *,
        worth_waiting_for: bool = True,
        transaction: Transaction | None = None,
    ) -> int:
        """Store a batch and wake the followers; the last sequence number. Raises `LeaseLost`.

        Batch what comes within 50-100 ms: one notification per event costs a third of the throughput or more (measured).
        Without `worth_waiting_for` (token deltas) the newest may be lost if the database server crashes.
        """
        if not events:
            return claimed.run.last_event_seq
        parameters = {
            "run_id": claimed.run.run_id,
            "token": claimed.token,
            "waits": worth_waiting_for,
            "events": [event.event for event in events],
            "data": [exact_or_null(event.data) for event in events],
        }
        async with self._database.statement(transaction) as current:
            rows = await current.fetch_all("append_events", parameters)
        if not rows:
            raise LeaseLost(str(claimed.run.run_id))
        return max(int(row["seq"]) for row in rows)

    async def read_after(
        self,
        run_id: UUID,
        seq: int = 0,
        *,
        only: str | None = None,
        without: str | None = None,
        limit: int = _PAGE,
        transaction: Transaction | None = None,
    ) -> list[RunEvent]:
        """The next events after `seq`, at most `limit`; `only` those of one name, or all `without` them."""
        asked = {"run_id": run_id, "after": seq, "only": only, "without": without, "limit": limit}
        async with self._database.statement(transaction) as current:
            rows = await current.fetch_all("events_after", asked)
        return [RunEvent.model_validate(row) for row in rows]

    async def newest_seq(self, run_id: UUID, *, without: str) -> int:
        """The sequence number of a run's newest event that is of another name; 0 if there is none."""
        async with self._database.statement() as current:
            row = await current.fetch_one("newest_event", {"run_id": run_id, "without": without})
        return int(row["seq"]) if row else 0

    def changes(self, subject: UUID) -> AbstractContextManager[RunChanges]:
        """Hear of changes of one run, or of new runs of one thread, for as long as the block lasts."""
        return self._notifications.subscribe(subject)

    async def follow(self, run_id: UUID, *, after: int = 0) -> AsyncIterator[RunEvent]:
        """Every event after `after`, each once, as they come; ends when the run has ended or is gone."""
        with self._notifications.subscribe(run_id) as changes:
            async for _ in changes:
                ended, events = await self._look(run_id, after)
                while events:
                    for event in events:
                        yield event
                        after = event.seq
                    ended, events = await self._look(run_id, after)
                if ended:
                    return

    async def _look(self, run_id: UUID, after: int) -> tuple[bool, list[RunEvent]]:
        """Whether the run had ended, and the events after `after`: read in this order, an end has all its events."""
        async with self._database.statement() as transaction:
            run = await transaction.fetch_one("get_run_status", {"run_id": run_id})
            events = await self.read_after(run_id, after, transaction=transaction)
        return run is None or RunStatus(run["status"]).is_terminal, events
