"""The database as the repositories see it: one pool, transactions, and statements by name from queries.sql.

psycopg's types stay inside, with two exceptions by need: `Transaction.connection` (the job queue writes in it) and
`Database.pool` (LangGraph's saver reads and writes through it).
"""

import asyncio
import re
import select
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from importlib.resources import files
from types import TracebackType
from typing import LiteralString, Self, TypeAlias

from psycopg import AsyncConnection, OperationalError, errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests
from typing_extensions import override

from checkpoints.errors import DatabaseBusy, DatabaseUnreachable, PersistenceError, StorageFull, ValueNotStorable

Row: TypeAlias = DictRow
Parameters: TypeAlias = Mapping[str, object]

# A server that vanished without a word is noticed after about 10 + 3 * 5 seconds; by default that takes hours.
_CONNECTION_DEFAULTS: Mapping[str, str | int] = {
    "application_name": "appyard",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
# The other way round: the locks of a client whose machine vanished are freed as soon. (Unix sockets know at once.)
_NOTICE_A_LOST_CLIENT = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
_QUERY_HEADING = re.compile(r"^-- (\w+) --\n((?:--.*\n)+)", re.MULTILINE)


@cache
def named_queries() -> Mapping[str, LiteralString]:
    """Every statement of queries.sql by its name."""
    text = (files("checkpoints") / "queries.sql").read_text(encoding="utf-8")
    parts = _QUERY_HEADING.split(text)
    return {name: statement.strip() for name, statement in zip(parts[1::3], parts[3::3], strict=True)}


class Transaction:
    """One database transaction: what is done with it happens wholly or not at all."""

    def __init__(self, connection: AsyncConnection[Row]) -> None:
        self.connection = connection

    async def execute(self, query: str, parameters: Parameters | None = None) -> int:
        """Run the named query; the number of rows it touched."""
        cursor = await self.connection.execute(named_queries()[query], parameters)
        return cursor.rowcount

    async def execute_many(self, query: str, parameters: list[Parameters]) -> None:
        """Run the named query once for each of `parameters`, in one round trip."""
        async with self.connection.cursor() as cursor:
            await cursor.executemany(named_queries()[query], parameters)

    async def fetch_one(self, query: str, parameters: Parameters | None = None) -> Row | None:
        """The first row of the named query, if there is one."""
        cursor = await self.connection.execute(named_queries()[query], parameters)
        return await cursor.fetchone()

    async def fetch_all(self, query: str, parameters: Parameters | None = None) -> list[Row]:
        """Every row of the named query."""
        cursor = await self.connection.execute(named_queries()[query], parameters)
        return await cursor.fetchall()

    async def fetch_sorted(self, query: str, parameters: Parameters, *, by: str, descending: bool) -> list[Row]:
        """Every row of a named query that ends in `ORDER BY {sort}`; `by` is quoted as a column name."""
        direction = sql.SQL("DESC" if descending else "ASC")
        statement = sql.SQL(named_queries()[query]).format(sort=sql.SQL("{} {}").format(sql.Identifier(by), direction))
        cursor = await self.connection.execute(statement, parameters)
        return await cursor.fetchall()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What fails inside is undone without undoing the rest of the transaction."""
        async with self.connection.transaction():
            yield


class CancellablePool(AsyncConnectionPool[AsyncConnection[Row]]):
    """A pool from which a cancelled task does not come back as if nothing had happened.

    The pool waits with `asyncio.wait_for`, which before Python 3.12 drops a cancellation that arrives together with the
    connection: more than one in ten were lost in a test, and a cancelled run or stream went on for ever.
    """

    @override
    async def getconn(self, timeout: float | None = None) -> AsyncConnection[Row]:
        task = asyncio.current_task()
        cancellations = task.cancelling() if task else 0
        connection = await super().getconn(timeout)
        if task and task.cancelling() > cancellations:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection


class Database:
    """One pool of connections. `direct_url` bypasses a PgBouncer, where LISTEN and advisory locks do not work.

    Raises `DatabaseUnreachable`, `DatabaseBusy` or `StorageFull` from every method, whatever a repository adds to that.
    """

    def __init__(
        self,
        url: str,
        *,
        direct_url: str | None = None,
        min_size: int = 1,
        max_size: int = 10,
        timeout_seconds: float = 10.0,
        behind_pgbouncer: bool = False,
    ) -> None:
        self.url = url
        self.direct_url = direct_url or url
        self.behind_pgbouncer = behind_pgbouncer
        self._session: AsyncConnection[Row] | None = None
        self._opening_session = asyncio.Lock()
        self.pool = CancellablePool(
            with_defaults(url),
            open=False,
            min_size=min_size,
            max_size=max_size,
            timeout=timeout_seconds,
            max_idle=300,
            max_lifetime=3600,
            reconnect_timeout=30,
            configure=self._configure,
            check=check_if_spoken_to,
            name="appyard",
        )

    async def _configure(self, connection: AsyncConnection[Row]) -> None:
        await _set_up(connection)
        # Prepared statements belong to a server connection, which PgBouncer changes between transactions.
        connection.prepare_threshold = None if self.behind_pgbouncer else 0

    async def open(self) -> None:
        """Connect; raises at once, with the server's reason, if that is not possible."""
        async with self.direct_connection(self.url):
            pass
        with database_errors(self.url):
            await self.pool.open(wait=True)

    async def close(self) -> None:
        """Close every connection of the pool; those in use when they come back."""
        if self._session is not None:
            await self._session.close()
        await self.pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self, joining: Transaction | None = None) -> AsyncIterator[Transaction]:
        """Begin a transaction, committed at the end of the block; or take part in the one that is `joining`."""
        if joining is not None:
            yield joining
            return
        with database_errors(self.url):
            async with self._pooled_connection() as connection, connection.transaction():
                yield Transaction(connection)

    @asynccontextmanager
    async def statement(self, joining: Transaction | None = None) -> AsyncIterator[Transaction]:
        """For one statement, a transaction by itself: it saves the round trips of BEGIN and COMMIT."""
        if joining is not None:
            yield joining
            return
        with database_errors(self.url):
            async with self._pooled_connection() as connection:
                yield Transaction(connection)

    async def session(self) -> Transaction:
        """The connection whose session locks last until this process closes the database, or dies. Made anew when lost."""
        async with self._opening_session:
            if self._session is None or self._session.closed:
                with database_errors(self.direct_url):
                    self._session = await connect(self.direct_url)
                    await self._session.execute(_NOTICE_A_LOST_CLIENT)
            return Transaction(self._session)

    @asynccontextmanager
    async def _pooled_connection(self) -> AsyncIterator[AsyncConnection[Row]]:
        try:
            connection = await self.pool.getconn()
        except PoolTimeout as error:
            async with self.direct_connection(self.url):  # says why, if the pool is empty because the server is gone
                raise DatabaseBusy(url_without_password(self.url)) from error
        try:
            yield connection
        finally:
            await self.pool.putconn(connection)

    @asynccontextmanager
    async def direct_connection(self, url: str | None = None) -> AsyncIterator[AsyncConnection[Row]]:
        """A connection of one's own, outside the pool: for LISTEN, and for locks that live as long as it does."""
        url = url or self.direct_url
        with database_errors(url):
            connection = await connect(url)
            try:
                await connection.execute(_NOTICE_A_LOST_CLIENT)
                yield connection
            finally:
                await connection.close()


