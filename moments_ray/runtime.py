"""A process's entry: settings resolved, services there, Ray started, the environment connected."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path

import ray
import ray.data
import redis.asyncio as redis
import structlog
from pydantic import SecretStr

from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.embedded.services import embedded_services
from moments_ray.errors import NoCapacity, RedisUnavailable
from moments_ray.pipeline.environment import Environment
from moments_ray.pipeline.registry import Registry
from moments_ray.runs.live import Live
from moments_ray.runs.submit import Desk
from moments_ray.settings import Settings
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.factory import open_store

log = structlog.get_logger()

_OBJECT_STORE_BYTES = 256 * 1024**2  # rows of a fan-out are a few hundred bytes; media never passes through it


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


async def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema."""
    database = _database(settings)
    try:
        await schema.upgrade(database)
    finally:
        await database.close()


def connect(settings: Settings) -> Environment:
    """Connect a process to everything that stages need; connections open on their first use."""
    store = open_store(settings)
    return Environment(
        settings=settings,
        registry=Registry.load(settings.pipelines),
        database=_database(settings),
        store=store,
        cache=NodeCache(store, settings.home / "cache", settings.storage.cache_bytes),
        board=Live(open_redis(settings)),
    )


def open_redis(settings: Settings) -> redis.Redis:
    """Prepare a Redis client; the first command opens the first connection."""
    if settings.redis_url is None:
        raise RedisUnavailable("no Redis is configured and the embedded one was not started")
    url = settings.redis_url.get_secret_value()
    return redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=15, health_check_interval=30)


def desk(environment: Environment) -> Desk:
    """Return where runs are submitted, cancelled and retried."""
    return Desk(environment.database, open_redis(environment.settings), environment.registry)


def _database(settings: Settings) -> Database:
    assert settings.database_url is not None  # noqa: S101 - services() fills it in
    return Database.connect(settings.database_url)


@contextlib.contextmanager
def cluster(settings: Settings, *, dashboard: bool = False) -> Iterator[None]:
    """Join the cluster of ``RAY_ADDRESS``, or run a Ray of our own until the block ends.

    A Ray of our own offers what ``cluster.yaml`` says of a node, keeps to loopback, and leaves no files behind.
    """
    logging.getLogger("ray").setLevel(logging.WARNING)
    if settings.ray_address is not None:
        ray.init(address=settings.ray_address, namespace="moments", log_to_driver=False)
        try:
            yield
        finally:
            ray.shutdown()
        return
    directory = _ray_directory()
    try:
        ray.init(
            address="local",
            namespace="moments",
            num_cpus=max(os.cpu_count() or 1, settings.resources.minimum_cpus),
            resources=node_offer(settings),
            include_dashboard=dashboard,
            object_store_memory=_OBJECT_STORE_BYTES,
            log_to_driver=False,
            configure_logging=False,
            _temp_dir=str(directory),
            _node_ip_address="127.0.0.1",
        )
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(directory, ignore_errors=True)


def node_offer(settings: Settings) -> dict[str, float]:
    """Return the custom resources of one node."""
    offer = settings.resources
    return {"audio_extraction": offer.audio_extraction, "clip_extraction": offer.clip_extraction}


def _ray_directory() -> Path:
    """Make a directory for a Ray of this process, and remove those of processes that died without doing so.

    Ray's sockets live in it, and a socket's path holds 107 characters: hence ``/tmp`` and not ``MOMENTS_HOME``.
    """
    root = Path(tempfile.gettempdir()) / f"moments-ray-{os.geteuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    for sibling in root.iterdir():
        if sibling.name.isdecimal() and not Path(f"/proc/{sibling.name}").exists():
            shutil.rmtree(sibling, ignore_errors=True)
    directory = root / str(os.getpid())
    directory.mkdir(exist_ok=True)
    return directory


def unsatisfiable(registry: Registry, nodes: Iterable[Mapping[str, float]]) -> dict[str, str]:
    """Return the stages that no node of the cluster can take, each with what it asks for."""
    offers = list(nodes)
    steps = {step.name: step.resources for pipeline in registry for step in pipeline.steps}
    return {
        name: ", ".join(f"{what} {amount:g}" for what, amount in resources.requirements().items())
        for name, resources in steps.items()
        if not resources.fits(offers)
    }


def require_capacity(registry: Registry, nodes: Iterable[Mapping[str, float]]) -> None:
    """Refuse to start on a cluster that cannot run every stage.

    Raises:
        NoCapacity: naming the stages and what they ask for.
    """
    if missing := unsatisfiable(registry, nodes):
        told = "; ".join(f"{stage} asks for {needs}" for stage, needs in missing.items())
        raise NoCapacity(f"the cluster has no node for every stage: {told}; see cluster.yaml")


async def warm_up() -> None:
    """Run one tiny dataset, so that the first run does not pay for Ray Data's imports (seconds)."""
    await asyncio.wrap_future(ray.remote(_warm_up).options(num_cpus=0, max_retries=0).remote().future())


def _warm_up() -> None:
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    data = ray.data.DataContext.get_current()
    data.op_resource_reservation_enabled = False
    data.enable_progress_bars = False
    rows = ray.data.from_items([{"row": 0}, {"row": 1}], override_num_blocks=2)
    rows.map(lambda row: row, num_cpus=0.5, max_retries=0).take_all()
