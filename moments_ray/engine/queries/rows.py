"""Single statements with ``$1`` and so on, past the ORM."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from sqlalchemy import inspect

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run
from moments_ray.database.tables.columns import Table

T = TypeVar("T", bound=Table)

# Executes one statement and returns the first row it gives: the database itself, or a transaction.
Row = Callable[..., Awaitable[Mapping[str, Any] | None]]


def run_of(found: Mapping[str, Any]) -> Run:
    """Return the run of a row that has its columns."""
    return entity_of(Run, found)


def entity_of(table: type[T], found: Mapping[str, Any]) -> T:
    """Return what a row with columns of a table is, as the ORM does: its constructor takes them for changes."""
    entity = cast("T", inspect(table).class_manager.new_instance())
    entity.__dict__.update({name: found[name] for name in _columns(table) if name in found})
    return entity


@functools.cache
def _columns(table: type[Table]) -> tuple[str, ...]:
    return tuple(column.key for column in inspect(table).column_attrs)


def row_of(session: ReadSession | WriteSession) -> Row:
    """Return what executes a statement with ``$1`` and so on in the transaction of a session."""

    async def row(statement: str, *values: object) -> Mapping[str, Any] | None:
        connection = await session.connection()
        found = (await connection.exec_driver_sql(statement, values)).first()
        return None if found is None else found._asdict()

    return row
