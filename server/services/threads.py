"""Threads as clients of the LangGraph API use them: create, find, change, copy, prune, delete. Their state is read elsewhere."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, assert_never
from uuid import UUID

from checkpoints.connection import Transaction
from checkpoints.errors import ThreadBusy, ThreadExists, ThreadNotFound, ThreadNotPrunable
from checkpoints.records import IfExists, JsonObject, PruneStrategy, Thread, ThreadSort, ThreadStatus, ThreadStorage
from checkpoints.threads import ThreadFilter
from server.langgraph_json import APPYARD
from server.services.builds import KIND, Ledger
from server.services.caller import ANYONE, Caller
from server.services.thread_state import StateChange, ThreadStates

log = logging.getLogger(__name__)

Supersteps: TypeAlias = Sequence[Sequence[StateChange]]


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

    def __init__(self, ledger: Ledger, states: ThreadStates, *, default_ttl: TimeToLive | None = None) -> None:
        self._database = ledger.database
        self._threads = ledger.threads
        self._runs = ledger.runs
        self._states = states
        self._default_ttl = default_ttl

    async def create(
        self,
        thread_id: UUID | None,
        *,
        metadata: JsonObject,
        if_exists: IfExists,
        ttl: TimeToLive | None,
        supersteps: Supersteps = (),
        caller: Caller = ANYONE,
    ) -> Thread:
        """A new thread, with the state its supersteps lead to; or with `do_nothing` the one that has the id.

        Raises `ThreadExists`, also if the caller may not see the one that has the id, and as `ThreadStates.change`.
        """
        graph_id = graph_id_in(metadata)
        if supersteps:
            graph_id = await self._states.loaded(graph_id)
        async with self._database.transaction() as transaction:
            try:
                thread = await self._threads.create(thread_id, metadata=metadata, graph_id=graph_id, transaction=transaction)
            except ThreadExists:
                if thread_id is None or if_exists is IfExists.raises or not await self._sees(caller, thread_id, transaction):
                    raise
                thread = await self._threads.get(thread_id, transaction=transaction)
            if supersteps and graph_id and thread.values is None:
                await self._states.change(thread.thread_id, graph_id, supersteps, transaction)
                thread = await self._threads.get(thread.thread_id, transaction=transaction)
            return await self._limited(thread, ttl or (None if thread.ttl_strategy else self._default_ttl), transaction)

    async def _sees(self, caller: Caller, thread_id: UUID, transaction: Transaction) -> bool:
        return caller.visible is None or bool(await self._threads.contains(thread_id, caller.visible, transaction=transaction))

    async def get(self, thread_id: UUID) -> Thread:
        """One thread. Raises `ThreadNotFound`."""
        return await self._threads.get(thread_id)

    async def update(self, thread_id: UUID, *, metadata: JsonObject, ttl: TimeToLive | None) -> Thread:
        """Merge the metadata, and begin a new time to live. Whose build a thread is stays. Raises `ThreadNotFound`."""
        if "user_id" in metadata and await self._threads.graph_of(thread_id) == APPYARD:
            metadata = {name: value for name, value in metadata.items() if name != "user_id"}
        async with self._database.transaction() as transaction:
            thread = await self._threads.update_metadata(thread_id, metadata, transaction=transaction)
            return await self._limited(thread, ttl, transaction)

    async def search(self, which: ThreadFilter, page: Page, *, caller: Caller = ANYONE) -> FoundThreads:
        """One page of the threads that match, and how many match."""
        which = which.model_copy(update={"visible": caller.visible})
        found = await self._threads.search(which, sort_by=page.sort_by, descending=page.descending, limit=page.limit, offset=page.offset)
        return FoundThreads(tuple(found), await self._threads.count(which))

    async def count(self, which: ThreadFilter, *, caller: Caller = ANYONE) -> int:
        """How many threads match."""
        return await self._threads.count(which.model_copy(update={"visible": caller.visible}))

    async def delete(self, thread_id: UUID) -> None:
        """Delete a thread with everything of it. Raises `ThreadNotFound`."""
        await self._threads.delete(thread_id)

    async def copy(self, thread_id: UUID, *, caller: Caller = ANYONE) -> Thread:
        """A thread with the same state and history. The copy of a build is no build. Raises `ThreadNotFound`."""
        async with self._database.transaction() as transaction:
            copied = await self._threads.copy(thread_id, without_metadata=tuple(KIND), transaction=transaction)
            if not caller.thread_metadata:
                return copied
            return await self._threads.update_metadata(copied.thread_id, caller.thread_metadata, transaction=transaction)

    async def prune(self, thread_ids: Sequence[UUID], strategy: PruneStrategy) -> int:
        """Delete threads, or all of them but their latest state; how many there were.

        Raises `ThreadBusy` before anything is reduced, `ThreadNotPrunable`.
        """
        threads = await self._threads.search(ThreadFilter(ids=tuple(thread_ids)), limit=len(thread_ids))
        if strategy is PruneStrategy.keep_latest and (busy := [thread for thread in threads if thread.status is ThreadStatus.busy]):
            raise ThreadBusy(", ".join(str(thread.thread_id) for thread in busy))
        for thread in threads:
            await self._prune(thread.thread_id, strategy)
        return len(threads)

    async def sweep(self) -> int:
        """Let go of the threads whose time to live is over; how many."""
        due = await self._threads.due()
        for thread in due:
            assert thread.ttl_strategy is not None
            try:
                await self._prune(thread.thread_id, thread.ttl_strategy)
            except ThreadBusy:
                continue  # it is looked at again the next time
            except ThreadNotPrunable:
                log.warning("thread_not_prunable", extra={"thread_id": str(thread.thread_id)})
            await self._threads.forget_ttl(thread.thread_id)
        return len(due)

    async def storage(self, thread_id: UUID) -> ThreadStorage:
        """How much is kept of a thread's states. Raises `ThreadNotFound`."""
        return await self._threads.storage(thread_id)

    async def _prune(self, thread_id: UUID, strategy: PruneStrategy) -> None:
        match strategy:
            case PruneStrategy.keep_latest:
                await self._threads.keep_latest(thread_id)
            case PruneStrategy.delete:
                with suppress(ThreadNotFound):  # somebody else was faster
                    await self._threads.delete(thread_id)
            case _:
                assert_never(strategy)

    async def _limited(self, thread: Thread, ttl: TimeToLive | None, transaction: Transaction) -> Thread:
        if ttl is None:
            return thread
        return await self._threads.set_ttl(thread.thread_id, minutes=ttl.minutes, strategy=ttl.strategy, transaction=transaction)


def graph_id_in(metadata: Mapping[str, object]) -> str | None:
    """The graph a client names in a thread's metadata, as the SDK does with `graph_id=`."""
    named = metadata.get("graph_id")
    return named if isinstance(named, str) else None
