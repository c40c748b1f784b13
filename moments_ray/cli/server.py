"""The commands that stay: ``moments up`` and ``moments worker``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from contextlib import AsyncExitStack

from rich.console import Console

from moments_ray import runtime
from moments_ray.access.key_store import ApiKeyStore
from moments_ray.cli.address import own_address, require_answer, require_free, require_loopback, shown
from moments_ray.cli.presence import sole_server
from moments_ray.cli.ray_thread import RayThread
from moments_ray.cli.stopping import take_signals_back
from moments_ray.cli.worker import Worker
from moments_ray.database import schema
from moments_ray.embedded.services import never_started, until_stopped
from moments_ray.errors import InvalidRequest, NoCapacity
from moments_ray.settings import Settings
from serve_app.app import ServeArgs
from serve_app.serving import serving


async def run_server(host: str, port: int | None, settings: Settings, console: Console) -> None:
    """Run the server until SIGTERM or SIGINT, then let running stages finish or hand them back.

    Raises:
        InvalidRequest: a server of this home lives, the port is in use, or the address is open to strangers.
        NoCapacity: a Ray of our own cannot run every stage.
        ServiceUnavailable: a part does not start or cannot be reached.
    """
    settings = settings.model_copy(update={"backend_port": port or settings.backend_port})
    if never_started(settings):  # then nobody has made a key, and nothing needs to be started to know it
        require_loopback(host)
    async with sole_server(settings):
        require_free(host, settings.backend_port)
        _announce(console, "page", f"{own_address(host, settings.backend_port)}/ui/, when all below has started")
        with contextlib.suppress(asyncio.CancelledError):  # it was told to stop, and did
            await _serve(host, settings, console)


async def run_worker(settings: Settings, console: Console) -> None:
    """Add one worker to the cluster of ``RAY_ADDRESS`` until SIGTERM or SIGINT.

    Raises:
        InvalidRequest: ``RAY_ADDRESS`` is not set.
        SchemaOutdated: the database is not at this version's schema.
        ServiceUnavailable: a part does not start or cannot be reached.
    """
    if settings.ray_address is None:
        raise InvalidRequest("`moments worker` joins a cluster: set RAY_ADDRESS to its HOST:6379, or use `moments up`.")
    with contextlib.suppress(asyncio.CancelledError):  # it was told to stop, and did
        await _work(settings, console)


async def _serve(host: str, settings: Settings, console: Console) -> None:
    ray_thread = RayThread()
    async with AsyncExitStack() as stack:  # it unwinds from workers through Serve and Ray to PostgreSQL and Redis
        resolved = await _enter_services(stack, settings, console)
        keys = await _keys_in_use(resolved)
        if not keys:
            require_loopback(host)
        cluster = await stack.enter_async_context(ray_thread.joined(runtime.cluster(resolved, dashboard=True)))
        nodes = await ray_thread.do(runtime.nodes)
        _require_shared_services(settings, nodes)
        here = next(node for node in nodes if node.here)
        _look_at_capacity(resolved, nodes, console)
        cpus = sum(node.resources.get("CPU", 0) for node in nodes)
        how = "joined" if settings.ray_address else "started"
        _announce(console, "Ray", f"{how} at {cluster.address}: {len(nodes)} node(s), {cpus:g} CPUs")
        if settings.ray_address is not None:  # of our own, Ray Data's start is left to the first run: it takes 300 MB
            warming = asyncio.create_task(_warm_up(console))
            stack.callback(warming.cancel)
        url = own_address(host, resolved.backend_port)
        beside = here.address if settings.ray_address else None
        serve = serving(ServeArgs(settings=resolved), host, resolved.backend_port, beside)
        await stack.enter_async_context(ray_thread.within(serve))
        await require_answer(url)
        worker = Worker(ray_thread, resolved)
        await worker.start(here)
        stack.push_async_callback(worker.stop)
        _announce(console, "worker", "takes runs for every node" if settings.ray_address else "takes runs")
        _announce(console, "API", f"{url} (health: {url}/health)")
        exporters = ", ".join(f"http://{node.address}:{node.metrics_port}/metrics" for node in nodes)
        _announce(console, "metrics", exporters)
        if cluster.dashboard_url:
            asks = f", which asks for the token in {cluster.token_file}" if cluster.token_file else ""
            _announce(console, "dashboard", f"{cluster.dashboard_url}{asks}")
        alone = "no API keys are configured: only this machine is served; `moments keys create` makes one"
        _announce(console, "access", "API keys are asked for" if keys else alone)
        await _stay(ray_thread, console)


async def _work(settings: Settings, console: Console) -> None:
    ray_thread = RayThread()
    async with AsyncExitStack() as stack:
        resolved = await _enter_services(stack, settings, console, migrating=False)
        await stack.enter_async_context(ray_thread.joined(runtime.cluster(resolved)))
        here = next(node for node in await ray_thread.do(runtime.nodes) if node.here)
        worker = Worker(ray_thread, resolved, own=True)
        await worker.start(here)
        stack.push_async_callback(worker.stop)
        warming = asyncio.create_task(_warm_up(console))
        stack.callback(warming.cancel)
        _announce(console, "worker", f"on {here.address}")
        await _stay(ray_thread, console)


async def _stay(ray_thread: RayThread, console: Console) -> None:
    """Wait until Ray is lost, or this is cancelled, which is how commands are told to stop."""
    take_signals_back()  # whoever reads that it is ready may stop it at once
    console.print("ready; Ctrl-C or SIGTERM stops it", style="green")
    try:
        await ray_thread.until_lost()
    except asyncio.CancelledError:
        console.print("stopping: running stages finish, or are handed back")
        raise


async def _enter_services(
    stack: AsyncExitStack, settings: Settings, console: Console, *, migrating: bool = True
) -> Settings:
    """Have PostgreSQL and Redis there and the schema in place until the stack unwinds; give them their URLs."""
    stack.push_async_callback(until_stopped, settings)
    resolved = await stack.enter_async_context(runtime.services(settings))
    if migrating and settings.database_url is not None:
        await runtime.migrate(resolved)
    await runtime.require_services(resolved)
    _announce(console, "PostgreSQL", f"{shown(settings.database_url, settings.home / 'postgres')}, at {schema.head()}")
    _announce(console, "Redis", shown(settings.redis_url, settings.home / "redis"))
    bucket = settings.gcs_bucket_name
    _announce(console, "store", f"gs://{bucket}" if bucket else f"{settings.store_directory}")
    return resolved


async def _keys_in_use(settings: Settings) -> bool:
    environment = runtime.connect(settings)
    try:
        return await ApiKeyStore(environment.database).in_use()
    finally:
        await environment.close()


def _require_shared_services(settings: Settings, nodes: Sequence[runtime.Node]) -> None:
    """Refuse a cluster whose other machines could not reach the servers of this one, or would each have a store."""
    if len({node.address for node in nodes}) < 2:
        return
    if not (settings.database_url and settings.redis_url):
        raise InvalidRequest(
            "The cluster has nodes on several machines, and the embedded servers are reached from their own only: "
            "set DATABASE_URL and REDIS_URL."
        )
    if not (settings.gcs_bucket_name or settings.storage.shared):
        raise InvalidRequest(
            "The cluster has nodes on several machines, and each would keep objects in a directory of its own: set "
            "GCS_BUCKET_NAME, or MOMENTS_STORAGE__SHARED=true where MOMENTS_HOME is the same for all."
        )


def _look_at_capacity(settings: Settings, nodes: Sequence[runtime.Node], console: Console) -> None:
    """Refuse a Ray of our own that cannot run every stage; of a cluster say it, because nodes may come.

    Raises:
        NoCapacity: naming the stages and what they ask for.
    """
    if settings.ray_address is not None and not any(node.resources.get("CPU") for node in nodes):
        _announce(console, "nodes", "none that runs stages is there yet; runs wait, and ask the autoscaler for one")
        return
    try:
        runtime.connect(settings).registry.require_capacity([node.resources for node in nodes])
    except NoCapacity as error:
        if settings.ray_address is None:
            raise
        _announce(console, "nodes", f"{error.message} Until there is one, runs wait.")


async def _warm_up(console: Console) -> None:
    try:
        await runtime.warm_up()
    except Exception as error:  # noqa: BLE001 - the first run is slower, that is all
        _announce(console, "Ray", f"could not be warmed up ({type(error).__name__}); the first run will be slower")


def _announce(console: Console, part: str, text: str) -> None:
    console.print(f"{part:<11}{text}", markup=False, soft_wrap=True)
