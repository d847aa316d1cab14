"""Runs that begin by themselves: said in a schedule, reckoned in its time zone, begun once however many workers look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter  # type: ignore[import-untyped]  # comes without types

from checkpoints.connection import Database, Transaction
from checkpoints.crons import CronDraft, CronFilter, CronRepository, DueCron
from checkpoints.errors import AssistantNotFound, ThreadNotFound
from checkpoints.records import Cron, CronSort, JsonObject, MultitaskStrategy
from nodes.errors import BuildError
from server.run_queue import RunQueue
from server.services.assistants import Assistants
from server.services.caller import ANYONE, Caller, kept_caller
from server.services.errors import ScheduleInvalid, ServiceError
from server.services.run_order import RunOrder
from server.services.runs import NewRun, Runs

FIELDS_OF_A_SCHEDULE = 5
"""Minutes are the finest; more fields would be seconds and years."""

DECIDE_THE_TIME = frozenset({"schedule", "timezone", "end_time", "enabled"})


@dataclass(frozen=True)
class CronChange:
    """What to change about a cron; what is absent from `given` stays. `payload` and `metadata` are merged."""

    given: Mapping[str, object]
    payload: JsonObject
    metadata: JsonObject


@dataclass(frozen=True)
class FoundCrons:
    """A page of crons, and how many there are."""

    crons: tuple[Cron, ...]
    total: int


class Crons:
    """The use cases of crons."""

    def __init__(self, database: Database, crons: CronRepository, assistants: Assistants, runs: Runs, run_queue: RunQueue) -> None:
        self._database = database
        self._crons = crons
        self._assistants = assistants
        self._runs = runs
        self._run_queue = run_queue

    async def create(self, assistant: str, thread_id: UUID | None, draft: CronDraft, *, caller: Caller = ANYONE) -> Cron:
        """A new cron, whose runs begin on behalf of the caller.

        Raises `ScheduleInvalid`, `ThreadNotFound`, `AssistantNotFound`, `GraphNotFound`.
        """
        found = await self._assistants.find(assistant)
        draft = draft.model_copy(update={"caller": caller.kept()})
        async with self._database.transaction() as transaction:
            return await self._crons.create(found.assistant_id, thread_id, await self._scheduled(draft, transaction), transaction)

    async def change(self, cron_id: UUID, change: CronChange) -> Cron:
        """Change a cron; the next time is reckoned anew. Raises `CronNotFound`, `ScheduleInvalid`."""
        async with self._database.transaction() as transaction:
            cron = await self._crons.lock(cron_id, transaction)
            changed = {
                **cron.model_dump(),
                **change.given,
                "payload": {**cron.payload, **change.payload},
                "metadata": {**cron.metadata, **change.metadata},
            }
            if cron.thread_id is not None:
                changed["deletes_thread"] = None
            draft = CronDraft.model_validate(changed)
            if change.given.keys() & DECIDE_THE_TIME:  # otherwise a time that has just come would be passed over
                draft = await self._scheduled(draft, transaction)
            return await self._crons.update(cron_id, draft, transaction)

    async def _scheduled(self, draft: CronDraft, transaction: Transaction) -> CronDraft:
        return draft.model_copy(update={"next_run_date": next_time(draft, await self._crons.now(transaction))})

    async def get(self, cron_id: UUID) -> Cron:
        """One cron. Raises `CronNotFound`."""
        return await self._crons.get(cron_id)

    async def search(
        self,
        which: CronFilter,
        assistant: str | None,
        *,
        sort_by: CronSort,
        descending: bool,
        limit: int,
        offset: int,
        caller: Caller = ANYONE,
    ) -> FoundCrons:
        """One page of the crons that match. Raises `AssistantNotFound`, `GraphNotFound`."""
        which = await self._of_assistant(which, assistant, caller)
        crons = await self._crons.search(which, sort_by=sort_by, descending=descending, limit=limit, offset=offset)
        return FoundCrons(tuple(crons), await self._crons.count(which))

    async def count(self, which: CronFilter, assistant: str | None, *, caller: Caller = ANYONE) -> int:
        """How many crons match. Raises `AssistantNotFound`, `GraphNotFound`."""
        return await self._crons.count(await self._of_assistant(which, assistant, caller))

    async def _of_assistant(self, which: CronFilter, assistant: str | None, caller: Caller) -> CronFilter:
        which = which.model_copy(update={"visible": caller.visible})
        if assistant is None:
            return which
        return which.model_copy(update={"assistant_id": (await self._assistants.find(assistant)).assistant_id})

    async def delete(self, cron_id: UUID) -> None:
        """Delete a cron; the runs it began stay. Raises `CronNotFound`."""
        await self._crons.delete(cron_id)

    # ------------------------------------------------------------------------------------------------ firing

    async def fire_next(self) -> "FiredCron | None":
        """Begin the run of one cron that is due, if there is one; the run and its cron's next time are one transaction.

        What was missed while nobody looked is made up for once, not once for each time.
        """
        async with self._database.transaction() as transaction:
            cron = await self._crons.take_due(transaction)
            if cron is None:
                return None
            fired = FiredCron(cron) if cron.is_over else await self._fire(cron, transaction)
            await self._crons.schedule(cron.cron_id, next_time_if_any(cron, await self._crons.now(transaction)), transaction)
        for run_id in fired.displaced:
            await self._run_queue.cancel(run_id)
        return fired

    async def _fire(self, cron: DueCron, transaction: Transaction) -> "FiredCron":
        """A run that is refused is not tried again before the next time."""
        try:
            async with transaction.savepoint():
                run, displaced = await self._runs.accept_within(transaction, cron.thread_id, run_of(cron), caller=kept_caller(cron.caller))
        except (ServiceError, BuildError, ThreadNotFound, AssistantNotFound) as error:
            return FiredCron(cron, refusal=str(error))
        return FiredCron(cron, run.run_id, tuple(displaced))


@dataclass(frozen=True)
class FiredCron:
    """What became of a cron's turn: a run, or why there is none."""

    cron: Cron
    run_id: UUID | None = None
    displaced: tuple[UUID, ...] = ()
    refusal: str | None = None


