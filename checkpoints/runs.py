"""Runs: the ledger that says what was accepted, who works on it and how it ended.

A worker claims a run and gets a token; every later write of that attempt carries it, so a worker that was given up for
dead and woke again changes nothing. "Now" is the database's, here as everywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID

from psycopg import OperationalError
from psycopg.errors import ForeignKeyViolation, UniqueViolation

from checkpoints.connection import Database, Parameters, Transaction, database_errors
from checkpoints.errors import (
    AssistantNotFound,
    IllegalRunTransition,
    LeaseLost,
    RunExists,
    RunHeldElsewhere,
    RunNotFound,
    ThreadBusy,
    ThreadNotFound,
)
from checkpoints.json_columns import exact, exact_or_null, searchable, searchable_or_null
from checkpoints.records import (
    TRANSITIONS,
    CancelAction,
    ClaimedRun,
    JsonObject,
    MultitaskStrategy,
    NewEvent,
    Run,
    RunHold,
    RunOutcome,
    RunStatus,
)


class RunRepository:
    """Reads and writes runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: set[UUID] = set()

    # -------------------------------------------------------------------------------------------- accepting and reading

    async def create(
        self,
        thread_id: UUID,
        assistant_id: UUID,
        transaction: Transaction,
        *,
        kwargs: JsonObject,
        metadata: JsonObject | None = None,
        multitask_strategy: MultitaskStrategy = MultitaskStrategy.enqueue,
        run_id: UUID | None = None,
    ) -> Run:
        """A pending run, in the transaction that also puts its job on the queue.

        Of the strategies only `reject` is settled here (`ThreadBusy`); for the others ask `active` and cancel what is in
        the way. Raises `ThreadNotFound`, `AssistantNotFound`, `RunExists`.
        """
        parameters = {
            "run_id": run_id,
            "thread_id": thread_id,
            "assistant_id": assistant_id,
            "metadata": searchable(metadata or {}),
            "kwargs": exact(kwargs),
            "multitask_strategy": multitask_strategy,
        }
        try:
            row = await transaction.fetch_one("create_run", parameters)
        except ForeignKeyViolation as error:
            raise AssistantNotFound(str(assistant_id)) from error
        if row is None:
            is_known = await transaction.fetch_one("get_graph_of_thread", {"thread_id": thread_id})
            raise RunExists(str(run_id)) if is_known else ThreadNotFound(str(thread_id))
        if multitask_strategy is MultitaskStrategy.reject and len(await self.active(thread_id, transaction=transaction)) > 1:
            raise ThreadBusy(str(thread_id))
        return Run.model_validate(row)

    async def get(self, run_id: UUID, *, transaction: Transaction | None = None) -> Run:
        """One run. Raises `RunNotFound`."""
        async with self._database.statement(transaction) as current:
            row = await current.fetch_one("get_run", {"run_id": run_id})
        if row is None:
            raise RunNotFound(str(run_id))
        return Run.model_validate(row)

    async def list_of_thread(
        self, thread_id: UUID, *, statuses: Sequence[RunStatus] | None = None, limit: int = 10, offset: int = 0
    ) -> list[Run]:
        """One page of a thread's runs, the newest first."""
        wanted = None if statuses is None else list(statuses)
        return await self._all("list_runs", {"thread_id": thread_id, "statuses": wanted, "limit": limit, "offset": offset})

    async def active(self, thread_id: UUID, *, transaction: Transaction | None = None) -> list[Run]:
        """A thread's pending and running runs, the oldest first."""
        return await self._all("active_runs", {"thread_id": thread_id}, transaction)

    async def outcome(self, run_id: UUID) -> RunOutcome | None:
        """How far a run is and what it came to; None if it is gone."""
        async with self._database.statement() as transaction:
            row = await transaction.fetch_one("get_run_outcome", {"run_id": run_id})
        return None if row is None else RunOutcome.model_validate(row)

    async def created_after(self, thread_id: UUID, last: Run | None) -> list[Run]:
        """The runs a thread got after `last`, or all it ever had; the oldest first."""
        parameters = {
            "thread_id": thread_id,
            "created_at": last.created_at if last else None,
            "run_id": last.run_id if last else None,
        }
        return await self._all("runs_of_thread_after", parameters)

    async def begun_at(self, thread_id: UUID, moment: datetime | None = None) -> Run | None:
        """The run of the thread that had begun last at `moment`, or until now. Runs of a thread begin one after the other."""
        return await self._begun("run_begun_at", thread_id, moment)

    async def next_begun(self, thread_id: UUID, after: datetime | None) -> Run | None:
        """The run of the thread that began next after a moment, or first of all."""
        return await self._begun("next_run_begun", thread_id, after)

    async def _begun(self, query: str, thread_id: UUID, moment: datetime | None) -> Run | None:
        return next(iter(await self._all(query, {"thread_id": thread_id, "moment": moment})), None)

    async def unfinished(self, statuses: Sequence[RunStatus], *, visible: JsonObject | None = None) -> list[Run]:
        """Runs that are pending or running, whichever of the two is asked for; the thousand oldest.

        Of every thread, or with `visible` of those that contain it as metadata.
        """
        return await self._all("active_runs_with_status", {"statuses": list(statuses), "visible": searchable_or_null(visible)})

    # -------------------------------------------------------------------------------------------- working on one

    @asynccontextmanager
    async def hold(self, run_id: UUID) -> AsyncIterator[RunHold]:
        """Hold a run's lock, which dies with this process. Raises `RunHeldElsewhere`."""
        if run_id in self._held:  # the session's locks do not tell its own tasks apart
            raise RunHeldElsewhere(str(run_id))
        self._held.add(run_id)
        try:
            session = await self._lock(run_id)
            try:
                yield RunHold(run_id=run_id)
            finally:
                await self._unlock(run_id, session)
        finally:
            self._held.discard(run_id)

    async def _lock(self, run_id: UUID) -> Transaction:
        session = await self._database.session()
        with database_errors(self._database.direct_url):
            try:
                row = await session.fetch_one("hold_run", {"run_id": run_id})
            except OperationalError:  # the session was lost while it was idle
                session = await self._database.session()
                row = await session.fetch_one("hold_run", {"run_id": run_id})
        if row is None or not row["held"]:
            raise RunHeldElsewhere(str(run_id))
        return session

    async def _unlock(self, run_id: UUID, session: Transaction) -> None:
        with suppress(OperationalError):  # a lost session has lost its locks
            await asyncio.shield(session.execute("let_go_of_run", {"run_id": run_id}))

    async def claim(self, run_id: UUID, *, owner: str, lease_seconds: float, hold: RunHold | None = None) -> ClaimedRun | None:
        """Begin an attempt at a run that is pending, or whose lease ran out; with its `hold`, also before that.

        None if there is nothing to do: the run ended or is gone, another worker has it, or its thread runs another.
        """
        parameters = {"run_id": run_id, "owner": owner, "lease_seconds": lease_seconds, "is_held": _covers(hold, run_id)}
        try:
            async with self._database.statement() as transaction:
                row = await transaction.fetch_one("claim_run", parameters)
        except UniqueViolation:  # another run of the thread was claimed at the same moment
            return None
        if row is None:
            return None
        run = Run.model_validate(row)
        return ClaimedRun(run=run, token=run.lease_token)

    async def renew_lease(self, claimed: ClaimedRun, *, lease_seconds: float) -> CancelAction | None:
        """Keep the run; says whether somebody asked to cancel it. Raises `LeaseLost`."""
        return (await self._fenced("renew_lease", claimed, {"lease_seconds": lease_seconds})).cancel_requested

    async def check_lease(self, claimed: ClaimedRun) -> None:
        """Before an effect outside the database. Raises `LeaseLost`."""
        async with self._database.statement() as transaction:
            if await transaction.fetch_one("holds_lease", _fence(claimed)) is None:
                raise LeaseLost(str(claimed.run.run_id))

    async def release(self, claimed: ClaimedRun, *, transaction: Transaction | None = None) -> Run:
        """Give the run back uncounted, because this worker shuts down. Raises `LeaseLost`."""
        return await self._fenced("release_run", claimed, {}, transaction)

    async def finish(
        self,
        claimed: ClaimedRun,
        status: RunStatus,
        *,
        error: JsonObject | None = None,
        events: Sequence[NewEvent] = (),
        output: object = None,
        transaction: Transaction | None = None,
    ) -> Run:
        """End the run, with its last events and what it came to. Who gives a `transaction` also saves the thread's snapshot in it.

        Raises `LeaseLost`, or `IllegalRunTransition` if `status` is not an end or the run has one.
        """
        if status not in TRANSITIONS[RunStatus.running] or not status.is_terminal:
            raise IllegalRunTransition(f"{claimed.run.run_id}: a run cannot end as {status}.")
        parameters = {
            "status": status,
            "error": exact_or_null(error),
            "events": [event.event for event in events],
            "data": [exact_or_null(event.data) for event in events],
            "output": exact_or_null(output),
        }
        async with self._database.transaction(transaction) as current:
            run = await self._fenced("finish_run", claimed, parameters, current)
            if transaction is None:
                await current.execute("settle_thread", {"thread_id": run.thread_id})
            return run

    async def roll_back(self, claimed: ClaimedRun, transaction: Transaction) -> None:
        """Delete the run, its events and the checkpoints it wrote. Raises `LeaseLost`."""
        parameters = {**_fence(claimed), "thread_id": claimed.run.thread_id}
        if await transaction.fetch_one("roll_back_run", parameters) is None:
            raise LeaseLost(str(claimed.run.run_id))
        await transaction.execute("delete_checkpoints_of_run", parameters)
        await transaction.execute("delete_answers_to_last_checkpoint", parameters)
        await transaction.execute("delete_unused_blobs", parameters)

    # -------------------------------------------------------------------------------------------- stopping and recovering

    async def request_cancel(
        self, run_id: UUID, action: CancelAction = CancelAction.interrupt, *, transaction: Transaction | None = None
    ) -> Run:
        """A pending run is cancelled at once; the worker of a running one hears of it when it renews its lease.

        Raises `RunNotFound`, or `IllegalRunTransition` if the run has ended.
        """
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one("request_cancel", {"run_id": run_id, "action": action})
            if row is None:
                ended = await self.get(run_id, transaction=current)
                raise IllegalRunTransition(f"{run_id} has ended as {ended.status}.")
            run = Run.model_validate(row)
            await current.execute("settle_thread", {"thread_id": run.thread_id})
            return run

    async def note(self, run_id: UUID, note: JsonObject, transaction: Transaction) -> None:
        """Add to the metadata of a run that has not ended."""
        await transaction.execute("note_on_run", {"run_id": run_id, "note": searchable(note)})

    async def abandoned(self) -> list[Run]:
        """Running runs whose worker is gone: its lease ran out, or the lock of `hold` died with its process."""
        return await self._all("abandoned_runs", {})

    async def unheld(self, run_ids: Sequence[UUID]) -> list[UUID]:
        """Those of `run_ids` whose lock no living process has."""
        async with self._database.transaction() as transaction:
            return [row["run_id"] for row in await transaction.fetch_all("unheld_runs", {"run_ids": list(run_ids)})]

    async def delete(self, run_id: UUID, *, transaction: Transaction | None = None) -> None:
        """Delete a run that has ended. Raises `RunNotFound`, or `IllegalRunTransition` if it has not."""
        async with self._database.transaction(transaction) as current:
            if not await current.execute("delete_run", {"run_id": run_id}):
                active = await self.get(run_id, transaction=current)
                raise IllegalRunTransition(f"{run_id} is {active.status}. Cancel it first.")

    # -------------------------------------------------------------------------------------------- the statements behind

    async def _all(self, query: str, parameters: Parameters, transaction: Transaction | None = None) -> list[Run]:
        async with self._database.statement(transaction) as current:
            return [Run.model_validate(row) for row in await current.fetch_all(query, parameters)]

    async def _fenced(self, query: str, claimed: ClaimedRun, parameters: Parameters, transaction: Transaction | None = None) -> Run:
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one(query, {**_fence(claimed), **parameters})
            if row is None:
                raise await self._why_refused(claimed, current)
            return Run.model_validate(row)

    async def _why_refused(self, claimed: ClaimedRun, transaction: Transaction) -> LeaseLost | IllegalRunTransition:
        row = await transaction.fetch_one("get_run", {"run_id": claimed.run.run_id})
        if row is not None and row["lease_token"] == claimed.token and RunStatus(row["status"]).is_terminal:
            return IllegalRunTransition(f"{claimed.run.run_id} has ended as {row['status']}.")
        return LeaseLost(str(claimed.run.run_id))


def _covers(hold: RunHold | None, run_id: UUID) -> bool:
    return hold is not None and hold.run_id == run_id


def _fence(claimed: ClaimedRun) -> Parameters:
    return {"run_id": claimed.run.run_id, "token": claimed.token}
