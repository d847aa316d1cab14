"""Write what one attempt at a run comes to, several steps in one statement, as long as the attempt is the newest.

The tables and their meaning are LangGraph's (`AsyncPostgresSaver`), which also does all other reading. Only the way there
is ours: the library takes a transaction of five round trips for every checkpoint and every task's writes, and this one
statement for all that came up while the one before was on its way.
"""

import asyncio
import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from psycopg import DatabaseError
from typing_extensions import override

from checkpoints.connection import Database, Transaction
from checkpoints.errors import LeaseLost
from checkpoints.json_columns import exact
from checkpoints.reading_saver import ReadingSaver, checkpoint_config
from checkpoints.records import ClaimedRun

LEASE_LOST: Final = "AY001"
"""What the database function `appyard_require_lease` raises."""

ROOT: Final = ""
"""The namespace of the graph itself; those of its subgraphs have a name."""

Columns: TypeAlias = tuple[object, ...]
Step: TypeAlias = Callable[[Transaction], Awaitable[None]]
StoreBeside: TypeAlias = Callable[[Step], Awaitable[None]]
"""Carries out a step in a transaction, together with what else belongs to that moment."""


@dataclass
class Batch:
    """Rows for LangGraph's tables, by primary key. A key that comes twice keeps what the library would keep."""

    blobs: dict[Columns, Columns] = field(default_factory=dict)
    checkpoints: dict[Columns, Columns] = field(default_factory=dict)
    first_writes: dict[Columns, Columns] = field(default_factory=dict)
    """What tasks wrote to channels: the first stays."""
    last_writes: dict[Columns, Columns] = field(default_factory=dict)
    """What became of tasks: the last stays."""
    is_stored: bool = False

    def add_write(self, row: Columns, *, replaces: bool) -> None:
        """One row of `checkpoint_writes`. A statement cannot touch a row twice, so what replaces another does so here."""
        key = (*row[:4], row[5])
        if replaces:
            self.first_writes.pop(key, None)
            self.last_writes[key] = row
        elif key not in self.last_writes:
            self.first_writes.setdefault(key, row)

    def parameters(self) -> dict[str, str]:
        """The rows of each table as one JSON array: the driver takes 50 times as long for arrays of its own (measured)."""
        return {
            "blobs": json.dumps([(*row[:5], base64_of(row[5])) for row in self.blobs.values()]),
            "checkpoints": exact(list(self.checkpoints.values())),
            "first_writes": json.dumps([(*row[:8], base64_of(row[8])) for row in self.first_writes.values()]),
            "last_writes": json.dumps([(*row[:8], base64_of(row[8])) for row in self.last_writes.values()]),
        }


def base64_of(content: object) -> str:
    """Bytes as JSON can hold them."""
    assert isinstance(content, bytes | bytearray)
    return b64encode(content).decode()


class LatestCheckpoint:
    """The newest checkpoint of the run's thread, subgraphs apart, with its tasks' writes, as far as this attempt wrote them."""

    def __init__(self) -> None:
        self._checkpoint: CheckpointTuple | None = None
        self._writes: defaultdict[str, dict[tuple[str, int], tuple[str, str, Any]]] = defaultdict(dict)

    def replace(self, checkpoint: CheckpointTuple | None, checkpoint_id: str) -> None:
        """A newer one was written; None if it can only be put together by reading. Writes of those to come may be here before."""
        self._checkpoint = checkpoint
        for older in [known for known in self._writes if known < checkpoint_id]:  # ids are ordered by time
            del self._writes[older]

    def add_writes(self, checkpoint_id: str, task_id: str, writes: Sequence[tuple[str, Any]]) -> None:
        """A task of a checkpoint wrote; as in the table, an outcome replaces the one before, anything else stays."""
        known = self._writes[checkpoint_id]
        for index, (channel, value) in enumerate(writes):
            place = (task_id, WRITES_IDX_MAP.get(channel, index))
            if is_outcome(writes) or place not in known:
                known[place] = (task_id, channel, value)

    def read(self) -> CheckpointTuple | None:
        """As the library would read it back; None if it has to."""
        if self._checkpoint is None:
            return None
        writes = self._writes[self._checkpoint.checkpoint["id"]]
        return self._checkpoint._replace(pending_writes=[writes[place] for place in sorted(writes)])