def next_time(cron: Cron | CronDraft, now: datetime) -> datetime | None:
    """The first time after `now`; None if that is after the cron's end. Raises `ScheduleInvalid`.

    An hour that the clocks leave out moves what was in it to the next full hour; one they repeat is counted twice.
    """
    if len(cron.schedule.split()) != FIELDS_OF_A_SCHEDULE and not cron.schedule.startswith("@"):
        raise ScheduleInvalid(f"{cron.schedule!r} has {len(cron.schedule.split())} fields.")
    try:
        zone = ZoneInfo(cron.timezone or "UTC")
        following: datetime = croniter(cron.schedule, now.astimezone(zone)).get_next(datetime)
    except CroniterError as error:
        raise ScheduleInvalid(f"{cron.schedule!r}: {error}") from error
    except (KeyError, ValueError, OSError) as error:  # what zoneinfo raises for names that are no zone, or no file
        raise ScheduleInvalid(f"There is no time zone {cron.timezone!r}.") from error
    return following if cron.end_time is None or following <= cron.end_time else None


def next_time_if_any(cron: Cron, now: datetime) -> datetime | None:
    """The same; None too if the time zone is no longer known to this machine."""
    try:
        return next_time(cron, now)
    except ScheduleInvalid:
        return None


def run_of(cron: Cron) -> NewRun:
    """The run a cron asks for."""
    kept = {"keeps_output": True, "is_temporary": bool(cron.deletes_thread)}
    return NewRun(
        assistant=str(cron.assistant_id),
        order=RunOrder.model_validate({**cron.payload, **kept}),
        metadata={**cron.metadata, "cron_id": str(cron.cron_id)},
        strategy=MultitaskStrategy(str(cron.payload.get("multitask_strategy", MultitaskStrategy.enqueue))),
    )
