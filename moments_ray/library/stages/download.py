"""VIDEO_DOWNLOAD: the source's bytes into the store, probed before they count."""

from __future__ import annotations

import asyncio
import functools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from moments_ray.database.session import WriteSession
from moments_ray.engine import Context, Resources, stage
from moments_ray.errors import MediaError, SourceNotFound
from moments_ray.library.objects import put_by_content, video_folder
from moments_ray.library.queries.site_visits import SiteVisits
from moments_ray.library.queries.videos import Videos
from moments_ray.library.values import CaptionObject, Source, SourceVideo
from moments_ray.media.download import download
from moments_ray.media.downloaded import Downloaded, SiteCaptions, clean_title
from moments_ray.media.probe import MediaInfo, probe
from moments_ray.media.sheet import write_sheet
from moments_ray.media.site_signals import read_site_signals
from moments_ray.media.sites import site_settings
from moments_ray.media.thumbnails import thumbnail
from moments_ray.process.metrics import BYTES_MOVED
from moments_ray.storage.object_store import StoredObject

log = structlog.get_logger()

_CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": ("video/mp4", ".mp4"),
    "matroska,webm": ("video/x-matroska", ".mkv"),
    "avi": ("video/x-msvideo", ".avi"),
    "mpegts": ("video/mp2t", ".ts"),
}


@stage("VIDEO_DOWNLOAD", resources=Resources(cpus=0.5), attempts=4, timeout=3600, reusable=True)
async def download_video(ctx: Context, source: Source) -> SourceVideo:
    """Fetch or copy the source, probe it, store it with its thumbnail and the captions its site offers."""
    folder = video_folder(source.video)
    async with _fetched(ctx, source) as fetched:
        info = await probe(fetched.path, ctx.settings.media)
        stored = await (ctx.store.stat(source.stored) if source.stored else _stored(ctx, folder, fetched.path, info))
        if source.url is not None:
            await ctx.cache.keep(stored, fetched.path)
        captions = [await _store_captions(ctx, folder, one) for one in fetched.captions]
        picture = await _picture(ctx, folder, fetched.path, info)
        board = await _storyboard(ctx, folder, fetched.path, info)
    title = clean_title(info.title or "") or fetched.title
    signals = read_site_signals(fetched.about, info.duration)

    async def write(session: WriteSession) -> None:
        videos = Videos(session)
        await videos.set_source(
            source.video,
            title,
            cloud_url=stored.uri,
            duration=info.duration,
            resolution=f"{info.width}x{info.height}",
            width=info.width,
            height=info.height,
            fps=info.fps,
            codec=info.codec,
            bytes=stored.bytes,
            checksum=stored.checksum,
            info=info.model_dump(mode="json"),
            site_signals=signals.model_dump(mode="json"),
            storyboard=board,
        )
        await videos.set_thumbnail(source.video, picture.uri)

    ctx.record(write)
    if source.url is not None:
        await asyncio.to_thread(shutil.rmtree, ctx.kept("download"), ignore_errors=True)
    return SourceVideo(
        video=source.video,
        name=stored.name,
        title=title or "",
        checksum=stored.checksum,
        info=info,
        captions=tuple(captions),
    )


@asynccontextmanager
async def _fetched(ctx: Context, source: Source) -> AsyncIterator[Downloaded]:
    if source.stored is not None:
        async with ctx.cache.open(ctx.store.uri(source.stored)) as path:
            yield Downloaded(path=path, bytes=path.stat().st_size)
    elif source.path is not None:
        path = Path(source.path)
        if not path.is_file():
            raise SourceNotFound(f"There is no file {path} on the node that is to read it.")
        yield Downloaded(path=path, bytes=path.stat().st_size, title=clean_title(path.stem))
    else:
        assert source.url is not None  # noqa: S101 - a Source has one of the three
        fetched = await download(
            source.url,
            ctx.kept("download"),
            ctx.settings,
            on_progress=ctx.report,
            before_request=functools.partial(_turn, ctx, source.url),
        )
        ctx.environment.meter(BYTES_MOVED, fetched.bytes, direction="fetched")
        yield fetched


async def _turn(ctx: Context, url: str) -> None:
    """Wait until the site may be asked again, by whichever node of the cluster; no connection is held meanwhile."""
    name, site = site_settings(url, ctx.settings)
    if site.pause_seconds:
        async with ctx.environment.database.begin() as session:
            seconds = await SiteVisits(session).take_turn(name, site.pause_seconds)
        await asyncio.sleep(seconds)


async def _stored(ctx: Context, folder: str, path: Path, info: MediaInfo) -> StoredObject:
    kind, suffix = kind_and_suffix(info)
    if path.suffix != suffix:
        link = ctx.scratch / f"source{suffix}"
        link.symlink_to(path)
        path = link
    return await put_by_content(ctx, f"{folder}/source", path, content_type=kind)


def kind_and_suffix(info: MediaInfo) -> tuple[str, str]:
    """Return the content type and the suffix under which a source is stored: the probe's word, not the sender's."""
    return _CONTAINERS.get(info.container, ("application/octet-stream", ".bin"))


async def _store_captions(ctx: Context, folder: str, captions: SiteCaptions) -> CaptionObject:
    stored = await put_by_content(ctx, f"{folder}/captions", captions.path, content_type="text/plain")
    return CaptionObject(name=stored.name, language=captions.language, automatic=captions.automatic)


async def _picture(ctx: Context, folder: str, path: Path, info: MediaInfo) -> StoredObject:
    """Store a frame from a tenth into the video: titles and black are over by then."""
    target = ctx.scratch / "thumbnail.jpg"
    await thumbnail(path, info.duration / 10, target, settings=ctx.settings.media)
    return await put_by_content(ctx, f"{folder}/thumbnails/video", target, content_type="image/jpeg")


async def _storyboard(ctx: Context, folder: str, path: Path, info: MediaInfo) -> dict[str, Any] | None:
    """Store a sheet of small pictures; a video that gives none can be watched all the same."""
    target = ctx.scratch / "storyboard.jpg"
    try:
        sheet = await write_sheet(path, info, target, settings=ctx.settings.media, timeout=ctx.seconds_left())
    except MediaError as error:
        log.warning("storyboard.not_made", code=error.code, error=error.message)
        return None
    stored = await put_by_content(ctx, f"{folder}/storyboard", target, content_type="image/jpeg")
    return {"uri": stored.uri, **sheet.model_dump()}
