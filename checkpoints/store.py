"""LangGraph's Postgres store on our pool: what graphs remember across threads, with items that expire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.store.base import TTLConfig
from langgraph.store.postgres.aio import AsyncPostgresStore

from checkpoints.connection import Database


@asynccontextmanager
async def open_store(
    database: Database, *, default_ttl_minutes: float | None = None, refresh_on_read: bool = True, sweep_minutes: float = 5.0
) -> AsyncIterator[AsyncPostgresStore]:
    """A store for graphs and the API alike. Expired items are gone for readers at once, and deleted now and then."""
    ttl: TTLConfig = {"refresh_on_read": refresh_on_read, "omit_expired": True}
    if default_ttl_minutes is not None:
        ttl["default_ttl"] = default_ttl_minutes
    store = AsyncPostgresStore(database.pool, ttl=ttl)
    sweeping = await store.start_ttl_sweeper(sweep_interval_minutes=max(1, round(sweep_minutes)))
    try:
        yield store
    finally:
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
