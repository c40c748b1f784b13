"""Extracts a video's sound as speech recognisers want it: 16 kHz mono, and t = 0 where the source's is."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from moments_ray.errors import MediaError, UnsupportedMedia
from moments_ray.media.probe import MediaInfo
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.source import FFMPEG_GLOBAL_ARGUMENTS, ffmpeg_input_arguments, file_url
from moments_ray.settings import MediaSettings

SAMPLE_RATE = 16_000
BYTES_PER_SECOND = 2 * SAMPLE_RATE


class AudioInfo(BaseModel):
    """An extracted sound file: seconds, bytes, Hz, channels."""

    model_config = ConfigDict(frozen=True)

    duration: float
    bytes: int
    sample_rate: int
    channels: int


async def extract_audio(
    source: Path,
    info: MediaInfo,
    target: Path,
    *,
    settings: MediaSettings,
    threads: int,
    timeout: float,
    on_progress: Callable[[float], None] | None = None,
) -> AudioInfo:
    """Write the default sound track of a probed source to ``target`` as 16-bit PCM WAV; progress runs from 0 to 1.

    Sound that begins late, or breaks off and goes on, is padded with silence, so a position in the file is the position
    in the source. Raises UnsupportedMedia if there is no sound, MediaError if what came out is not what was asked, and
    what ``run_tool`` raises; ``target`` exists only if all went well.
    """
    track = info.default_audio
    if track is None:
        raise UnsupportedMedia("This video has no sound.")
    partial = target.with_name(f"{target.name}.part")
    filters = (*on_the_clock(info, SAMPLE_RATE), f"atrim=end={settings.max_duration_seconds:g}")
    argv = [
        ffmpeg_executable(),
        *FFMPEG_GLOBAL_ARGUMENTS,
        *("-progress", "pipe:1", "-threads", str(threads), "-copyts"),
        *ffmpeg_input_arguments(source, settings),
        *("-map", f"0:{track.index}", "-map_metadata", "-1", "-threads", str(threads)),
        *("-af", ",".join(filters), "-ac", "1", "-c:a", "pcm_s16le"),
        *("-f", "wav", file_url(partial)),
    ]

    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if on_progress is not None and name == "total_size" and value.isdecimal() and info.duration > 0:
            on_progress(min(int(value) / BYTES_PER_SECOND / info.duration, 1.0))

    try:
        await run_tool(argv, timeout=timeout, settings=settings, on_stdout=on_line)
        audio = await asyncio.to_thread(_measure, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return audio


def on_the_clock(info: MediaInfo, sample_rate: int) -> tuple[str, str]:
    """Return the filters after which a position in the sound is the position in the source.

    Filled by the time stamps, not by counting samples, from the source's t = 0: that keeps its clock. The stamps stay
    as they are in the file (-copyts), because ffmpeg's own idea of t = 0 leaves out the streams it does not read.
    """
    return f"asetpts=PTS-{info.start_time:.6f}/TB", f"aresample={sample_rate}:async=1:first_pts=0"


def _measure(path: Path) -> AudioInfo:
    """Read back the header of a WAV of ours and check that it holds what it says."""
    try:
        with wave.open(str(path), "rb") as file:
            frames, rate, channels, width = (
                file.getnframes(),
                file.getframerate(),
                file.getnchannels(),
                file.getsampwidth(),
            )
    except (wave.Error, EOFError) as error:
        raise MediaError("The extracted sound cannot be read back.") from error
    size = path.stat().st_size
    if (rate, channels, width) != (SAMPLE_RATE, 1, 2) or frames == 0 or size < frames * width:
        raise MediaError("No sound could be decoded from this video's sound track.")
    return AudioInfo(duration=frames / rate, bytes=size, sample_rate=rate, channels=channels)
