"""Threads as clients of the LangGraph API use them: create, find, change, copy, prune, delete. Their state is read elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from checkpoints.connection import Database, Transaction
from checkpoints.records import IfExists, JsonObject, PruneStrategy, Thread, ThreadSort
from checkpoints.threads import ThreadFilter, ThreadRepository


@dataclass(frozen=True)
class TimeToLive:
    """When a thread goes by itself, and what goes."""

    minutes: float
    strategy: PruneStrategy = PruneStrategy.delete


@dataclass(frozen=True)
class Page:
    """Which part of what was found, in which order."""

    limit: int
    offset: int
    sort_by: ThreadSort
    descending: bool


@dataclass(frozen=True)
class FoundThreads:
    """A page of threads, and how many there are."""

    threads: tuple[Thread, ...]
    total: int


class Threads:
    """The use cases of threads."""

    def __init__(self, database: Database, threads: ThreadRepository, *, default_ttl: TimeToLive | None = None) -> None:
        self._database = database
        self._threads = threads
        self._default_ttl = default_ttl

    async def create(
        self,
        thread_id: UUID | None,
        *,
        metadata: JsonObject,
        if_exists: IfExists,
        ttl: TimeToLive | None,
    ) -> Thread:
        """A new thread, or with `do_nothing` the one that has the id. Raises `ThreadExists`."""
        async with self._database.transaction() as transaction:
            thread = await self._threads.create(
                thread_id, metadata=metadata, graph_id=graph_id_in(metadata), if_exists=if_exists, transaction=transaction
            )
            return await self._limited(thread, ttl or (None if thread.ttl_strategy else self._default_ttl), transaction)

    async def get(self, thread_id: UUID) -> Thread:
        """One thread. Raises `ThreadNotFound`."""
        return await self._threads.get(thread_id)

    async def update(self, thread_id: UUID, *, metadata: JsonObject, ttl: TimeToLive | None) -> Thread:
        """Merge the metadata, and begin a new time to live. Raises `ThreadNotFound`."""
        async with self._database.transaction() as transaction:
            thread = await self._threads.update_metadata(thread_id, metadata, transaction=transaction)
            return await self._limited(thread, ttl, transaction)

    async def search(self, which: ThreadFilter, page: Page) -> FoundThreads:
        """One page of the threads that match, and how many match."""
        found = await self._threads.search(which, sort_by=page.sort_by, descending=page.descending, limit=page.limit, offset=page.offset)
        return FoundThreads(tuple(found), await self._threads.count(which))

    async def count(self, which: ThreadFilter) -> int:
        """How many threads match."""
        return await self._threads.count(which)

    async def delete(self, thread_id: UUID) -> None:
        """Delete a thread with everything of it. Raises `ThreadNotFound`."""
        await self._threads.delete(thread_id)

    async def _limited(self, thread: Thread, ttl: TimeToLive | None, transaction: Transaction) -> Thread:
        if ttl is None:
            return thread
        return await self._threads.set_ttl(thread.thread_id, minutes=ttl.minutes, strategy=ttl.strategy, transaction=transaction)


def graph_id_in(metadata: Mapping[str, object]) -> str | None:
    """The graph a client names in a thread's metadata, as the SDK does with `graph_id=`."""
    named = metadata.get("graph_id")
    return named if isinstance(named, str) else None
