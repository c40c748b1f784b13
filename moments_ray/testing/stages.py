"""A stage in a unit test: its surroundings without PostgreSQL, Redis or Ray."""

from __future__ import annotations

from pathlib import Path

import httpx
import redis.asyncio as redis
from pydantic import SecretStr

from moments_ray.database.session import Database
from moments_ray.engine.context import Context
from moments_ray.engine.detached import NoStatus, detached_context
from moments_ray.engine.environment import Environment, RunRef, Service
from moments_ray.engine.registry import Registry
from moments_ray.engine.resources import Resources
from moments_ray.ids import RunId, new_identifier
from moments_ray.settings import Settings
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.factory import open_store

_NOWHERE = "127.0.0.1:9"  # the discard port: whoever asks it for something is refused at once


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
        database=Database.connect(settings.database_url, settings.database),
        store=store,
        cache=NodeCache(store, settings.home / "cache", settings.storage.cache_bytes),
        redis=redis.Redis.from_url(f"redis://{_NOWHERE}/0"),
        status_publisher=NoStatus(),
        services=services,
        outbound=httpx.AsyncHTTPTransport,
    )
    ref = RunRef(RunId(new_identifier()), subject, subject, 1, f"videos/{subject}", ())
    return detached_context(
        environment, ref, "STAGE", directory, resources=resources or Resources(cpus=0.5), timeout=timeout
    )
