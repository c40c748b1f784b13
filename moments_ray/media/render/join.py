"""Joins pieces to a film: pictures copied, all sound mixed and encoded once, in step to the sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from moments_ray.errors import InvalidRequest, MediaError
from moments_ray.media.process import ffmpeg_executable, run_python, run_tool
from moments_ray.media.render.piece import TIME_SCALE
from moments_ray.media.render.plan import RATE, SAMPLE_RATE, SAMPLES_PER_FRAME, Music, RenderedPiece, SoundPlan
from moments_ray.media.source import ffmpeg_input_options, source_url
from moments_ray.settings import MediaSettings

_CONCAT = {"f": "concat", "safe": "0", "protocol_whitelist": "file"}
_RAW = {"f": "f32le", "ar": SAMPLE_RATE, "ac": 2}
_GLOBAL = ("-nostdin", "-hide_banner", "-loglevel", "error", "-y")
# -1 dB of true peak: the limiter looks at four times the rate, where peaks between samples are seen.
_CEILING, _OVERSAMPLED = 0.891, 4 * SAMPLE_RATE
_AUDIO_BITRATE = "160k"
# How music makes room for speech: by 4:1 above a quiet level, quickly, and back within half a second.
_DUCKING = {"threshold": 0.03, "ratio": 4, "attack": 20, "release": 500}
_MUSIC_FADE_SECONDS = 1.5
_MEASURED = re.compile(r"I:\s+(-?[0-9.]+) LUFS")
_SILENT_LUFS = -60.0
_LONGEST_SOUND = 3600


async def join_pieces(
    pieces: Sequence[RenderedPiece],
    sound: SoundPlan,
    directory: Path,
    target: str,
    *,
    settings: MediaSettings,
    timeout: float,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write the film ``directory/target`` of pieces that are files there, in order; returns its path.

    ``metadata`` are tags of the container, such as ``title``; nothing of the sources' own is kept. Raises
    InvalidRequest without pieces, and what ``run_tool`` raises.
    """
    if not pieces:
        raise InvalidRequest("There is nothing to join: a film needs at least one piece.")
    frames = sum(piece.frames for piece in pieces)
    mixed = f"{target}.f32"
    try:
        await _raw_sound(pieces, directory, mixed, settings, timeout)
        await _lay_cues(sound, directory, mixed, settings, timeout)
        gain = await _gain(sound, directory, mixed, settings, timeout)
        pictures = _list(directory, f"{target}.pictures", [(piece.video, piece.frames) for piece in pieces])
        film = ffmpeg.output(
            ffmpeg.input(pictures, **_CONCAT)["v:0"],
            _mix(mixed, sound.music, gain, frames),
            target,
            **{
                "c:v": "copy",
                "c:a": "aac",
                "b:a": _AUDIO_BITRATE,
                "video_track_timescale": TIME_SCALE,
                "movie_timescale": TIME_SCALE,
                "movflags": "+faststart",
                "map_metadata": -1,
                "fflags": "+bitexact",
            },
        )
        argv = [str(word) for word in ffmpeg.compile(film, cmd=ffmpeg_executable())]
        await _run([*argv[:-1], *_tags(metadata or {}), *_GLOBAL, argv[-1]], directory, settings, timeout)
    finally:
        (directory / mixed).unlink(missing_ok=True)
    return directory / target


async def plain_sound(source: Path, target: Path, *, settings: MediaSettings, timeout: float) -> None:
    """Write the sound of anybody's file, its first hour, as plain stereo samples at 48 kHz; raises as ``run_tool``."""
    heard = ffmpeg.input(source_url(source), **ffmpeg_input_options(settings))["a:0"]
    options = {"f": "wav", "ar": SAMPLE_RATE, "ac": 2, "c:a": "pcm_s16le", "t": _LONGEST_SOUND, "map_metadata": -1}
    argv = ffmpeg.compile(ffmpeg.output(heard, str(target), **options), cmd=ffmpeg_executable())
    await _run([*argv, *_GLOBAL], target.parent, settings, timeout)


def _tags(metadata: dict[str, str]) -> list[str]:
    return [word for key, value in metadata.items() for word in ("-metadata", f"{key}={value}")]


def _list(directory: Path, name: str, files: Sequence[tuple[str, int]]) -> str:
    """Write a list for ffmpeg's concat; a length for each file, because headers round to milliseconds."""
    lines = [line for file, frames in files for line in (f"file {file}", f"duration {frames / RATE:.9f}")]
    (directory / f"{name}.txt").write_text("\n".join(["ffconcat version 1.0", *lines, ""]), encoding="utf-8")
    return f"{name}.txt"