class ProgressLog:
    """Stores batches of rows for one attempt, one batch after the other, as long as the attempt is the run's newest."""

    def __init__(self, claimed: ClaimedRun, store: StoreBeside, *, waits_for_disk: bool) -> None:
        self._store_beside = store
        self._fence = {"run_id": claimed.run.run_id, "token": claimed.token, "waits": waits_for_disk}
        self._writing = asyncio.Lock()
        self.collecting = Batch()

    async def commit(self, batch: Batch) -> None:
        """Return when the batch is stored. Whoever comes first stores it for all who added to it meanwhile. Raises `LeaseLost`."""
        async with self._writing:
            if batch.is_stored:
                return
            await asyncio.sleep(0)  # tasks that ended in the same moment add what they have
            if batch is self.collecting:
                self.collecting = Batch()
            await self._store(batch)
            batch.is_stored = True

    async def _store(self, batch: Batch) -> None:
        async def save(transaction: Transaction) -> None:
            await transaction.execute("save_progress", {**self._fence, **batch.parameters()})

        try:
            await self._store_beside(save)
        except DatabaseError as error:
            if error.sqlstate == LEASE_LOST:
                raise LeaseLost(str(self._fence["run_id"])) from error
            raise


def by_itself(database: Database) -> StoreBeside:
    """A step and nothing else."""

    async def store(step: Step) -> None:
        async with database.statement() as transaction:
            await step(transaction)

    return store


class FencedSaver(ReadingSaver):
    """LangGraph's saver for one attempt at one run; every write raises `LeaseLost` once another worker has the run.

    Unless it `waits_for_disk`, the newest writes may be lost if the database server itself crashes. Nobody else writes to
    the thread meanwhile, so the state that the attempt came to is not read back. LangGraph works on copies of a saver; they
    share what is kept here.
    """

    def __init__(
        self, database: Database, serializer: JsonPlusSerializer, claimed: ClaimedRun, store: StoreBeside, *, waits_for_disk: bool
    ) -> None:
        super().__init__(database.pool, serde=serializer)
        self._log = ProgressLog(claimed, store, waits_for_disk=waits_for_disk)
        self._main = (str(claimed.run.thread_id), ROOT)
        self._latest = LatestCheckpoint()

    @override
    async def aput(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions
    ) -> RunnableConfig:
        """As the library does. Raises `LeaseLost`."""
        thread_id, namespace = _place(config)
        parent_id = config["configurable"].get("checkpoint_id")
        small = {name: value for name, value in checkpoint["channel_values"].items() if _is_small(value)}
        large = {name: value for name, value in checkpoint["channel_values"].items() if not _is_small(value)}
        deltas = {name: True for name, value in large.items() if isinstance(value, _DeltaSnapshot)}
        versions: ChannelVersions = {name: version for name, version in new_versions.items() if name in large}
        kept_metadata = get_serializable_checkpoint_metadata(config, metadata)

        batch = self._log.collecting
        for row in self._dump_blobs(thread_id, namespace, large, versions):
            batch.blobs.setdefault(row[:4], row)
        key = (thread_id, namespace, checkpoint["id"])
        batch.checkpoints[key] = (*key, parent_id, {**checkpoint, "channel_values": {**small, **deltas}}, kept_metadata)
        await self._log.commit(batch)

        written = checkpoint_config(thread_id, namespace, checkpoint["id"])
        if (thread_id, namespace) == self._main:
            parent = checkpoint_config(thread_id, namespace, parent_id) if parent_id else None
            whole = None if deltas else CheckpointTuple(written, checkpoint, kept_metadata, parent)
            self._latest.replace(whole, checkpoint["id"])
        return written

    @override
    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = "") -> None:
        """As the library does. Raises `LeaseLost`."""
        thread_id, namespace = _place(config)
        checkpoint_id: str = config["configurable"]["checkpoint_id"]
        batch = self._log.collecting
        for row in self._dump_writes(thread_id, namespace, checkpoint_id, task_id, task_path, writes):
            batch.add_write(row, replaces=is_outcome(writes))
        await self._log.commit(batch)
        if (thread_id, namespace) == self._main:
            self._latest.add_writes(checkpoint_id, task_id, writes)

    @override
    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As the library does, without asking the database for what was just told to it."""
        is_latest = _place(config) == self._main and not get_checkpoint_id(config)
        return (self._latest.read() if is_latest else None) or await super().aget_tuple(config)


def is_outcome(writes: Sequence[tuple[str, Any]]) -> bool:
    """Whether they say what became of a task (an interrupt, an error, an answer), and not what it wrote to channels."""
    return all(channel in WRITES_IDX_MAP for channel, _ in writes)


def _place(config: RunnableConfig) -> tuple[str, str]:
    return config["configurable"]["thread_id"], config["configurable"].get("checkpoint_ns", ROOT)


def _is_small(value: object) -> bool:
    """Whether the library keeps a value in the checkpoint itself; any other goes to a row of its own."""
    return value is None or isinstance(value, str | int | float | bool)
