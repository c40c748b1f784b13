"""A process's entry: settings resolved, services there, Ray started, the environment connected."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import ray
import redis.asyncio as redis
from pydantic import SecretStr
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.embedded.services import embedded_services
from moments_ray.engine.environment import Environment, StatusPublisher
from moments_ray.engine.registry import Registry
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import InvalidRequest, RedisUnavailable
from moments_ray.media.guard import GuardedTransport
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import ModelRegistry
from moments_ray.process.tracing import export_traces
from moments_ray.products import PRODUCTS
from moments_ray.runtime.meter import ray_meter
from moments_ray.settings import Settings
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.directory import DirectoryStore
from moments_ray.storage.factory import open_store, url_signer
from moments_ray.storage.object_store import ObjectStore
from moments_ray.storage.overlay import OverlayStore

_REDIS_SECONDS = 5.0
_AGAIN = 1  # over a connection that was closed while nobody used it; one that does not answer costs the timeout twice


@contextlib.asynccontextmanager
async def services(settings: Settings) -> AsyncIterator[Settings]:
    """Give settings in which every service has a URL and the database this version's schema.

    Raises:
        ServiceUnavailable: one of them cannot be started or reached.
    """
    async with embedded_services(settings) as found:
        urls = {"database_url": SecretStr(found.database_url), "redis_url": SecretStr(found.redis_url)}
        resolved = settings.model_copy(update=urls)
        if settings.database_url is None:
            await migrate(resolved)
        yield resolved


async def require_services(settings: Settings) -> None:
    """Refuse to go on without a PostgreSQL of this version's schema and a Redis that answers.

    Raises:
        DatabaseUnavailable: PostgreSQL cannot be reached.
        SchemaOutdated: the database is not at this version's schema.
        RedisUnavailable: Redis does not answer.
    """
    database, client = _database(settings), open_redis(settings)
    try:
        await schema.require_head(database)
        await client.ping()
    except (RedisError, OSError) as error:
        raise RedisUnavailable(f"Redis does not answer ({error}): start it, or mend or unset REDIS_URL.") from error
    finally:
        await client.aclose()
        await database.close()


async def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema."""
    database = _database(settings, answer_seconds=None)  # large tables take long, and so does another migrator
    try:
        await schema.upgrade(database)
    finally:
        await database.close()


def connect(settings: Settings, *, redis_timeout: float = _REDIS_SECONDS) -> Environment:
    """Connect a process to everything that stages need; connections open on their first use.

    ``redis_timeout`` is as ``open_redis`` has it.

    Raises:
        InvalidRequest: traces are asked for, and what sends them is not installed.
    """
    export_traces(settings.traces_url)
    client = open_redis(settings, timeout=redis_timeout)
    return _connected(settings, _database(settings), open_store(settings, ray_meter), client, LiveStatus(client))


def connect_detached(settings: Settings, directory: Path, shown: StatusPublisher) -> Environment:
    """Connect a process that changes nothing: the database refuses writes, the store takes them in ``directory``."""
    written = DirectoryStore(directory / "store", url_signer(settings))
    database, store = _database(settings, read_only=True), OverlayStore(open_store(settings), written)
    return _connected(settings, database, store, open_redis(settings), shown)


def _connected(
    settings: Settings, database: Database, store: ObjectStore, client: redis.Redis, shown: StatusPublisher
) -> Environment:
    cache = NodeCache(store, settings.home / "cache", settings.storage.cache_bytes)
    return Environment(
        settings=settings,
        registry=Registry.load(settings.pipelines, PRODUCTS),
        database=database,
        store=store,
        cache=cache,
        redis=client,
        status_publisher=shown,
        services=(Gateway(settings.models, ModelRegistry(database, client, settings), store, cache, meter=ray_meter),),
        outbound=lambda: GuardedTransport(settings.download),
        meter=ray_meter,
    )


def open_redis(settings: Settings, *, timeout: float = _REDIS_SECONDS) -> redis.Redis:
    """Prepare a Redis client; the first command opens the first connection.

    A Redis that says nothing for ``timeout`` seconds is given up at once: who waits longer loses more than a message.
    """
    if settings.redis_url is None:
        raise RedisUnavailable("No Redis is configured and the embedded one was not started.")
    url = settings.redis_url.get_secret_value()
    try:
        return redis.Redis.from_url(
            url,
            socket_connect_timeout=timeout,
            socket_timeout=timeout,
            health_check_interval=30,
            retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), _AGAIN, (RedisConnectionError,)),
        )
    except ValueError as error:
        raise InvalidRequest("REDIS_URL is not the URL of a Redis: write redis://HOST:6379/0.") from error


def run_service(environment: Environment) -> RunService:
    """Return where runs are started, cancelled and retried."""
    return RunService(environment)


def _database(settings: Settings, **options: Any) -> Database:
    assert settings.database_url is not None  # noqa: S101 - services() fills it in
    return Database.connect(settings.database_url, settings.database, **options)


async def warm_up() -> None:
    """Run one tiny dataset, so that the first run does not pay for Ray Data's imports (seconds).

    Ray Data's own actors live for ever on the node where the first dataset is driven: on this one, or another would
    never count as idle.
    """
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    driver = ray.remote(_warm_up).options(num_cpus=0, max_retries=0, scheduling_strategy=here)
    await asyncio.wrap_future(driver.remote().future())


def _warm_up() -> None:
    from moments_ray.engine.execute.chain import warm_up  # noqa: PLC0415 - 60 MB: who fans out imports it

    warm_up()
