import asyncio

import pytest

from checkpoints.connection import Database
from checkpoints.errors import DatabaseBusy, DatabaseUnreachable
from checkpoints.threads import ThreadRepository


async def test_an_unreachable_database_is_named_without_its_password() -> None:
    database = Database("postgresql://ann:secret@127.0.0.1:1/shop")

    with pytest.raises(DatabaseUnreachable) as refused:
        await database.open()

    message = str(refused.value)
    assert message.startswith("The database does not answer. Check DATABASE_URL and that PostgreSQL runs;")
    assert "127.0.0.1:1/shop" in message
    assert "secret" not in message


@pytest.mark.parametrize("url", ["nonsense", "mysql://ann:secret@db/shop", "postgresql://ann:secret@[::1/shop"])
def test_a_url_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnreachable) as refused:
        Database(url)

    assert "secret" not in str(refused.value)


async def test_a_database_that_does_not_exist_is_unreachable(database_url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="does not exist"):
        await Database(database_url.replace("/test_", "/missing_")).open()


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    threads = ThreadRepository(database)

    async def create_and_fail() -> None:
        async with database.transaction() as transaction:
            await threads.create(transaction=transaction)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await create_and_fail()

    assert await threads.count() == 0


async def test_connections_the_server_closed_are_replaced_unnoticed(database: Database) -> None:
    async with database.direct_connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert await ThreadRepository(database).count() == 0


async def test_a_pool_that_stays_empty_says_that_it_is_busy(database_url: str) -> None:
    async with Database(database_url, max_size=1, timeout_seconds=0.1) as database, database.transaction():
        with pytest.raises(DatabaseBusy):
            async with database.transaction():
                pass


async def test_many_transactions_share_a_small_pool(database_url: str) -> None:
    async with Database(database_url, max_size=2) as database:
        threads = ThreadRepository(database)
        await asyncio.gather(*(threads.create() for _ in range(50)))

        assert await threads.count() == 50


async def test_a_cancellation_that_comes_together_with_a_connection_is_not_lost(database_url: str) -> None:
    async def use_a_connection_and_wait_for_ever(database: Database) -> None:
        async with database.transaction():
            pass
        await asyncio.Event().wait()

    async with Database(database_url, max_size=1) as database:
        for _ in range(100):
            async with database.transaction():
                task = asyncio.create_task(use_a_connection_and_wait_for_ever(database))
                await asyncio.sleep(0)  # it queues for the connection, which is given back on the next line
            task.cancel()
            await asyncio.wait([task], timeout=5)

            assert task.cancelled()
