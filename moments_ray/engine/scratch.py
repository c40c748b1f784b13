"""Scratch directories of runs on a node's disk: removed after each try, and swept after crashes."""

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


def remove_scratch(scratch: Path) -> None:
    """Remove the directory of one try, and its run's with it when no other try of the run has its own in there."""
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.parent.rmdir()
    except OSError:
        return
