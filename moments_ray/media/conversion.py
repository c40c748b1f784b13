"""A clip as another kind of file: WebM or QuickTime, and no larger a picture than was asked for."""

from __future__ import annotations

from pathlib import Path

from moments_ray.media.presets import ClipFormat, Resolution
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.source import FFMPEG_GLOBAL_ARGUMENTS, ffmpeg_input_arguments, file_url
from moments_ray.settings import MediaSettings

_CONTENT_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}
_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p")
_VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "6", "-crf", "33", "-b:v", "0", "-row-mt", "1")


def content_type_of(clip_format: ClipFormat) -> str:
    """Return the media type of a format."""
    return _CONTENT_TYPES[clip_format]


def size_within(width: int, height: int, resolution: Resolution) -> tuple[int, int]:
    """Return the size of a picture whose shorter edge is within a resolution; nothing is enlarged, edges are even."""
    bound = min(width, height) if resolution == "source" else int(resolution.removesuffix("p"))
    if min(width, height) <= bound:
        return width, height
    share = bound / min(width, height)
    return round(width * share / 2) * 2, round(height * share / 2) * 2


async def convert_clip(
    clip: Path,
    target: Path,
    *,
    clip_format: ClipFormat,
    size: tuple[int, int] | None,
    settings: MediaSettings,
    threads: int,
    timeout: float,
) -> None:
    """Write a clip of ours to ``target`` in a format, scaled to ``size`` (pixels) or as large as it is.

    MP4 and QuickTime keep the streams as they are unless they are scaled; WebM is VP9 and Opus, which takes longer.
    Raises what ``run_tool`` raises.
    """
    scaled = () if size is None else ("-vf", f"scale={size[0]}:{size[1]}:flags=bicubic")
    match clip_format:
        case "webm":
            streams: tuple[str, ...] = (*_VP9, "-pix_fmt", "yuv420p", "-c:a", "libopus", "-b:a", "128k")
        case _:
            pictures = ("-c:v", "copy") if size is None else _H264
            streams = (*pictures, "-c:a", "copy", "-movflags", "+faststart")
    argv = [
        ffmpeg_executable(),
        *(*FFMPEG_GLOBAL_ARGUMENTS, "-threads", str(threads)),
        *ffmpeg_input_arguments(clip, settings),
        *("-map", "0:v:0", "-map", "0:a:0?", "-fps_mode", "passthrough", "-threads", str(threads)),
        *(*scaled, *streams, "-f", clip_format, file_url(target)),
    ]
    await run_tool(argv, timeout=timeout, settings=settings)
