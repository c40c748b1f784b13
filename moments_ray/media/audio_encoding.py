"""A video's sound as a file to keep: WAV, MP3 or FLAC, as long as the video and with its clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

from moments_ray.errors import UnsupportedMedia
from moments_ray.media.audio import on_the_clock
from moments_ray.media.presets import AudioFormat, AudioQuality
from moments_ray.media.probe import AudioTrack, MediaInfo
from moments_ray.media.process import ffmpeg_executable, run_python, run_tool
from moments_ray.media.source import FFMPEG_GLOBAL_ARGUMENTS, ffmpeg_input_arguments, file_url
from moments_ray.settings import MediaSettings

_HIGHEST_RATE = 48_000
_MP3_RATES = (32_000, 44_100, 48_000)
_CONTENT_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac"}
_LARGEST_BYTES_PER_SECOND = 2 * 3 * _HIGHEST_RATE


class EncodedSound(BaseModel):
    """A sound file: seconds, bytes, Hz, channels."""

    model_config = ConfigDict(frozen=True)

    duration: float
    bytes: int
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class _Encoding:
    sample_rate: int
    channels: int
    arguments: tuple[str, ...]


def content_type_of(audio_format: AudioFormat) -> str:
    """Return the media type of a format."""
    return _CONTENT_TYPES[audio_format]


def largest_bytes(info: MediaInfo) -> int:
    """Return how large the sound of a video can become."""
    return int(info.duration * _LARGEST_BYTES_PER_SECOND)


async def encode_audio(
    source: Path,
    info: MediaInfo,
    target: Path,
    *,
    audio_format: AudioFormat,
    quality: AudioQuality,
    settings: MediaSettings,
    threads: int,
    timeout: float,
    on_progress: Callable[[float], None] | None = None,
) -> EncodedSound:
    """Write the default sound track of a probed source to ``target``, as long as the video; progress runs from 0 to 1.

    WAV and FLAC are 16 kHz mono, 44.1 kHz stereo in 16 bits, or the source's own rate up to 48 kHz in 24 bits; MP3 has
    96 (mono), 160 or 320 kbit/s. Raises UnsupportedMedia if there is no sound, and what ``run_tool`` raises.
    """
    track = info.default_audio
    if track is None:
        raise UnsupportedMedia("This video has no sound.")
    encoding = _encoding(track, audio_format, quality)
    filters = (
        *on_the_clock(info, encoding.sample_rate),
        f"apad=whole_dur={info.duration:.6f}",
        f"atrim=end={info.duration:.6f}",
    )
    argv = [
        ffmpeg_executable(),
        *FFMPEG_GLOBAL_ARGUMENTS,
        *("-progress", "pipe:1", "-threads", str(threads), "-copyts"),
        *ffmpeg_input_arguments(source, settings),
        *("-map", f"0:{track.index}", "-map_metadata", "-1", "-threads", str(threads)),
        *("-af", ",".join(filters), "-ac", str(encoding.channels), *encoding.arguments),
        *("-f", audio_format, file_url(target)),
    ]

    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if on_progress is not None and name == "out_time_us" and value.isdecimal() and info.duration > 0:
            on_progress(min(int(value) / 1e6 / info.duration, 1.0))

    await run_tool(argv, timeout=timeout, settings=settings, on_stdout=on_line)
    measured = await run_python(
        "moments_ray.media.native.sound_file:measure", {"path": str(target)}, timeout=timeout, settings=settings
    )
    return EncodedSound(bytes=target.stat().st_size, **cast("dict[str, Any]", measured))


def _encoding(track: AudioTrack, audio_format: AudioFormat, quality: AudioQuality) -> _Encoding:
    own_rate = min(track.sample_rate or _HIGHEST_RATE, _HIGHEST_RATE)
    channels = min(max(track.channels, 1), 2)
    if audio_format == "mp3":
        rate = min(_MP3_RATES, key=lambda known: abs(known - own_rate))
        kbits = {"low": 96, "medium": 160, "high": 320}[quality]
        return _Encoding(rate, 1 if quality == "low" else channels, ("-c:a", "libmp3lame", "-b:a", f"{kbits}k"))
    rate, channels, bits = {
        "low": (16_000, 1, 16),
        "medium": (44_100, 2, 16),
        "high": (own_rate, channels, 24),
    }[quality]
    if audio_format == "wav":
        return _Encoding(rate, channels, ("-c:a", f"pcm_s{bits}le"))
    depth = ("-sample_fmt", "s16") if bits == 16 else ("-sample_fmt", "s32", "-bits_per_raw_sample", "24")
    return _Encoding(rate, channels, ("-c:a", "flac", *depth))
