"""Bring a database's schema up to this program: Procrastinate's tables, ours, LangGraph's. Safe to start many times at once.

One process migrates at a time. Waiting for it is a loop of attempts, not a wait inside PostgreSQL: LangGraph's schema
builds indexes CONCURRENTLY, which waits for every open snapshot, and would deadlock with sessions waiting for the lock.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import LiteralString, NamedTuple

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.store.postgres.aio import AsyncPostgresStore
from procrastinate.schema import SchemaManager
from psycopg import AsyncConnection, sql

from checkpoints.connection import Database, Row
from checkpoints.errors import MigrationBlocked, SchemaOutOfDate

_MIGRATION_LOCK = 0x0A99_7A8D
_RETRY_SECONDS = 0.05
_OURS, _QUEUE, _SAVER, _STORE = "appyard", "procrastinate", "langgraph", "langgraph_store"

# The parts of the schema in the order they are applied: ours puts a trigger on the queue's tables.
_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    part text NOT NULL, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (part, name)
)"""


class Migration(NamedTuple):
    """One step of one part of the schema."""

    part: str
    name: str
    statements: LiteralString


async def migrate(database: Database, *, timeout_seconds: float = 120.0) -> list[str]:
    """Apply what is missing; the names of what was applied. Raises `MigrationBlocked`, `StorageFull`, `DatabaseUnreachable`."""
    async with database.direct_connection() as connection:
        if not await _missing(connection):
            return []
        async with _only_one(connection, timeout_seconds):
            return await _apply(connection)


async def require_current_schema(database: Database) -> None:
    """Refuse to serve from a schema this program is too new for. Raises `SchemaOutOfDate`."""
    async with database.direct_connection() as connection:
        if missing := await _missing(connection):
            raise SchemaOutOfDate("Missing: " + ", ".join(missing) + ".")


async def _missing(connection: AsyncConnection[Row]) -> list[str]:
    applied = await _applied(connection)
    wanted = [(step.part, step.name) for step in (*_queue_migrations(), *_our_migrations())] + [
        (_SAVER, _saver_version()),
        (_STORE, _store_version()),
    ]
    return [f"{part} {name}" for part, name in wanted if (part, name) not in applied]


async def _applied(connection: AsyncConnection[Row]) -> set[tuple[str, str]]:
    if not await _exists(connection, "schema_migrations"):
        return set()
    cursor = await connection.execute("SELECT part, name FROM schema_migrations")
    return {(row["part"], row["name"]) for row in await cursor.fetchall()}


async def _exists(connection: AsyncConnection[Row], table: LiteralString) -> bool:
    cursor = await connection.execute(sql.SQL("SELECT to_regclass({}) IS NOT NULL AS found").format(table))
    row = await cursor.fetchone()
    return row is not None and bool(row["found"])


@asynccontextmanager
async def _only_one(connection: AsyncConnection[Row], timeout_seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_seconds):
            while not await _try_lock(connection):  # noqa: ASYNC110 - what is awaited is another session's end
                await asyncio.sleep(_RETRY_SECONDS)
    except TimeoutError as error:
        raise MigrationBlocked(f"Waited {timeout_seconds:g} s.") from error
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock(%s)", (_MIGRATION_LOCK,))


async def _try_lock(connection: AsyncConnection[Row]) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS locked", (_MIGRATION_LOCK,))
    row = await cursor.fetchone()
    return row is not None and bool(row["locked"])


async def _apply(connection: AsyncConnection[Row]) -> list[str]:
    await connection.execute(_LEDGER)
    missing = await _missing(connection)
    await _apply_queue_schema(connection)
    applied = await _applied(connection)
    for step in (*_queue_migrations(), *_our_migrations()):
        if (step.part, step.name) not in applied:
            await _apply_step(connection, step)
    await _apply_saver_schema(connection)
    await _apply_store_schema(connection)
    return missing


async def _apply_step(connection: AsyncConnection[Row], step: Migration) -> None:
    async with connection.transaction():
        # Several statements in one string cannot be prepared.
        await connection.execute(step.statements, prepare=False)
        await _record(connection, step.part, step.name)


async def _record(connection: AsyncConnection[Row], part: str, name: str) -> None:
    await connection.execute("INSERT INTO schema_migrations (part, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", (part, name))


async def _apply_queue_schema(connection: AsyncConnection[Row]) -> None:
    """Procrastinate's whole schema on a database without it: every numbered step is then done."""
    if await _exists(connection, "procrastinate_jobs"):
        return
    async with connection.transaction():
        await connection.execute(SchemaManager.get_schema(), prepare=False)
        for step in _queue_migrations():
            await _record(connection, step.part, step.name)


async def _apply_saver_schema(connection: AsyncConnection[Row]) -> None:
    """LangGraph's own migrations. An index whose building was killed stays behind invalid, and would be taken for done."""
    cursor = await connection.execute(
        "SELECT indexrelid::regclass::text AS name FROM pg_index "
        "WHERE NOT indisvalid AND indrelid::regclass::text LIKE ANY (ARRAY['checkpoint%', 'store%'])"
    )
    for row in await cursor.fetchall():
        await connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(row["name"])))
    await AsyncPostgresSaver(connection).setup()
    await _record(connection, _SAVER, _saver_version())


async def _apply_store_schema(connection: AsyncConnection[Row]) -> None:
    """LangGraph's own migrations of its store; items and their namespaces, without vectors."""
    await AsyncPostgresStore(connection).setup()
    await _record(connection, _STORE, _store_version())


@cache
def _our_migrations() -> tuple[Migration, ...]:
    return _read(_OURS, files("checkpoints") / "migrations")


@cache
def _queue_migrations() -> tuple[Migration, ...]:
    return _read(_QUEUE, files("procrastinate.sql") / "migrations")


def _read(part: str, folder: Traversable) -> tuple[Migration, ...]:
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".sql")), key=lambda path: path.name)
    return tuple(Migration(part, path.name.removesuffix(".sql"), path.read_text(encoding="utf-8")) for path in paths)


def _store_version() -> str:
    return f"{len(AsyncPostgresStore.MIGRATIONS):04d}"


def _saver_version() -> str:
    return f"{len(AsyncPostgresSaver.MIGRATIONS):04d}"
