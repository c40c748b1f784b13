"""Whether the models that an operator configured can be asked, and their tunnels opened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from pydantic import SecretStr

from moments_ray import runtime
from moments_ray.cli.checks import Finding
from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.embedded.services import embedded_services
from moments_ray.engine.product import ModelRole
from moments_ray.http.loopback import is_loopback
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry
from moments_ray.models.probe import reach
from moments_ray.models.registry import ModelRegistry, defaults
from moments_ray.models.tunnel import Tunnels
from moments_ray.products import model_roles
from moments_ray.settings import ModelSettings, Settings
from moments_ray.storage.factory import public_url

_ANSWER_SECONDS = 25.0  # a large model that has just been started may think about its first word


async def check_models(settings: Settings) -> list[Finding]:
    """Look who can play each role, and ask each configured model one small thing, through its tunnel if it has one.

    Raises:
        ServiceUnavailable: the registry cannot be read.
    """
    entries = await _registered(settings)
    roles = [*_check_quotas(settings.models), *(_check_role(role, entries, settings.models) for role in model_roles())]
    return [*roles, *await _ask_all(entries, settings), *_check_links(entries, settings)]


def _check_quotas(settings: ModelSettings) -> list[Finding]:
    known = [role.name for role in model_roles()]
    return [
        Finding(
            f"role {name}",
            "warning",
            f"Settings give it a quota, but no product has such a role: unset MOMENTS_MODELS__QUOTAS__{name.upper()},"
            f" or name one of {', '.join(known)}.",
        )
        for name in settings.quotas
        if name not in known
    ]


def _check_role(role: ModelRole, entries: Mapping[str, ModelEntry], settings: ModelSettings) -> Finding:
    name, quota = f"role {role.name}", settings.quota(role.name, role.quota)
    able = [key for key, entry in sorted(entries.items()) if entry.kind in role.kinds and entry.configured]
    if not able:
        known = ", ".join(sorted(key for key, entry in entries.items() if entry.kind in role.kinds)) or "a model of it"
        cure = f"give {known} an address with PATCH /api/admin/models/KEY"
        return Finding(name, "warning", f"No model that can play it is configured: {cure}.")
    return Finding(name, "ok", f"{quota.replicas * quota.at_once} at once in the cluster, played by {', '.join(able)}")


def _check_links(entries: Mapping[str, ModelEntry], settings: Settings) -> list[Finding]:
    """Look for models elsewhere that are to watch clips at addresses which only this machine reaches."""
    if settings.gcs_bucket_name is not None or not is_loopback(urlsplit(public_url(settings)).hostname or ""):
        return []
    cure = "set MOMENTS_PUBLIC_URL to an address of this server that it reaches, or use a bucket"
    return [
        Finding(
            f"clips for {key}", "warning", f"It is on another machine, where links to 127.0.0.1 lead nowhere: {cure}."
        )
        for key, entry in sorted(entries.items())
        if entry.configured and entry.supports_video and not entry.embedded and not is_loopback(_host(entry))
    ]


def _host(entry: ModelEntry) -> str:
    return entry.ssh_host or urlsplit(entry.url(entry.path)).hostname or ""


async def _ask_all(entries: Mapping[str, ModelEntry], settings: Settings) -> list[Finding]:
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
        database = Database.connect(SecretStr(services.database_url), settings.database)
        stack.push_async_callback(database.close)
        if settings.database_url is None and await schema.current(database) is None:
            return defaults()  # the first command makes the schema; nobody can have configured anything yet
        await schema.require_head(database)
        resolved = settings.model_copy(update={"redis_url": SecretStr(services.redis_url)})
        registry = ModelRegistry(database, runtime.open_redis(resolved), resolved)
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
