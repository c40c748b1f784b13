"""Deleting a video with all that belongs to it, so that a crash at any point is finished by somebody."""

from __future__ import annotations

import asyncio

import redis.asyncio as redis
import structlog

from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.engine.runs.lease import key_of, lock_key
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunService
from moments_ray.library.queries.videos import Videos
from moments_ray.process import failpoint

log = structlog.get_logger()

_POLL_SECONDS = 0.1
_BATCH = 50


class Deletion:
    """Deletes videos: marked first, then their runs ended, their objects, their keys in Redis, and the row last."""

    def __init__(self, environment: Environment, client: redis.Redis | None = None) -> None:
        client = client or environment.redis
        self._settings = environment.settings
        self._database = environment.database
        self._store = environment.store
        self._owned = environment.registry.owned
        self._products = environment.registry.products
        self._redis = client
        self._live = LiveStatus(client)
        self._run_service = RunService(environment, client)

    async def delete(self, identifier: str) -> bool:
        """Delete a video; tell whether it is gone: one that a worker still holds is deleted when it lets go.

        Raises:
            NotFound: there is no such video.
        """
        async with self._database.begin() as session:
            await Videos(session).begin_deletion(identifier)
            for product in self._products:
                if product.before_deletion is not None:
                    await product.before_deletion(session, identifier)
        failpoint.hit(self._settings, "deletion.marked")
        return await self.finish(identifier, self._settings.api.deletion_timeout_seconds)

    async def finish(self, identifier: str, timeout: float) -> bool:
        """Delete a marked video once every run that works on it has ended; tell whether that was so in time."""
        if not await self._end_runs(identifier, timeout):
            return False
        async with self._database.read() as session:
            runs = await RunLists(session).of_video(identifier)
        subjects = {identifier, *(run.subject for run in runs)}
        for owned in self._owned:
            await self._store.delete_prefix(f"{owned.prefix}{identifier}/")
            async with self._database.read() as session:
                alone = await owned.rows(session).only_of_video(sorted(subjects - {identifier}), identifier)
            for subject in alone:
                await self._store.delete_prefix(f"{owned.prefix}{subject}/")
        for run in runs:
            await self._live.forget(run.subject, [run.identifier])
        await self._live.forget(identifier, [])
        failpoint.hit(self._settings, "deletion.cleared")
        async with self._database.begin() as session:
            await Videos(session).delete(identifier)
        return True

    async def _end_runs(self, identifier: str, timeout: float) -> bool:
        """Cancel every run of the video and wait until their workers have cleaned up: that writes to Redis, too."""
        deadline = asyncio.get_running_loop().time() + timeout
        locks = {lock_key(identifier)}
        while True:
            async with self._database.read() as session:
                active = await RunLists(session).active_on_video(identifier)
            locks |= {lock_key(key_of(run)) for run in active}
            if not active and not await self._redis.exists(*locks):
                return True
            for run in active:
                if run.cancel_requested_at is None:
                    await self._run_service.cancel(run.identifier)
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)


async def finish_deletions(environment: Environment) -> None:
    """Finish the deletions that a crash broke off, or that a worker held up."""
    async with environment.database.read() as session:
        begun = await Videos(session).deleting(_BATCH)
    for identifier in begun:
        if await Deletion(environment).finish(identifier, 0.0):
            log.info("video.deletion_finished", video=identifier)
