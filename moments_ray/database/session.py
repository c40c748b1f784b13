"""The connection to PostgreSQL: one engine an event loop, one transaction a unit of work."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NewType, Self

import asyncpg
from pydantic import SecretStr
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import greenlet_spawn

from moments_ray.errors import DatabaseUnavailable, InvalidRequest
from moments_ray.process.batches import Batches
from moments_ray.settings import DatabaseSettings

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", AsyncSession)
_Values = tuple[object, ...]

# The server went away, never was there, or lets us not in; anything else a statement raises is a bug or bad data.
# The driver's own errors come unwrapped only while it connects.
_LOST = (
    OperationalError,
    InterfaceError,
    ConnectionError,
    TimeoutError,
    ssl.SSLError,
    asyncpg.PostgresError,
)
# What the driver's own statements raise when the server went away in the middle.
_CUT_OFF = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError, TimeoutError)
# SQLSTATE classes in which the server, not the statement, is at fault: connections, resources, intervention, read-only.
_DEFAULTS = DatabaseSettings()
_NOT_NOW = ("08", "53", "57P", "25006")


def async_url(url: SecretStr) -> str:
    """Return the URL with the driver we use, whatever driver the operator wrote; ``sslmode`` is its ``ssl``.

    Raises:
        InvalidRequest: it is not the URL of a PostgreSQL.
    """
    try:
        parsed = make_url(url.get_secret_value())
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise InvalidRequest(
            "DATABASE_URL is not the URL of a PostgreSQL: write postgresql://USER:PASSWORD@HOST:5432/NAME."
        )  # and not the URL itself, nor its parser's words: there is a password in it
    query = {"ssl" if name == "sslmode" else name: value for name, value in parsed.query.items()}
    return parsed.set(drivername="postgresql+asyncpg", query=query).render_as_string(hide_password=False)


class Database:
    """Sessions on one PostgreSQL database."""

    def __init__(self, engine: AsyncEngine, settings: DatabaseSettings, *, read_only: bool = False) -> None:
        self.engine = engine
        self._settings = settings
        self._read_only = read_only
        self._together: dict[str, Batches[_Values, Mapping[str, Any] | None]] = {}
        self._last_use = 0.0
        self._closing: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        if settings.pgbouncer:  # one statement may go to one server, and its answer be asked of another
            reading = engine.execution_options(postgresql_readonly=True)
        else:
            reading = engine.execution_options(isolation_level="AUTOCOMMIT")  # a look needs no BEGIN, and no ROLLBACK
        self._reading = async_sessionmaker(reading, expire_on_commit=False)

    @classmethod
    def connect(
        cls,
        url: SecretStr,
        settings: DatabaseSettings = _DEFAULTS,
        *,
        answer_seconds: float | None = 15.0,
        read_only: bool = False,
    ) -> Self:
        """Prepare an engine; the first session opens the first connection, and no use for a while closes them all.

        If ``read_only``, the server refuses every write.

        A server that leaves a statement unanswered for ``answer_seconds`` counts as gone: behind a network that
        swallows everything, or frozen, it would be waited for without end.
        """
        engine = create_async_engine(
            async_url(url),
            pool_size=settings.connections,
            max_overflow=0,
            pool_timeout=5,
            connect_args={
                "async_creator_fn": _open_connection,
                "timeout": 10,
                "command_timeout": answer_seconds,
                **(_of_pgbouncer() if settings.pgbouncer else _of_server(read_only=read_only)),
            },
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        if settings.pgbouncer and read_only:
            engine = engine.execution_options(postgresql_readonly=True)
        return cls(engine, settings, read_only=read_only)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """Open a session to look things up in; each look sees what is committed by then.

        Raises:
            DatabaseUnavailable: PostgreSQL cannot be reached.
        """
        async with self._used(), self._translated(), self._reading() as session:
            yield ReadSession(session)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[WriteSession]:
        """Open a session that commits at its end, or rolls back whole.

        Raises:
            DatabaseUnavailable: PostgreSQL cannot be reached.
        """
        async with self._used(), self._translated(), self._sessions.begin() as session:
            yield WriteSession(session)

    async def row(self, statement: str, *values: object) -> Mapping[str, Any] | None:
        """Execute one statement that commits itself, past the ORM, and return the first row it gives.

        Parameters are ``$1`` and so on; JSON goes in as text and comes out as values.

        Raises:
            DatabaseUnavailable: PostgreSQL cannot be reached, or went away: then nobody knows whether it was committed.
        """
        row: Mapping[str, Any] | None = await self._ask(lambda driver: driver.fetchrow(statement, *values))
        return row

    async def row_together(self, statement: str, *values: object) -> Mapping[str, Any] | None:
        """As ``row``, in one transaction with the same statement of others who execute it at this time.

        It gives a row at the most, which says as ``asked`` what its ``$1`` is. Where one of them fails, they are
        executed one by one.
        """
        if statement not in self._together:
            self._together[statement] = Batches(functools.partial(self._rows, statement))
        return await self._together[statement].add(values)

    async def _rows(self, statement: str, asked: Sequence[_Values]) -> list[Mapping[str, Any] | BaseException | None]:
        if len(asked) > 1:
            in_order = sorted(asked, key=lambda values: str(values[0]))  # or two batches could wait for each other
            try:
                found = await self._ask(lambda driver: driver.fetchmany(statement, in_order))
            except asyncpg.PostgresError:
                pass  # whose it is, each learns for itself
            else:
                rows = {row["asked"]: row for row in found}
                return [rows.get(values[0]) for values in asked]
        return list(await asyncio.gather(*(self.row(statement, *values) for values in asked), return_exceptions=True))

    async def _ask(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        async with self._used():
            return await self._ask_driver(ask)

    async def _ask_driver(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        async with self._translated():
            connection = await self.engine.raw_connection()
        driver: Any = connection.driver_connection
        try:
            if self._settings.pgbouncer:
                async with driver.transaction(readonly=self._read_only):
                    answer = await ask(driver)
            else:
                answer = await ask(driver)
        except BaseException as error:
            await greenlet_spawn(connection.invalidate, error)  # it may be in the middle of something
            if isinstance(error, _CUT_OFF) or str(getattr(error, "sqlstate", "")).startswith(_NOT_NOW):
                raise DatabaseUnavailable(f"PostgreSQL went away: {_reason(error)}") from error
            raise
        await greenlet_spawn(connection.close)
        return answer

    async def ping(self) -> None:
        """Ask PostgreSQL for an answer.

        Raises:
            DatabaseUnavailable: there is none.
        """
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def rest(self) -> None:
        """Close the connections that nobody uses, if nobody uses any."""
        engine, pool = self.engine.sync_engine, self.engine.pool
        if isinstance(pool, QueuePool) and pool.checkedout() == 0 and pool.checkedin() > 0:
            engine.dispose(close=False)  # first a new pool, so that nobody takes one that is being closed
            await greenlet_spawn(pool.dispose)

    async def close(self) -> None:
        """Close every connection."""
        if self._closing is not None:
            self._closing.cancel()
        if self._resting is not None and not self._resting.done():
            await asyncio.wait([self._resting])  # what it closes is of a pool that the engine has no more
        await self.engine.dispose()

    @asynccontextmanager
    async def _used(self) -> AsyncIterator[None]:
        """Have the connections closed once this was the last use for a while."""
        try:
            yield
        finally:
            loop = asyncio.get_running_loop()
            self._last_use = loop.time()
            if self._closing is None:
                self._closing = loop.call_later(self._settings.idle_seconds, self._close_if_idle)

    def _close_if_idle(self) -> None:
        loop = asyncio.get_running_loop()
        left = self._last_use + self._settings.idle_seconds - loop.time()
        if left > 0:
            self._closing = loop.call_later(left, self._close_if_idle)
            return
        self._closing = None  # one that is used this long plans the next look at its end
        self._resting = loop.create_task(self.rest())

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except NoConnectionFree as error:
            raise DatabaseUnavailable("Every connection to PostgreSQL is in use: try again in a moment.") from error
        except _LOST as error:
            raise DatabaseUnavailable(
                f"PostgreSQL cannot be reached ({_reason(error)}): start it, or mend DATABASE_URL."
            ) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailable(f"PostgreSQL went away: {_reason(error)}") from error
            if str(getattr(error.orig, "sqlstate", "")).startswith(_NOT_NOW):
                raise DatabaseUnavailable(f"PostgreSQL takes nothing for now: {_reason(error)}") from error
            raise


async def _open_connection(*arguments: Any, **options: Any) -> asyncpg.Connection:
    """Connect by the driver; whatever the system refuses, such as a socket that is not there, is no connection.

    Told apart here, for a file that is not found means something else while a session is open.
    """
    try:
        return await asyncpg.connect(*arguments, **options)
    except OSError as error:
        raise ConnectionError(_reason(error)) from error


class _PooledConnection(asyncpg.Connection):
    """A connection to a PgBouncer, which may give every transaction another server."""

    async def set_type_codec(self, typename: str, **options: Any) -> None:
        """Look the type up within one transaction: preparing and asking are two steps to the server."""
        async with self.transaction():
            await super().set_type_codec(typename, **options)


def _of_pgbouncer() -> dict[str, Any]:
    """Return how to connect to a PgBouncer: no parameters it does not know, and no statement with a name.

    An unnamed statement lives as long as its transaction needs it, and is in nobody's way on a server that others use.
    """
    return {
        "connection_class": _PooledConnection,
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": str,
        "server_settings": {"application_name": "moments_ray"},
    }


def _of_server(*, read_only: bool) -> dict[str, Any]:
    settings = {"application_name": "moments_ray", "jit": "off"}
    if read_only:  # else it is for the server to say: an administrator may have switched writing off
        settings["default_transaction_read_only"] = "on"
    return {"server_settings": settings}


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool open another connection in place of one that the server closed; asking it would be a round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _reason(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