async def connect(url: str) -> AsyncConnection[Row]:
    """Open one connection with our settings, in autocommit mode."""
    connection = await AsyncConnection[Row].connect(with_defaults(url), autocommit=True)
    await _set_up(connection)
    return connection


async def check_if_spoken_to(connection: AsyncConnection[Row]) -> None:
    """Ask an idle connection whether it lives, but only if there is something to read on it.

    A server that closes a connection says so, and one that is fine says nothing unasked, so the usual check costs no
    round trip. One that vanished without a word is noticed by the keep-alives.
    """
    readable = select.poll()
    readable.register(connection.fileno(), select.POLLIN)
    if readable.poll(0):
        await AsyncConnectionPool.check_connection(connection)


async def _set_up(connection: AsyncConnection[Row]) -> None:
    connection.row_factory = dict_row
    await connection.set_autocommit(True)
    await connection.execute("SET TIME ZONE 'UTC'")


def with_defaults(url: str) -> str:
    """`url` as a connection string with our time limits and keep-alives, where it does not set its own."""
    try:
        given = conninfo_to_dict(url)
    except errors.ProgrammingError as error:
        raise DatabaseUnreachable(f"{url_without_password(url)} is not a PostgreSQL URL.") from error
    return make_conninfo(url, **{name: value for name, value in _CONNECTION_DEFAULTS.items() if name not in given})


def url_without_password(url: str) -> str:
    """Where the database is, fit for messages and logs."""
    with suppress(errors.ProgrammingError):
        parts = conninfo_to_dict(url)
        return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"
    return "DATABASE_URL"


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Turn the driver's errors that a person can do something about into ours."""
    try:
        yield
    except (OperationalError, errors.InterfaceError, PoolClosed, PoolTimeout, TooManyRequests) as error:
        if (ours := as_persistence_error(error, url)) is None:
            raise
        raise ours from error
    except errors.DataError as error:
        raise ValueNotStorable(_one_line(error)) from error


def as_persistence_error(error: BaseException, url: str = "") -> PersistenceError | None:
    """Our name for a driver's error, or None. Also for the errors that LangGraph's saver lets through."""
    where = url_without_password(url) if url else ""
    match error:
        case errors.DiskFull():
            return StorageFull(str(error).strip())
        case errors.TooManyConnections() | PoolTimeout() | TooManyRequests():
            return DatabaseBusy(where)
        case errors.QueryCanceled() | errors.SerializationFailure() | errors.DeadlockDetected() | errors.LockNotAvailable():
            return None  # the database is well; the statement is not
        case OperationalError() | errors.InterfaceError() | PoolClosed():
            return DatabaseUnreachable(f"{where}: {_one_line(error)}" if where else _one_line(error))
        case _:
            return None


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
