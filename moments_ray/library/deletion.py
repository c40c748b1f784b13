"""Deleting a video with all that belongs to it, so that a crash at any point is finished by somebody."""

from __future__ import annotations

import asyncio

import redis.asyncio as redis
import structlog

from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.lease import lock_key
from moments_ray.engine.runs.live_status import Live
from moments_ray.engine.runs.service import Desk
from moments_ray.library.queries.videos import Videos
from moments_ray.process.failpoint import reach

log = structlog.get_logger()

_PATIENCE_SECONDS = 8.0  # a cancelled stage has stopped after five
_LOOK_SECONDS = 0.1
_BATCH = 50


class Deletion:
    """Deletes videos: marked first, then their run, objects, keys in Redis, and the row last."""

    def __init__(self, environment: Environment, client: redis.Redis) -> None:
        self._settings = environment.settings
        self._database = environment.database
        self._store = environment.store
        self._redis = client
        self._live = Live(client)
        self._desk = Desk(environment, client)

    async def delete(self, identifier: str) -> bool:
        """Delete a video; tell whether it is gone: one that a worker still holds is deleted when it lets go.

        Raises:
            NotFound: there is no such video.
        """
        async with self._database.begin() as session:
            await Videos(session).begin_deletion(identifier)
        reach(self._settings, "deletion.marked")
        return await self._finish(identifier, _PATIENCE_SECONDS)

    async def finish_begun(self) -> None:
        """Finish the deletions that somebody began."""
        async with self._database.read() as session:
            begun = await Videos(session).deleting(_BATCH)
        for identifier in begun:
            if await self._finish(identifier, 0.0):
                log.info("video.deletion_finished", video=identifier)

    async def _finish(self, identifier: str, patience: float) -> bool:
        if not await self._let_go(identifier, patience):
            return False
        await self._store.delete_prefix(f"videos/{identifier}/")
        async with self._database.read() as session:
            runs = await RunLists(session).run_identifiers(identifier)
        await self._live.forget(identifier, runs)
        reach(self._settings, "deletion.cleared")
        async with self._database.begin() as session:
            await Videos(session).delete(identifier)
        return True

    async def _let_go(self, identifier: str, patience: float) -> bool:
        """Cancel the video's run and wait until its worker has cleared up after it: that writes to Redis, too."""
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            async with self._database.read() as session:
                active = await Runs(session).active(identifier)
            if active is None and not await self._redis.exists(lock_key(identifier)):
                return True
            if active is not None and active.cancel_requested_at is None:
                await self._desk.cancel(active.identifier)
                continue
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
