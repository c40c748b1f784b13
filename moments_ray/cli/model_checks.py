"""Whether the models that an operator configured can be asked, and their tunnels opened."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from pydantic import SecretStr

from moments_ray import runtime
from moments_ray.cli.checks import Finding
from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.embedded.services import embedded_services
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry
from moments_ray.models.probe import reach
from moments_ray.models.registry import ModelRegistry, defaults
from moments_ray.models.tunnel import Tunnels
from moments_ray.settings import ModelSettings, Settings

_ANSWER_SECONDS = 25.0  # a large model that has just been started may think about its first word


async def check_models(settings: Settings) -> list[Finding]:
    """Ask each configured model one small thing, through its tunnel where it has one.

    Raises:
        ServiceUnavailable: the registry cannot be read.
    """
    entries = await _registered(settings)
    remote = [entry for key, entry in sorted(entries.items()) if entry.configured and not entry.embedded]
    if not remote:
        return [Finding("models", "ok", "none is configured beside the product's own")]
    once = settings.models.model_copy(update={"tries": 1})
    tunnels = Tunnels(once)
    try:
        return list(await asyncio.gather(*(_ask(entry, once, tunnels) for entry in remote)))
    finally:
        await tunnels.close()


async def _registered(settings: Settings) -> dict[str, ModelEntry]:
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(embedded_services(settings))
        database = Database.connect(SecretStr(services.database_url))
        stack.push_async_callback(database.close)
        if settings.database_url is None and await schema.current(database) is None:
            return defaults()  # the first command makes the schema; nobody can have configured anything yet
        await schema.require_head(database)
        resolved = settings.model_copy(update={"redis_url": SecretStr(services.redis_url)})
        registry = ModelRegistry(database, runtime.open_redis(resolved))
        stack.push_async_callback(registry.close)
        return await registry.entries()


async def _ask(entry: ModelEntry, settings: ModelSettings, tunnels: Tunnels) -> Finding:
    endpoint = Endpoint(entry, settings, lambda: tunnels.entrance(entry))
    try:
        found = await reach(endpoint, _ANSWER_SECONDS)
    finally:
        await endpoint.close()
    name, where = f"model {entry.key}", _where(entry)
    if found.reachable:
        return Finding(name, "ok", f"{where} answered in {found.seconds:.1f} s")
    cure = f"see that it runs, or mend its entry with PATCH /api/admin/models/{entry.key}"
    return Finding(name, "failed", f"{where} does not answer as it should ({found.error}): {cure}.")


def _where(entry: ModelEntry) -> str:
    if not entry.ssh_host:
        return entry.url(entry.path)
    target = entry.tunnel_target
    return f"{target.host}:{target.port} through the SSH host {entry.ssh_host}:{entry.ssh_port}"
