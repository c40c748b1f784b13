"""What a run needs, each asked of the real thing; none of it takes longer than seconds or leaves anything behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr
from redis.exceptions import RedisError, ResponseError

from moments_ray import runtime
from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.embedded.services import embedded_database, embedded_redis
from moments_ray.engine.registry import Registry
from moments_ray.errors import (
    DiskFull,
    MomentsError,
    ObjectCorrupted,
    RayUnavailable,
    RedisUnavailable,
    SchemaOutdated,
)
from moments_ray.ids import new_identifier
from moments_ray.media.javascript import ADDRESS_SPACE_BYTES, data_bytes, deno_executable, deno_variables
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.settings import Settings
from moments_ray.speech.recognisers import recognisers
from moments_ray.storage.blocking import free_bytes
from moments_ray.storage.factory import open_store

_TOOL_SECONDS = 15.0
_LEAST_FREE_BYTES = 1024**3  # a database, its journal, and one short video
_OLDEST_REDIS = (6, 2)  # has XAUTOCLAIM

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """What a check found, in one sentence, with the cure where something is wrong."""

    name: str
    status: Status
    message: str


Check = Callable[[Settings], Awaitable[list[Finding]]]


async def check_ffmpeg(settings: Settings) -> list[Finding]:
    """Encode one frame."""
    ffmpeg = ffmpeg_executable()
    version = await run_tool([ffmpeg, "-version"], timeout=_TOOL_SECONDS, settings=settings.media)
    source = ("-f", "lavfi", "-i", "color=size=64x64:rate=1:duration=1")
    encode = ("-frames:v", "1", "-c:v", "libx264", "-f", "null", "-")
    try:
        await run_tool([ffmpeg, "-v", "error", *source, *encode], timeout=_TOOL_SECONDS, settings=settings.media)
    except MomentsError as error:
        return [
            Finding("ffmpeg", "failed", f"{ffmpeg} cannot encode H.264 ({error.message}): use one that has libx264.")
        ]
    return [Finding("ffmpeg", "ok", f"{' '.join(version.stdout.split()[:3])} with libx264, {ffmpeg}")]


async def check_database(settings: Settings) -> list[Finding]:
    """Ask PostgreSQL for its version and the schema's."""
    async with embedded_database(settings) as url:
        database = Database.connect(SecretStr(url), settings.database)
        try:
            revision = await schema.current(database)
            if settings.database_url is None and revision is None:
                return [Finding("database", "ok", "embedded PostgreSQL; the first command makes its schema")]
            with contextlib.ExitStack() as stack:
                if settings.database_url is None:  # every command mends that by itself
                    stack.enter_context(contextlib.suppress(SchemaOutdated))
                await schema.require_head(database)
        finally:
            await database.close()
    kind = "embedded PostgreSQL" if settings.database_url is None else "PostgreSQL"
    return [Finding("database", "ok", f"{kind} at schema {revision}")]


async def check_redis(settings: Settings) -> list[Finding]:
    """Ask Redis for its version, and whether it would forget or drop what is queued."""
    async with embedded_redis(settings) as url:
        client = runtime.open_redis(settings.model_copy(update={"redis_url": SecretStr(url)}))
        try:
            version = str((await client.info("server"))["redis_version"])
            hints = await _redis_hints(client.config_get)
        except (RedisError, OSError) as error:
            raise RedisUnavailable(f"Redis does not answer ({error}): start it, or mend or unset REDIS_URL.") from error
        finally:
            await client.aclose()
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_REDIS:
        return [Finding("redis", "failed", f"Redis {version} is too old: 6.2 or newer is needed.")]
    if hints:
        return [Finding("redis", "warning", f"Redis {version}: {'; '.join(hints)}")]
    return [Finding("redis", "ok", f"Redis {version}, keeps its journal, evicts nothing")]


async def _redis_hints(config_get: Callable[[str], Awaitable[dict[Any, Any]]]) -> list[str]:
    hints = []
    try:
        if (await config_get("appendonly")).get("appendonly") == "no":
            hints.append("it forgets queued runs when it ends, and they wait for the sweeper; set appendonly to yes")
        if (await config_get("maxmemory-policy")).get("maxmemory-policy") not in {"noeviction", None}:
            hints.append("it may evict queued runs; set maxmemory-policy to noeviction")
    except ResponseError:
        hints.append("it does not tell its configuration; see that it has appendonly yes and noeviction")
    return hints


async def check_store(settings: Settings) -> list[Finding]:
    """Write, read and delete an object."""
    store = await asyncio.to_thread(open_store, settings)
    name, data = f"doctor/{new_identifier()}", b"a word to be read again"
    await store.put_bytes(name, data, content_type="text/plain")
    try:
        if await store.read_range(name, 0, len(data)) != data:
            raise ObjectCorrupted("The object store gives back other bytes than it was given: check its disk.")
    finally:
        await store.delete(name)
    where = f"gs://{settings.gcs_bucket_name}" if settings.gcs_bucket_name else str(settings.store_directory)
    return [Finding("store", "ok", f"{where} takes, gives and deletes")]


