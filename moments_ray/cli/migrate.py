"""``moments migrate``: what a deployment gives before its servers and workers."""

from __future__ import annotations

import typer
from pydantic import SecretStr
from rich.console import Console

from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.embedded.services import embedded_database
from moments_ray.settings import Settings


async def migrate_database(settings: Settings, console: Console) -> None:
    """Bring the database to this version's schema, and print from which revision to which.

    Raises:
        InvalidRequest: ``DATABASE_URL`` is not the URL of a PostgreSQL.
        DatabaseUnavailable: PostgreSQL cannot be reached.
    """
    with console.status("migrating; if another migrator is at work, this waits for it"):
        async with embedded_database(settings) as url:
            database = Database.connect(SecretStr(url), settings.database)
            try:
                before = await schema.current(database)
                await schema.upgrade(database)
            finally:
                await database.close()
    typer.echo(f"schema: {before or 'none'} -> {schema.head()}")
