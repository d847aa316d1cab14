"""Threads: creating, finding and deleting them, and the snapshot that says what a thread last came to."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from psycopg.errors import DeadlockDetected, SerializationFailure

from checkpoints.checkpointer import open_checkpointer
from checkpoints.connection import Database, Parameters, Transaction, database_errors
from checkpoints.errors import ThreadBusy, ThreadExists, ThreadNotFound, ThreadNotPrunable
from checkpoints.json_columns import exact_or_null, searchable, searchable_or_null
from checkpoints.records import (
    IfExists,
    JsonObject,
    PruneStrategy,
    Record,
    Run,
    Stored,
    Thread,
    ThreadSort,
    ThreadStatus,
    ThreadStorage,
)

RestingStatus = Literal[ThreadStatus.idle, ThreadStatus.interrupted, ThreadStatus.error]


class ThreadFilter(Record):
    """Which threads; None is any. `metadata` and `values` match threads that contain them.

    So does `visible`, metadata that no client asks for: it is what the caller may see.
    """

    ids: tuple[UUID, ...] | None = None
    status: ThreadStatus | None = None
    metadata: JsonObject | None = None
    values: JsonObject | None = None
    visible: JsonObject | None = None

    def parameters(self) -> Parameters:
        """As the queries take it."""
        return {
            "ids": None if self.ids is None else list(self.ids),
            "status": self.status,
            "metadata": searchable_or_null(self.metadata),
            "values": searchable_or_null(self.values),
            "visible": searchable_or_null(self.visible),
        }


EVERY_THREAD = ThreadFilter()


class ThreadRepository:
    """Reads and writes threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        thread_id: UUID | None = None,
        *,
        metadata: JsonObject | None = None,
        config: JsonObject | None = None,
        graph_id: str | None = None,
        graph_version: str | None = None,
        if_exists: IfExists = IfExists.raises,
        transaction: Transaction | None = None,
    ) -> Thread:
        """A new thread, or the one that has this id with `IfExists.do_nothing`. Raises `ThreadExists`."""
        parameters = {
            "thread_id": thread_id,
            "metadata": searchable(metadata or {}),
            "config": searchable(config or {}),
            "graph_id": graph_id,
            "graph_version": graph_version,
        }
        async with self._database.statement(transaction) as current:
            row = await current.fetch_one("create_thread", parameters)
            if row is None and if_exists is IfExists.do_nothing:
                row = await current.fetch_one("get_thread", parameters)
        if row is None:
            raise ThreadExists(str(thread_id))
        return Thread.model_validate(row)

    async def get(self, thread_id: UUID, *, transaction: Transaction | None = None) -> Thread:
        """One thread. Raises `ThreadNotFound`."""
        return await self._one("get_thread", {"thread_id": thread_id}, transaction)

    async def contains(self, thread_id: UUID, metadata: JsonObject, *, transaction: Transaction | None = None) -> bool | None:
        """Whether a thread contains this metadata; None if there is no such thread."""
        async with self._database.statement(transaction) as current:
            row = await current.fetch_one("look_at_thread", {"thread_id": thread_id, "visible": searchable(metadata)})
        return None if row is None else bool(row["is_visible"])

    async def lock(self, thread_id: UUID, transaction: Transaction) -> bool:
        """Let nobody else start a run on the thread until `transaction` ends; whether there is such a thread."""
        return await transaction.fetch_one("lock_thread", {"thread_id": thread_id}) is not None

    async def search(
        self,
        which: ThreadFilter = EVERY_THREAD,
        *,
        sort_by: ThreadSort = ThreadSort.created_at,
        descending: bool = True,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Thread]:
        """One page of the threads that match."""
        parameters = {**which.parameters(), "limit": limit, "offset": offset}
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch_sorted("search_threads", parameters, by=sort_by, descending=descending)
        return [Thread.model_validate(row) for row in rows]

    async def count(self, which: ThreadFilter = EVERY_THREAD) -> int:
        """How many threads match."""
        async with self._database.transaction() as transaction:
            row = await transaction.fetch_one("count_threads", which.parameters())
        return 0 if row is None else int(row["count"])

    async def update_metadata(self, thread_id: UUID, metadata: JsonObject, *, transaction: Transaction | None = None) -> Thread:
        """Merge keys into the metadata. Raises `ThreadNotFound`."""
        return await self._one("update_thread_metadata", {"thread_id": thread_id, "metadata": searchable(metadata)}, transaction)

    async def set_ttl(self, thread_id: UUID, *, minutes: float, strategy: PruneStrategy, transaction: Transaction | None = None) -> Thread:
        """Let the thread go `minutes` from now. Raises `ThreadNotFound`."""
        return await self._one("set_thread_ttl", {"thread_id": thread_id, "minutes": minutes, "strategy": strategy}, transaction)

    async def pin_graph(self, thread_id: UUID, graph_id: str, graph_version: str, *, transaction: Transaction | None = None) -> Thread:
        """Record which version of which graph writes the thread's checkpoints. Raises `ThreadNotFound`."""
        parameters = {"thread_id": thread_id, "graph_id": graph_id, "graph_version": graph_version}
        return await self._one("pin_thread_graph", parameters, transaction)

    async def graph_of(self, thread_id: UUID) -> str | None:
        """The graph a thread last ran, without the thread's values. Raises `ThreadNotFound`."""
        async with self._database.statement() as transaction:
            row = await transaction.fetch_one("get_graph_of_thread", {"thread_id": thread_id})
        if row is None:
            raise ThreadNotFound(str(thread_id))
        return None if row["graph_id"] is None else str(row["graph_id"])

    async def remember_graph(
        self, thread_id: UUID, graph_id: str, assistant_id: UUID, transaction: Transaction, *, is_temporary: bool = False
    ) -> None:
        """Say on the thread what it runs, and wake those who follow the thread."""
        parameters = {"thread_id": thread_id, "graph_id": graph_id, "assistant_id": assistant_id, "is_temporary": is_temporary}
        await transaction.execute("remember_graph_of_thread", parameters)

    async def name_user(self, run: Run, user_id: str, transaction: Transaction, *, is_known: bool) -> None:
        """Say whose a thread is, if nobody does. A user the server knows goes before what a client wrote, at the first run."""
        named = {"thread_id": run.thread_id, "run_id": run.run_id, "user_id": user_id, "is_known": is_known}
        await transaction.execute("name_user_of_thread", named)

    async def temporary_over(self, *, after_seconds: float) -> list[UUID]:
        """Threads made for one run that ended at least `after_seconds` ago."""
        async with self._database.transaction() as transaction:
            return [row["thread_id"] for row in await transaction.fetch_all("temporary_threads_over", {"seconds": after_seconds})]

    async def save_snapshot(
        self,
        thread_id: UUID,
        *,
        values: JsonObject | None,
        interrupts: JsonObject,
        status: RestingStatus,
        error: JsonObject | None = None,
        transaction: Transaction | None = None,
    ) -> Thread:
        """Keep what a run left behind; the thread stays busy while another run waits. Raises `ThreadNotFound`.

        Call it after `RunRepository.finish`, in the same transaction.
        """
        parameters = {
            "thread_id": thread_id,
            "values": searchable_or_null(values),
            "interrupts": searchable(interrupts),
            "resting_status": status,
            "error": exact_or_null(error),
        }
        return await self._one("save_thread_snapshot", parameters, transaction)

    async def copy(self, thread_id: UUID, *, without_metadata: Sequence[str] = (), transaction: Transaction | None = None) -> Thread:
        """A new thread with the same state, history and questions, but no runs. Raises `ThreadNotFound`."""
        async with self._database.transaction(transaction) as current:
            copied = await self._one("copy_thread", {"thread_id": thread_id, "without": list(without_metadata)}, current)
            ids = {"thread_id": thread_id, "copy_id": copied.thread_id}
            await current.execute("copy_thread_checkpoints", ids)
            await current.execute("copy_thread_questions", ids)
        return copied

    async def keep_latest(self, thread_id: UUID) -> None:
        """Delete every checkpoint but the latest, and what only they needed. Raises `ThreadBusy`, `ThreadNotPrunable`."""
        try:
            with database_errors(self._database.url):
                await open_checkpointer(self._database, ()).aprune([str(thread_id)], strategy="keep_latest")
        except NotImplementedError as error:  # a graph with delta channels
            raise ThreadNotPrunable(str(thread_id)) from error
        except (SerializationFailure, DeadlockDetected) as error:
            raise ThreadBusy(str(thread_id)) from error

    async def storage(self, thread_id: UUID) -> ThreadStorage:
        """How much LangGraph keeps of a thread. Raises `ThreadNotFound`."""
        async with self._database.transaction() as transaction:
            await self._one("get_thread", {"thread_id": thread_id}, transaction)
            rows = await transaction.fetch_all("thread_storage", {"thread_id": thread_id})
        by_kind = {row["kind"]: Stored.model_validate(row) for row in rows if row["channel"] is None}
        return ThreadStorage(channels={row["channel"]: Stored.model_validate(row) for row in rows if row["channel"]}, **by_kind)

    async def due(self, *, limit: int = 100) -> list[Thread]:
        """Threads at rest whose time to live is over."""
        async with self._database.transaction() as transaction:
            return [Thread.model_validate(row) for row in await transaction.fetch_all("threads_due", {"limit": limit})]

    async def forget_ttl(self, thread_id: UUID) -> None:
        """Let the thread stay."""
        async with self._database.transaction() as transaction:
            await transaction.execute("forget_thread_ttl", {"thread_id": thread_id})

    async def delete(self, thread_id: UUID, *, transaction: Transaction | None = None) -> None:
        """Delete a thread with its runs, checkpoints and whatever only it used. Raises `ThreadNotFound`.

        A worker busy on it loses its lease at its next write.
        """
        parameters = {"thread_id": thread_id}
        async with self._database.transaction(transaction) as current:
            artifacts = await current.fetch_all("lock_artifacts_of_thread", parameters)
            await current.execute("wake_followers_of_thread", parameters)
            if not await current.execute("delete_thread", parameters):
                raise ThreadNotFound(str(thread_id))
            await current.execute("delete_thread_checkpoints", parameters)
            await current.execute("delete_unused_artifacts", {"sha256s": [row["sha256"] for row in artifacts]})

    async def _one(self, query: str, parameters: Parameters, transaction: Transaction | None) -> Thread:
        async with self._database.statement(transaction) as current:
            row = await current.fetch_one(query, parameters)
        if row is None:
            raise ThreadNotFound(str(parameters["thread_id"]))
        return Thread.model_validate(row)
