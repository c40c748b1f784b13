"""Mixes what is heard in a film: the pieces' own sound, what is laid over it, and music; encoded once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg
from pydantic import JsonValue

from moments_ray.errors import MediaError
from moments_ray.ids import fingerprint
from moments_ray.media.process import ffmpeg_executable, run_python, run_tool
from moments_ray.media.render.plan import RATE, SAMPLE_RATE, SAMPLES_PER_FRAME, Music, RenderedPiece, SoundPlan
from moments_ray.media.source import ffmpeg_input_options, source_url
from moments_ray.settings import MediaSettings

_RAW = {"f": "f32le", "ar": SAMPLE_RATE, "ac": 2}
_GLOBAL = ("-nostdin", "-hide_banner", "-loglevel", "error", "-y")
# -1 dB of true peak: the limiter looks at four times the rate, where peaks between samples are seen, and leaves half a
# decibel by which AAC may miss them.
_CEILING, _OVERSAMPLED = 0.84, 4 * SAMPLE_RATE
_ENCODING = {"c:a": "aac", "b:a": "160k"}
_VERSION = 2  # raised when the same samples and plan are mixed to something else
# How music makes room for speech: by 4:1 above a quiet level, quickly, and back within half a second.
_DUCKING = {"threshold": 0.03, "ratio": 4, "attack": 20, "release": 500}
_MUSIC_FADE_SECONDS = 1.5
_MEASURED = re.compile(r"I:\s+(-?[0-9.]+) LUFS")
_SILENT_LUFS = -60.0
_LONGEST_SOUND = 3600.0


async def mix_sound(
    pieces: Sequence[RenderedPiece],
    sound: SoundPlan,
    directory: Path,
    target: str,
    *,
    settings: MediaSettings,
    timeout: float,
) -> None:
    """Write all that is heard in a film as ``directory/target``, an ``.m4a`` file: mixed, limited and encoded once.

    The pieces' sounds are files there, in order. Raises what ``run_tool`` raises.
    """
    frames = sum(piece.frames for piece in pieces)
    mixed = f"{target}.f32"
    try:
        await _lay(pieces, sound, directory, mixed, settings=settings, timeout=timeout)
        gain = await _gain(sound, directory, mixed, settings, timeout)
        heard = ffmpeg.output(
            _mix(mixed, sound.music, gain, frames), target, **{**_ENCODING, "f": "mp4", "fflags": "+bitexact"}
        )
        await run_quietly(ffmpeg.compile(heard, cmd=ffmpeg_executable()), directory, settings, timeout)
    finally:
        (directory / mixed).unlink(missing_ok=True)


def sound_fingerprint(pieces: Sequence[RenderedPiece], sound: SoundPlan, directory: Path) -> str:
    """Return 64 hex digits of all that decides over what ``mix_sound`` writes of files in a directory.

    The samples themselves are read, not where they come from: a piece of which only the picture is another sounds the
    same.
    """
    files = {*(piece.sound for piece in pieces), *(cue.file for cue in sound.cues)}
    if sound.music is not None:
        files.add(sound.music.file)
    digests = {file: _digest(directory / file) for file in files}
    named = sound.model_dump(mode="json")
    for part in (*named["cues"], *([named["music"]] if named["music"] else [])):
        part["file"] = digests[part["file"]]
    heard: list[JsonValue] = [digests[piece.sound] for piece in pieces]
    return fingerprint({"version": _VERSION, "encoding": dict(_ENCODING), "pieces": heard, "sound": named})


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def plain_sound(
    source: Path,
    target: Path,
    *,
    settings: MediaSettings,
    timeout: float,
    channels: int = 2,
    seconds: float = _LONGEST_SOUND,
    ends_with_sound: bool = False,
) -> None:
    """Write the sound of anybody's file as plain samples at 48 kHz, ``seconds`` of it at most.

    ``ends_with_sound`` leaves out the silence at its end. Raises UnsupportedMedia for an empty file, and what
    ``run_tool`` raises.
    """
    heard = ffmpeg.input(source_url(source), **ffmpeg_input_options(settings))["a:0"]
    if ends_with_sound:
        heard = heard.filter("areverse").filter("silenceremove", start_periods=1, start_threshold="-50dB")
        heard = heard.filter("areverse")
    options = {"f": "wav", "ar": SAMPLE_RATE, "ac": channels, "c:a": "pcm_s16le", "t": seconds, "map_metadata": -1}
    argv = ffmpeg.compile(ffmpeg.output(heard, str(target), **options), cmd=ffmpeg_executable())
    await run_quietly(argv, target.parent, settings, timeout)


async def _lay(
    pieces: Sequence[RenderedPiece],
    sound: SoundPlan,
    directory: Path,
    mixed: str,
    *,
    settings: MediaSettings,
    timeout: float,
) -> None:
    """Write the pieces' sound one after the other as plain samples, and the cues over it, each decoded once."""
    decoded: dict[str, str] = {}
    for file in sorted({cue.file for cue in sound.cues}):
        decoded[file] = f"{mixed}.cue-{len(decoded)}"
        raw = ffmpeg.output(ffmpeg.input(file, protocol_whitelist="file")["a:0"], decoded[file], **_RAW)
        await run_quietly(ffmpeg.compile(raw, cmd=ffmpeg_executable()), directory, settings, timeout)
    job = {
        "mix": str(directory / mixed),
        "pieces": [
            {"sound": str(directory / piece.sound), "samples": piece.frames * SAMPLES_PER_FRAME} for piece in pieces
        ],
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


async def run_quietly(argv: Sequence[object], directory: Path, settings: MediaSettings, timeout: float) -> None:
    """Run ffmpeg in a directory, where it writes over what is there and speaks of errors alone."""
    await run_tool([str(word) for word in (*argv, *_GLOBAL)], timeout=timeout, settings=settings, cwd=directory)
