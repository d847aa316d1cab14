"""LangGraph's Postgres saver on our pool: strict about what it revives, and fenced against workers given up for dead."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from psycopg import AsyncCursor, DatabaseError
from typing_extensions import override

from checkpoints.connection import Database, Row, Transaction, named_queries
from checkpoints.errors import LeaseLost
from checkpoints.records import ClaimedRun

LEASE_LOST = "AY001"
"""What the database function `require_lease` raises."""


def open_checkpointer(
    database: Database, allowed_types: Iterable[type], *, claimed: ClaimedRun | None = None, waits_for_disk: bool = True
) -> AsyncPostgresSaver:
    """A saver for one run, or for reading. Make one each: a saver serialises everything it does behind one lock.

    Only `allowed_types` and LangGraph's own safe types are revived from a checkpoint; anything else comes back as plain
    data (with the library's default a forged checkpoint could call any function: GHSA-g48c-2wqr-h844). With `claimed`,
    every write raises `LeaseLost` once another worker has the run. Unless it `waits_for_disk`, the newest writes may be lost
    if the database server itself crashes.
    """
    if claimed is None:
        return AsyncPostgresSaver(database.pool, serde=strict_serializer(allowed_types))
    return FencedSaver(database, strict_serializer(allowed_types), claimed, waits_for_disk=waits_for_disk)


def checkpointer_within(transaction: Transaction, allowed_types: Iterable[type]) -> AsyncPostgresSaver:
    """A saver that sees what `transaction` has done."""
    return AsyncPostgresSaver(transaction.connection, serde=strict_serializer(allowed_types))


def strict_serializer(allowed_types: Iterable[type]) -> JsonPlusSerializer:
    """Revives `allowed_types` and LangGraph's own safe ones, nothing else."""
    return JsonPlusSerializer(
        pickle_fallback=False,
        allowed_msgpack_modules=[(kind.__module__, kind.__qualname__) for kind in allowed_types],
    )


class FencedSaver(AsyncPostgresSaver):
    """Writes for one attempt at one run, as long as that attempt is the newest: each write asks in its own transaction."""

    def __init__(self, database: Database, serializer: JsonPlusSerializer, claimed: ClaimedRun, *, waits_for_disk: bool) -> None:
        super().__init__(database.pool, serde=serializer)
        self._claimed = claimed
        self._fence = {"run_id": claimed.run.run_id, "token": claimed.token, "waits": waits_for_disk}

    @override
    async def aput(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions
    ) -> RunnableConfig:
        """As the saver does. Raises `LeaseLost`."""
        with self._lease_errors():
            return await super().aput(config, checkpoint, metadata, new_versions)

    @override
    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = "") -> None:
        """As the saver does. Raises `LeaseLost`."""
        with self._lease_errors():
            await super().aput_writes(config, writes, task_id, task_path)

    @override
    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[Row]]:
        """As the saver does; a write, which is a pipeline, begins by asking for the lease."""
        async with super()._cursor(pipeline=pipeline) as cursor:
            if pipeline:
                await cursor.execute(named_queries()["require_lease"], self._fence)
            yield cursor

    @contextmanager
    def _lease_errors(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if error.sqlstate == LEASE_LOST:
                raise LeaseLost(str(self._claimed.run.run_id)) from error
            raise
