import asyncio
import subprocess
import sys

import pytest

from checkpoints.connection import Database
from checkpoints.errors import MigrationBlocked, SchemaOutOfDate
from checkpoints.migrate import _MIGRATION_LOCK, migrate, require_current_schema

MIGRATE = """
import asyncio, sys
from checkpoints.connection import Database
from checkpoints.migrate import migrate
async def main():
    async with Database(sys.argv[1]) as database:
        print(len(await migrate(database)))
asyncio.run(main())
"""
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name"


async def test_migrating_twice_does_nothing_the_second_time(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        first, second = await migrate(database), await migrate(database)

    assert {"appyard 0001_initial", "appyard 0002_run_queue"} <= set(first)
    assert second == []


async def test_four_processes_migrate_at_once_and_one_does_the_work(empty_database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, empty_database_url, stdout=subprocess.PIPE) for _ in range(4)
    ]
    answers = [(await process.communicate())[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    async with Database(empty_database_url) as database:
        await require_current_schema(database)
    assert any(int(answer) > 0 for answer in answers)


async def test_four_migrations_started_at_the_same_moment_all_succeed(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        await asyncio.gather(*(migrate(database) for _ in range(4)))

        await require_current_schema(database)


async def test_the_schema_holds_the_queue_the_checkpoints_and_ours(database: Database) -> None:
    async with database.direct_connection() as connection:
        tables = [row["table_name"] for row in await (await connection.execute(TABLES)).fetchall()]

    assert tables == [
        "answer_caching", "approvals", "artifact_uses", "artifacts", "assistant_versions", "assistants", "cached_answers",
        "checkpoint_blobs", "checkpoint_migrations", "checkpoint_writes", "checkpoints", "crons", "estimates", "estimates_and_use",
        "forgotten_calls", "held_money",
        "idempotency_keys", "model_calls", "model_capabilities", "model_pace", "paid_calls",
        "procrastinate_events", "procrastinate_jobs", "procrastinate_periodic_defers", "procrastinate_workers", "raised_day_limits",
        "run_events", "run_outputs", "runs", "schema_migrations", "store", "store_migrations", "threads",
        "webhook_deliveries",
    ]  # fmt: skip


async def test_serving_refuses_a_schema_that_lacks_a_migration(database: Database) -> None:
    async with database.direct_connection() as connection:
        await connection.execute("DELETE FROM schema_migrations WHERE name = '0002_run_queue'")

    with pytest.raises(SchemaOutOfDate, match=r"appyard migrate.*Missing: appyard 0002_run_queue\."):
        await require_current_schema(database)


async def test_serving_refuses_an_empty_database(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        with pytest.raises(SchemaOutOfDate):
            await require_current_schema(database)


async def test_an_index_whose_building_was_killed_is_built_again(database: Database) -> None:
    async with database.direct_connection() as connection:
        await connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'checkpoints_thread_id_idx'::regclass")
        await connection.execute("DELETE FROM checkpoint_migrations WHERE v >= 6")
        await connection.execute("DELETE FROM schema_migrations WHERE part = 'langgraph'")

        await migrate(database)

        invalid = await connection.execute("SELECT FROM pg_index WHERE NOT indisvalid")
        found = await connection.execute("SELECT FROM pg_class WHERE relname = 'checkpoints_thread_id_idx'")
        assert (invalid.rowcount, found.rowcount) == (0, 1)


async def test_a_migration_that_is_blocked_for_too_long_says_so(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database, database.direct_connection() as other:
        await other.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))

        with pytest.raises(MigrationBlocked):
            await migrate(database, timeout_seconds=0.1)
