"""A migrator that is killed in the middle: the schema is what it was, and the next one finishes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sqlalchemy import text

from moments_ray.database import schema
from moments_ray.database.session import Database

_BEFORE = "2026112003"
_WAITS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query NOT LIKE '%pg_stat_activity%'
"""


async def until_somebody_waits(database: Database) -> None:
    async with asyncio.timeout(60):
        while True:
            async with database.read() as session:
                if await session.scalar(text(_WAITS)):
                    return
            await asyncio.sleep(0.05)


async def test_a_migration_that_is_killed_leaves_the_schema_as_it_was(database: Database) -> None:
    await schema.upgrade(database, _BEFORE)
    async with database.begin() as session:  # the next migration makes tables and columns, and then waits for this one
        await session.execute(text("LOCK TABLE webhook_deliveries IN ACCESS SHARE MODE"))
        url = database.engine.url.render_as_string(hide_password=False).replace("+asyncpg", "")
        migrator = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from moments_ray.cli import main; main()", "migrate"),
            env={**os.environ, "DATABASE_URL": url},
            cwd=Path(__file__).parents[3],
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until_somebody_waits(database)
        migrator.kill()
        await migrator.wait()
    assert await schema.current(database) == _BEFORE
    await schema.upgrade(database)
    await schema.check_drift(database)
    await schema.require_head(database)
