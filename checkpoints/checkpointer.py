"""Open LangGraph's Postgres saver on our pool: strict about what it revives, and for a run fenced against rivals."""

from collections.abc import Iterable

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from checkpoints.connection import Database, Transaction
from checkpoints.fenced_saver import FencedSaver, StoreBeside, by_itself
from checkpoints.reading_saver import ReadingSaver
from checkpoints.records import ClaimedRun


def open_checkpointer(
    database: Database,
    allowed_types: Iterable[type],
    *,
    claimed: ClaimedRun | None = None,
    waits_for_disk: bool = True,
    store: StoreBeside | None = None,
) -> AsyncPostgresSaver:
    """A saver for one run, or for reading. Make one each: a saver serialises everything it does behind one lock.

    Only `allowed_types` and LangGraph's own safe types are revived from a checkpoint; anything else comes back as plain
    data (with the library's default a forged checkpoint could call any function: GHSA-g48c-2wqr-h844). With `claimed`,
    every write raises `LeaseLost` once another worker has the run. Unless it `waits_for_disk`, the newest writes may be lost
    if the database server itself crashes. `store` may write more in the same transaction.
    """
    if claimed is None:
        return ReadingSaver(database.pool, serde=strict_serializer(allowed_types))
    return FencedSaver(database, strict_serializer(allowed_types), claimed, store or by_itself(database), waits_for_disk=waits_for_disk)


def checkpointer_within(transaction: Transaction, allowed_types: Iterable[type]) -> AsyncPostgresSaver:
    """A saver that sees what `transaction` has done."""
    return ReadingSaver(transaction.connection, serde=strict_serializer(allowed_types))


def strict_serializer(allowed_types: Iterable[type]) -> JsonPlusSerializer:
    """Revives `allowed_types` and LangGraph's own safe ones, nothing else."""
    return JsonPlusSerializer(
        pickle_fallback=False,
        allowed_msgpack_modules=[(kind.__module__, kind.__qualname__) for kind in allowed_types],
    )
