"""Single statements with ``$1`` and so on, past the ORM."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import inspect

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run

# Executes one statement and returns the first row it gives: the database itself, or a transaction.
Row = Callable[..., Awaitable[Mapping[str, Any] | None]]

_NEW_RUN = inspect(Run).class_manager.new_instance
_RUN_COLUMNS = tuple(column.key for column in inspect(Run).column_attrs)


def run_of(found: Mapping[str, Any]) -> Run:
    """Return the run of a row that has all its columns, as the ORM does: its constructor takes them for changes."""
    run: Run = _NEW_RUN()
    run.__dict__.update({name: found[name] for name in _RUN_COLUMNS})
    return run


def row_of(session: ReadSession | WriteSession) -> Row:
    """Return what executes a statement with ``$1`` and so on in the transaction of a session."""

    async def row(statement: str, *values: object) -> Mapping[str, Any] | None:
        connection = await session.connection()
        found = (await connection.exec_driver_sql(statement, values)).first()
        return None if found is None else found._asdict()

    return row