async def check_speech(settings: Settings) -> list[Finding]:
    """Ask each recogniser, and say which one would hear a video without captions; the forced one if one is forced."""
    captions, *hearing = await asyncio.to_thread(recognisers)
    availabilities = {each.key: await asyncio.to_thread(each.availability, settings) for each in hearing}
    forced = settings.speech.transcriber
    usable = {key: found for key, found in availabilities.items() if found.ok or found.preparable}
    if forced == captions.key:
        findings = [Finding("speech", "warning", "only captions are used: a video without them cannot be transcribed")]
    elif forced and forced not in availabilities:
        keys = ", ".join((captions.key, *availabilities))
        findings = [Finding("speech", "failed", f"There is no transcriber {forced!r}; there are: {keys}.")]
    elif chosen := next((key for key in usable if forced in {None, key}), None):
        findings = [Finding("speech", "ok", f"a video without captions is transcribed by {chosen}")]
    elif forced and availabilities[forced].fetchable:
        findings = [Finding("speech", "warning", f"{forced} is forced and {availabilities[forced].reason}")]
    else:
        reason = availabilities[forced].reason if forced else "none of those below can be used"
        findings = [Finding("speech", "failed", f"A video without captions cannot be transcribed: {reason}.")]
    findings.append(Finding(f"speech {captions.key}", "ok", "used where a video comes with captions"))
    for key, found in availabilities.items():
        findings.append(Finding(f"speech {key}", "ok" if key in usable else "warning", found.reason))
    return findings


async def check_ray(settings: Settings) -> list[Finding]:
    """Compare what the stages ask for with what the cluster offers, or what a Ray of our own would."""
    if settings.ray_address is None:
        nodes, where = [runtime.node_offer(settings)], "a Ray of our own"
    else:
        nodes, where = await _nodes_of_cluster(settings.ray_address), f"the cluster at {settings.ray_address}"
    cpus = sum(node.get("CPU", 0) for node in nodes)
    if settings.ray_address is not None and not cpus:
        return [Finding("ray", "warning", f"{where} has no node yet that runs stages: runs wait, and ask for one")]
    Registry.load(settings.pipelines).require_capacity(nodes)
    return [Finding("ray", "ok", f"{where} offers {cpus:g} CPUs and what every stage asks for")]


async def _nodes_of_cluster(address: str) -> list[dict[str, float]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "moments_ray.cli.cluster_probe", address),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RayUnavailable(
            f"The attempt to join the Ray cluster at RAY_ADDRESS={address} broke off: check that its version is ours."
        )
    answer = json.loads(output)
    if "error" in answer:
        raise RayUnavailable(answer["error"][0]["message"])
    nodes: list[dict[str, float]] = answer["nodes"]
    return nodes


async def check_disk(settings: Settings) -> list[Finding]:
    """Look for space for a database, and for the largest download that is allowed."""
    free = await asyncio.to_thread(free_bytes, settings.home)
    gigabytes = f"{free / 1024**3:.1f} GiB free at {settings.home}"
    if free < _LEAST_FREE_BYTES:
        raise DiskFull(f"{gigabytes}: free some, or set MOMENTS_HOME to a larger disk.")
    if free < settings.download.max_bytes:
        limit = settings.download.max_bytes / 1024**3
        hint = f"{gigabytes}, less than the largest allowed download ({limit:.1f} GiB): free some, or lower the limit"
        return [Finding("disk", "warning", hint)]
    return [Finding("disk", "ok", gigabytes)]


async def check_javascript(settings: Settings) -> list[Finding]:
    """Have the engine that yt-dlp starts for some sites do a sum, under the limits it has there."""
    engine = deno_executable()
    if engine is None:
        cure = "there is no Deno: YouTube will refuse downloads; install the `deno` wheel again, or Deno 2 on PATH."
        return [Finding("javascript", "warning", cure)]
    try:
        ran = await run_tool(
            [engine, "eval", "--no-config", "console.log(Deno.version.deno, 6 * 7)"],
            timeout=_TOOL_SECONDS,
            settings=settings.media,
            memory_bytes=ADDRESS_SPACE_BYTES,
            data_bytes=data_bytes(settings.media),
            variables=deno_variables(str(settings.home / "deno")),
        )
    except MomentsError as error:
        told = f"{engine} does not run ({error.message[:120]}): YouTube will refuse downloads; install it again."
        return [Finding("javascript", "warning", told)]
    version, answer = ran.stdout.split()
    status: Status = "ok" if answer == "42" else "warning"
    return [Finding("javascript", status, f"Deno {version} runs for yt-dlp, {engine}")]


async def check_sites(settings: Settings) -> list[Finding]:
    """See that the cookies that are set for sites can be read here."""
    findings = []
    for name, site in settings.sites.items():
        path = site.cookies_path
        try:
            if path is not None:
                await asyncio.to_thread(_first_line, path)
        except OSError as error:
            told = f"{name}: the cookies at {path} cannot be read ({error.strerror}): put them there on every node."
            findings.append(Finding("sites", "failed", told))
        else:
            known = (
                f"{len(site.proxies)} proxies, {'cookies' if path else 'no cookies'}, pause {site.pause_seconds:g} s"
            )
            findings.append(Finding("sites", "ok", f"{name}: {known}"))
    return findings


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline()
