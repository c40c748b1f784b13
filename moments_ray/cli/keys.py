"""``moments keys``: API keys, made and revoked in the database itself, so that the first one needs no server."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from moments_ray.access.key import Scope
from moments_ray.access.key_store import list_keys, make_key, revoke_key, scope_of
from moments_ray.cli.listing import results
from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.database.tables import ApiKey
from moments_ray.embedded.services import embedded_database
from moments_ray.settings import Settings


async def create(name: str, scope: Scope, settings: Settings, console: Console, *, as_json: bool) -> None:
    """Make a key and print it, this once.

    Raises:
        InvalidRequest: the name is none.
        DatabaseUnavailable: PostgreSQL cannot be reached.
        SchemaOutdated: the database is not at this version's schema.
    """
    async with _database(settings) as database:
        row, key = await make_key(database, name, scope)
    if as_json:
        typer.echo(json.dumps({**_document(row), "key": key.text}, ensure_ascii=False, indent=2))
        return
    typer.echo(key.text)
    console.print(f"keep it: it is shown this once; `moments keys revoke {row.identifier}` ends it", style="yellow")


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every key, without what it takes to use it; raises as ``create``."""
    async with _database(settings) as database:
        rows = await list_keys(database)
    if as_json:
        typer.echo(json.dumps({"keys": [_document(row) for row in rows]}, ensure_ascii=False, indent=2))
    elif not rows:
        results().print("there are no API keys: this machine alone is served")
    else:
        table = Table("identifier", "scope", "created", "last used", "revoked", "name", box=None)
        for row in rows:
            times = [_minute(time) for time in (row.created_at, row.last_used_at, row.revoked_at)]
            table.add_row(row.identifier, scope_of(row), *times, row.name)
        results().print(table)


async def revoke(identifier: str, settings: Settings) -> None:
    """Have a key refused from now on.

    Raises:
        NotFound: there is no such key.
        DatabaseUnavailable: PostgreSQL cannot be reached.
    """
    async with _database(settings) as database:
        row = await revoke_key(database, identifier)
    typer.echo(f"{row.identifier} ({row.name}) is revoked")


@contextlib.asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    """Give the database at this version's schema; the embedded one is brought there."""
    async with embedded_database(settings) as url:
        database = Database.connect(SecretStr(url), settings.database)
        try:
            if settings.database_url is None:
                await schema.upgrade(database)
            await schema.require_head(database)
            yield database
        finally:
            await database.close()


def _document(row: ApiKey) -> dict[str, Any]:
    times = {name: getattr(row, name) for name in ("created_at", "last_used_at", "revoked_at")}
    shown = {name: time.isoformat() if time else None for name, time in times.items()}
    return {"identifier": row.identifier, "name": row.name, "scope": scope_of(row), **shown}


def _minute(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if time else "-"
