"""A real PostgreSQL for the session, a migrated template in it, and a database of its own for every test."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psutil
import psycopg
import pytest

from checkpoints.connection import Database
from checkpoints.embedded import EmbeddedPostgres, start_embedded
from checkpoints.migrate import migrate

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made in it is ours alone
ROOM_FOR_DATABASES_BYTES = 2 * 1024**3
_numbers = count(1)


@pytest.fixture(scope="session")
def place_for_databases() -> Path:
    """In memory where there is enough: copying a database takes 20 ms there, 300 ms on a disk."""
    roomy = MEMORY.is_dir() and psutil.disk_usage(str(MEMORY)).free > ROOM_FOR_DATABASES_BYTES
    return MEMORY if roomy else Path.home()


@pytest.fixture(scope="session")
def postgres(place_for_databases: Path) -> Iterator[EmbeddedPostgres]:
    """One server for all tests."""
    with tempfile.TemporaryDirectory(prefix="appyard-tests-", dir=place_for_databases) as folder:
        Path(folder).chmod(0o711)  # as root, the server's own account has to pass through
        server = start_embedded(Path(folder))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres) -> str:
    """The name of a database to copy: migrating takes longer than copying."""
    create_database(postgres, "migrated")
    asyncio.run(_migrate(url_of(postgres, "migrated")))
    return "migrated"


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    create_database(postgres, name, template=migrated_template)
    yield url_of(postgres, name)
    execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    name = f"empty_{next(_numbers)}"
    create_database(postgres, name)
    yield url_of(postgres, name)
    execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated database, open."""
    async with Database(database_url) as database:
        yield database


def url_of(server: EmbeddedPostgres, name: str) -> str:
    return server.url.replace("/postgres?", f"/{name}?")


def create_database(server: EmbeddedPostgres, name: str, template: str = "template0") -> None:
    execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")


def execute(server: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(statement)


async def _migrate(url: str) -> None:
    async with Database(url) as database:
        await migrate(database)
