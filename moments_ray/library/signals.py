"""What was measured of a video's sound and picture: once a content, whoever works on it."""

from __future__ import annotations

from moments_ray.engine import Context
from moments_ray.library.objects import content_mark, video_folder
from moments_ray.library.values import SourceVideo
from moments_ray.media.signals import Signals, measure
from moments_ray.storage.object_store import ObjectStore


async def measured_signals(ctx: Context, video: SourceVideo) -> tuple[Signals, str]:
    """Measure sound and picture once a content; a second run of the video reads the figures back."""
    name = signals_name(video.video, video.checksum)
    if await ctx.store.exists(name):
        return await read_signals(ctx, name), name
    async with ctx.cache.open(ctx.store.uri(video.name)) as source:
        signals = await measure(
            source, video.info, settings=ctx.settings.media, threads=ctx.threads, timeout=ctx.seconds_left()
        )
    await ctx.store.put_bytes(name, signals.model_dump_json().encode(), content_type="application/json")
    return signals, name


async def read_signals(ctx: Context, name: str) -> Signals:
    """Return what was measured of a video's sound and picture."""
    return await load_signals(ctx.store, name)


def signals_name(video: str, checksum: str) -> str:
    """Return the name of the object that holds what was measured of a content of a video."""
    return f"{video_folder(video)}/signals-{content_mark(checksum)}.json"


async def load_signals(store: ObjectStore, name: str) -> Signals:
    """Read back what was measured."""
    stored = await store.stat(name)
    return Signals.model_validate_json(await store.read_range(name, 0, stored.bytes))
