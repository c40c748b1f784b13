"""A stage in a unit test: its surroundings without PostgreSQL, Redis or Ray."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import redis.asyncio as redis
from pydantic import JsonValue, SecretStr

from moments_ray.database.session import Database
from moments_ray.engine.context import Context
from moments_ray.engine.environment import Environment, RunRef, Service
from moments_ray.engine.registry import Registry
from moments_ray.engine.resources import Resources
from moments_ray.ids import RunId, new_identifier
from moments_ray.settings import Settings
from moments_ray.states import StageStatus
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.factory import open_store

_NOWHERE = "127.0.0.1:9"  # the discard port: whoever asks it for something is refused at once


class _NoStatus:
    """Shows nothing to nobody."""

    async def stage(self, ref: RunRef, stage: str, status: StageStatus) -> None:
        """Show nothing."""

    async def progress(self, ref: RunRef, stage: str, fraction: float) -> None:
        """Show nothing."""


def stage_context(
    directory: Path,
    *,
    subject: str = "subject",
    settings: Settings | None = None,
    resources: Resources | None = None,
    services: tuple[Service, ...] = (),
    timeout: float = 60.0,
) -> Context:
    """Return the context of a try of a stage whose store, cache and scratch are in a directory; seconds ``timeout``.

    Call it in the running event loop. What the stage records is there by ``take_writes()``, what it notes in ``notes``.

    Raises:
        DatabaseUnavailable: (from the context) the stage reads rows, for which there is no PostgreSQL.
    """
    settings = settings or Settings(
        _env_file=None,
        home=directory / "home",
        gcs_bucket_name=None,
        database_url=SecretStr(f"postgresql://nobody@{_NOWHERE}/none"),
        redis_url=SecretStr(f"redis://{_NOWHERE}/0"),
    )
    assert settings.database_url is not None  # noqa: S101 - a test's own settings have one, or none of them is given
    store = open_store(settings)
    environment = Environment(
        settings=settings,
        registry=Registry([]),
        database=Database.connect(settings.database_url),
        store=store,
        cache=NodeCache(store, settings.home / "cache", settings.storage.cache_bytes),
        redis=redis.Redis.from_url(f"redis://{_NOWHERE}/0"),
        status_publisher=_NoStatus(),
        services=services,
        outbound=httpx.AsyncHTTPTransport,
    )
    scratch = directory / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    run = RunId(new_identifier())

    async def keep_note(key: str, value: JsonValue) -> None:
        """Keep nothing beyond the context's own notes."""

    return Context(
        ref=RunRef(run, subject, subject, 1, f"videos/{subject}", ()),
        stage="STAGE",
        scratch=scratch,
        deadline=asyncio.get_running_loop().time() + timeout,
        resources=resources or Resources(cpus=0.5),
        environment=environment,
        keep_note=keep_note,
    )
