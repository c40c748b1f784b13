"""The connection to PostgreSQL: one engine an event loop, one transaction a unit of work."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NewType, Self

import asyncpg
from pydantic import SecretStr
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.util import greenlet_spawn

from moments_ray.errors import DatabaseUnavailable, InvalidRequest

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", AsyncSession)

# The server went away, never was there, or lets us not in; anything else a statement raises is a bug or bad data.
# The driver's own errors come unwrapped only while it connects.
_LOST = (
    OperationalError,
    InterfaceError,
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    ssl.SSLError,
    asyncpg.PostgresError,
)
# What the driver's own statements raise when the server went away in the middle.
_CUT_OFF = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError, TimeoutError)
# SQLSTATE classes in which the server, not the statement, is at fault: connections, resources, intervention, read-only.
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

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        reading = engine.execution_options(isolation_level="AUTOCOMMIT")  # a look needs no BEGIN, and no ROLLBACK
        self._reading = async_sessionmaker(reading, expire_on_commit=False)

    @classmethod
    def connect(
        cls, url: SecretStr, *, pool_size: int = 5, answer_seconds: float | None = 15.0, read_only: bool = False
    ) -> Self:
        """Prepare an engine; the first session opens the first connection.

        If ``read_only``, the server refuses every write.

        A server that leaves a statement unanswered for ``answer_seconds`` counts as gone: behind a network that
        swallows everything, or frozen, it would be waited for without end.
        """
        server_settings = {"application_name": "moments_ray", "jit": "off"}
        if read_only:  # else it is for the server to say: an administrator may have switched writing off
            server_settings["default_transaction_read_only"] = "on"
        engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            connect_args={
                "timeout": 10,
                "command_timeout": answer_seconds,
                "server_settings": server_settings,
            },
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        return cls(engine)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """Open a session to look things up in; each look sees what is committed by then.

        Raises:
            DatabaseUnavailable: PostgreSQL cannot be reached.
        """
        async with self._translated(), self._reading() as session:
            yield ReadSession(session)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[WriteSession]:
        """Open a session that commits at its end, or rolls back whole.

        Raises:
            DatabaseUnavailable: PostgreSQL cannot be reached.
        """
        async with self._translated(), self._sessions.begin() as session:
            yield WriteSession(session)

    async def row(self, statement: str, *values: object) -> Mapping[str, Any] | None:
        """Execute one statement that commits itself, past the ORM, and return the first row it gives.

        Parameters are ``$1`` and so on; JSON goes in as text and comes out as values.

        Raises:
            DatabaseUnavailable: PostgreSQL cannot be reached, or went away: then nobody knows whether it was committed.
        """
        async with self._translated():
            connection = await self.engine.raw_connection()
        driver: Any = connection.driver_connection
        try:
            row: Mapping[str, Any] | None = await driver.fetchrow(statement, *values)
        except BaseException as error:
            await greenlet_spawn(connection.invalidate, error)  # it may be in the middle of something
            if isinstance(error, _CUT_OFF) or str(getattr(error, "sqlstate", "")).startswith(_NOT_NOW):
                raise DatabaseUnavailable(f"PostgreSQL went away: {_reason(error)}") from error
            raise
        await greenlet_spawn(connection.close)
        return row

    async def ping(self) -> None:
        """Ask PostgreSQL for an answer.

        Raises:
            DatabaseUnavailable: there is none.
        """
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

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


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool open another connection in place of one that the server closed; asking it would be a round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _reason(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
