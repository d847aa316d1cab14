"""Crons: runs that begin by themselves. Kept, found, and taken when due; when that is, is reckoned elsewhere."""

from datetime import datetime
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from pydantic import Field

from checkpoints.connection import Database, Parameters, Row, Transaction
from checkpoints.errors import AssistantNotFound, CronNotFound, ThreadNotFound
from checkpoints.json_columns import exact, searchable, searchable_or_null
from checkpoints.records import Cron, CronSort, JsonObject, Record


class CronFilter(Record):
    """Which crons; None is any. `metadata` matches those that contain it, and so does `visible`, which no client asks for."""

    assistant_id: UUID | None = None
    thread_id: UUID | None = None
    enabled: bool | None = None
    metadata: JsonObject | None = None
    visible: JsonObject | None = None

    def parameters(self) -> Parameters:
        """As the queries take it."""
        wanted = {"metadata": searchable_or_null(self.metadata), "visible": searchable_or_null(self.visible)}
        return {**self.model_dump(exclude=set(wanted)), **wanted}


EVERY_CRON = CronFilter()


class CronDraft(Record):
    """What a person says of a cron, and what was reckoned from it: when it fires next."""

    schedule: str
    timezone: str | None
    end_time: datetime | None
    enabled: bool
    deletes_thread: bool | None
    payload: JsonObject
    metadata: JsonObject
    caller: JsonObject = Field(default_factory=dict)
    next_run_date: datetime | None = None

    def parameters(self) -> Parameters:
        """As the queries take it."""
        kept = {"payload": exact(self.payload), "metadata": searchable(self.metadata), "caller": searchable(self.caller)}
        return {**self.model_dump(), **kept}


class DueCron(Cron):
    """A cron whose time has come; `is_over` if that of its end has come too."""

    is_over: bool


class CronRepository:
    """Reads and writes crons."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self, transaction: Transaction) -> datetime:
        """The database's time, from which the next one is reckoned."""
        row = await transaction.fetch_one("moment")
        assert row is not None
        return _moment(row)

    async def create(self, assistant_id: UUID, thread_id: UUID | None, draft: CronDraft, transaction: Transaction) -> Cron:
        """A new cron. Raises `ThreadNotFound`, `AssistantNotFound`."""
        parameters = {**draft.parameters(), "assistant_id": assistant_id, "thread_id": thread_id}
        try:
            row = await transaction.fetch_one("create_cron", parameters)
        except ForeignKeyViolation as error:
            if "thread" in (error.diag.constraint_name or ""):
                raise ThreadNotFound(str(thread_id)) from error
            raise AssistantNotFound(str(assistant_id)) from error
        assert row is not None
        return Cron.model_validate(row)

    async def get(self, cron_id: UUID) -> Cron:
        """One cron. Raises `CronNotFound`."""
        async with self._database.statement() as transaction:
            return await self._one("get_cron", {"cron_id": cron_id}, transaction)

    async def contains(self, cron_id: UUID, metadata: JsonObject) -> bool | None:
        """Whether a cron contains this metadata; None if there is no such cron."""
        async with self._database.statement() as transaction:
            row = await transaction.fetch_one("look_at_cron", {"cron_id": cron_id, "visible": searchable(metadata)})
        return None if row is None else bool(row["is_visible"])

    async def lock(self, cron_id: UUID, transaction: Transaction) -> Cron:
        """One cron, which nobody else changes or fires until `transaction` ends. Raises `CronNotFound`."""
        return await self._one("lock_cron", {"cron_id": cron_id}, transaction)

    async def update(self, cron_id: UUID, draft: CronDraft, transaction: Transaction) -> Cron:
        """Replace what was said of it. Raises `CronNotFound`."""
        return await self._one("update_cron", {**draft.parameters(), "cron_id": cron_id}, transaction)

    async def search(
        self,
        which: CronFilter = EVERY_CRON,
        *,
        sort_by: CronSort = CronSort.created_at,
        descending: bool = True,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Cron]:
        """One page of the crons that match."""
        parameters = {**which.parameters(), "limit": limit, "offset": offset}
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch_sorted("search_crons", parameters, by=sort_by, descending=descending)
        return [Cron.model_validate(row) for row in rows]

    async def count(self, which: CronFilter = EVERY_CRON) -> int:
        """How many crons match."""
        async with self._database.statement() as transaction:
            row = await transaction.fetch_one("count_crons", which.parameters())
        return 0 if row is None else int(row["count"])

    async def take_due(self, transaction: Transaction) -> DueCron | None:
        """The cron that is due for longest and that no other worker has; it is this worker's until `transaction` ends."""
        row = await transaction.fetch_one("take_due_cron")
        return None if row is None else DueCron.model_validate(row)

    async def schedule(self, cron_id: UUID, next_run_date: datetime | None, transaction: Transaction) -> None:
        """Let it fire next at this time; None is never again."""
        await transaction.execute("schedule_cron", {"cron_id": cron_id, "next_run_date": next_run_date})

    async def delete(self, cron_id: UUID) -> None:
        """Delete a cron; the runs it began stay. Raises `CronNotFound`."""
        async with self._database.statement() as transaction:
            if not await transaction.execute("delete_cron", {"cron_id": cron_id}):
                raise CronNotFound(str(cron_id))

    async def _one(self, query: str, parameters: Parameters, transaction: Transaction) -> Cron:
        row = await transaction.fetch_one(query, parameters)
        if row is None:
            raise CronNotFound(str(parameters["cron_id"]))
        return Cron.model_validate(row)


def _moment(row: Row) -> datetime:
    moment = row["moment"]
    assert isinstance(moment, datetime)
    return moment