async def _raw_sound(
    pieces: Sequence[RenderedPiece], directory: Path, mixed: str, settings: MediaSettings, timeout: float
) -> None:
    """Write the pieces' sound one after the other as plain samples, which cues can be added to in place."""
    listed = _list(directory, f"{mixed}.sounds", [(piece.sound, piece.frames) for piece in pieces])
    raw = ffmpeg.output(ffmpeg.input(listed, **_CONCAT)["a:0"], mixed, **_RAW)
    await _run([*ffmpeg.compile(raw, cmd=ffmpeg_executable()), *_GLOBAL], directory, settings, timeout)
    expected = sum(piece.frames for piece in pieces) * SAMPLES_PER_FRAME * 8
    size = (directory / mixed).stat().st_size
    if size != expected:
        raise MediaError(f"The pieces' sound is {size // 8} samples long, not {expected // 8}.")


async def _lay_cues(sound: SoundPlan, directory: Path, mixed: str, settings: MediaSettings, timeout: float) -> None:
    """Add the cues to the samples, each decoded once however often it is heard."""
    decoded: dict[str, str] = {}
    for file in sorted({cue.file for cue in sound.cues}):
        decoded[file] = f"{mixed}.cue-{len(decoded)}"
        raw = ffmpeg.output(ffmpeg.input(file, protocol_whitelist="file")["a:0"], decoded[file], **_RAW)
        await _run([*ffmpeg.compile(raw, cmd=ffmpeg_executable()), *_GLOBAL], directory, settings, timeout)
    if not decoded:
        return
    job = {
        "mix": str(directory / mixed),
        "cues": [
            {
                "sound": str(directory / decoded[cue.file]),
                "sample": cue.frame * SAMPLES_PER_FRAME,
                "gain": 10 ** (cue.gain_db / 20),
                "samples": round(cue.seconds * SAMPLE_RATE) if cue.seconds is not None else None,
            }
            for cue in sound.cues
        ],
    }
    await run_python("moments_ray.media.native.mixing:lay", job, timeout=timeout, settings=settings)


async def _gain(sound: SoundPlan, directory: Path, mixed: str, settings: MediaSettings, timeout: float) -> float:
    """Return the decibels that bring the film's own sound to the asked loudness; 0 where none is asked, or silence."""
    if sound.loudness is None:
        return 0.0
    measured = ffmpeg.input(mixed, **_RAW).filter("ebur128", framelog="quiet").output("-", f="null")
    words = ffmpeg.compile(measured, cmd=ffmpeg_executable())
    done = await run_tool(
        [*words, "-nostdin", "-hide_banner", "-nostats"], timeout=timeout, settings=settings, cwd=directory
    )
    found = _MEASURED.findall(done.stderr_tail)
    if not found:
        raise MediaError("The film's loudness could not be measured.", {"stderr": done.stderr_tail})
    loudness = float(found[-1])
    return 0.0 if loudness < _SILENT_LUFS else sound.loudness - loudness


def _mix(mixed: str, music: Music | None, gain: float, frames: int) -> Any:
    """Return the graph of all that is heard: levelled, over music, under a limiter."""
    heard = ffmpeg.input(mixed, **_RAW)
    if gain:
        heard = heard.filter("volume", f"{gain:.2f}dB")
    if music is not None:
        bed = ffmpeg.input(music.file, stream_loop=-1, protocol_whitelist="file")["a:0"]
        bed = bed.filter("aformat", sample_rates=SAMPLE_RATE, channel_layouts="stereo")
        bed = bed.filter("volume", f"{music.gain_db:.2f}dB").filter("atrim", end_sample=frames * SAMPLES_PER_FRAME)
        start = max(0.0, frames / RATE - _MUSIC_FADE_SECONDS)
        bed = bed.filter("afade", t="out", st=f"{start:.4f}", d=_MUSIC_FADE_SECONDS)
        if music.duck:
            both = heard.filter_multi_output("asplit")
            heard = both[0]
            bed = ffmpeg.filter([bed, both[1]], "sidechaincompress", **_DUCKING)
        heard = ffmpeg.filter([heard, bed], "amix", inputs=2, duration="first", normalize=0)
    heard = heard.filter("aresample", _OVERSAMPLED).filter("alimiter", limit=_CEILING, level="false", latency="true")
    return heard.filter("aresample", SAMPLE_RATE).filter("atrim", end_sample=frames * SAMPLES_PER_FRAME)


async def _run(argv: Sequence[str], directory: Path, settings: MediaSettings, timeout: float) -> None:
    await run_tool([str(word) for word in argv], timeout=timeout, settings=settings, cwd=directory)
