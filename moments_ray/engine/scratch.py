"""What crashes leave on a node's disk."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from moments_ray.database.session import Database
from moments_ray.engine.queries.sweeps import Sweeps


async def sweep_scratch(scratch: Path, database: Database) -> None:
    """Remove this node's directories of runs that are over; a crash leaves them behind, or a run that ended elsewhere.

    Workers do so where they are, and processes of stages, which are on every node, when they have nothing to do.
    """
    if not scratch.is_dir():
        return
    found = await asyncio.to_thread(lambda: list(scratch.iterdir()))
    if not found:
        return
    async with database.read() as session:
        active = await Sweeps(session).active_identifiers([directory.name for directory in found])
    for directory in found:
        if directory.name not in active:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
