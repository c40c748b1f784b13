"""Real test sources, made on the spot by the wheels alone: ffmpeg for picture and sound, espeak-ng for a voice."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import imageio_ffmpeg

from moments_ray.speech.captions.writer import Subtitle, srt_of
from moments_ray.speech.voice import Line, Speech, Spoken

Codec = Literal["h264", "hevc", "vp8", "vp9", "mpeg4"]

SAYING = (
    "A short test never hurt anyone. It says three plain sentences, one after the other. "
    "When the last one ends, nobody speaks any more."
)

_ENCODERS: dict[Codec, tuple[str, ...]] = {
    "h264": ("libx264", "-preset", "ultrafast", "-bf", "2"),
    "hevc": ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1"),
    "vp8": ("libvpx", "-deadline", "realtime", "-cpu-used", "8"),
    "vp9": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    "mpeg4": ("mpeg4",),
}
_TIMEOUT_SECONDS = 120.0


def run_ffmpeg(arguments: Sequence[str | Path]) -> None:
    """Run the wheel's ffmpeg to its end; a failure raises RuntimeError with what it said."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    done = subprocess.run(  # noqa: S603 - an argv list of our own
        [str(part) for part in command], capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"ffmpeg ended with {done.returncode}: {done.stderr.strip()}")


def make_video(
    path: Path,
    *,
    seconds: float = 4.0,
    fps: int = 25,
    size: tuple[int, int] = (320, 180),
    codec: Codec = "h264",
    gop: int | None = None,
    audio: Literal["tone", "voice"] | Path | None = "tone",
    variable_rate: bool = False,
    shots: Sequence[float] = (),
) -> Path:
    """Write a moving test picture with a frame counter; the container follows the suffix.

    Args:
        path: Where the file goes.
        seconds: Length of the picture; the sound is cut or filled with silence to it.
        fps: Frames per second.
        size: Width and height in pixels.
        codec: Of the picture. The sound is AAC, or Opus in WebM.
        gop: Frames from one key frame to the next at most; None leaves it to the encoder.
        audio: A 440 Hz tone, a voice saying `SAYING`, the sound of a file, or none.
        variable_rate: Drop two frames of every seven, so that frame times are irregular.
        shots: Times, in seconds, at which the picture changes hard.
    """
    width, height = size
    inputs: list[str | Path] = ["-f", "lavfi", "-i", f"testsrc2=size={width}x{height}:rate={fps}:duration={seconds}"]
    filters = [
        f"negate=enable='gte(t,{shot})',hue=h={90 * (n + 1)}:enable='gte(t,{shot})'" for n, shot in enumerate(shots)
    ]
    if variable_rate:
        filters.append("select='not(eq(mod(n,7),2)+eq(mod(n,7),5))'")
    encoder, *options = _ENCODERS[codec]
    output: list[str | Path] = ["-map", "0:v", "-c:v", encoder, *options, "-threads", "1", "-pix_fmt", "yuv420p"]
    if filters:
        output += ["-vf", ",".join(filters)]
    if variable_rate:
        output += ["-fps_mode", "vfr"]
    if gop is not None:
        output += ["-g", str(gop)]
    if audio is not None:
        sound = path.with_name(f".{path.name}.wav")
        if audio == "tone":
            inputs += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"]
        elif audio == "voice":
            make_voice(sound, SAYING)
            inputs += ["-i", sound]
        else:
            inputs += ["-i", audio]
        output += ["-map", "1:a:0", "-af", "apad", "-ar", "48000"]
        output += ["-c:a", "libopus" if path.suffix == ".webm" else "aac"]
    try:
        run_ffmpeg([*inputs, *output, "-t", str(seconds), path])
    finally:
        path.with_name(f".{path.name}.wav").unlink(missing_ok=True)
    return path


def make_voice(path: Path, text: str, *, pause: float = 0.6) -> list[tuple[str, float, float]]:
    """Speak a text into a WAV file; return each sentence with its true start and end in seconds.

    Sentences end at ``.``, ``!`` or ``?``; between them there is ``pause`` seconds of silence.
    """
    sentences = [sentence for sentence in re.split(r"(?<=[.!?])\s+", text.strip()) if sentence]
    speech = Speech(path=path, lines=tuple(Line(text=sentence, pause=pause) for sentence in sentences))
    done = subprocess.run(
        [sys.executable, "-m", "moments_ray.speech.voice"],
        input=speech.model_dump_json(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the voice ended with {done.returncode}: {done.stderr.strip()}")
    return [(line.text, line.start, line.end) for line in Spoken.model_validate_json(done.stdout).lines]


def make_captions(path: Path, sentences: Sequence[tuple[str, float, float]]) -> Path:
    """Write timed sentences (text, start, end; seconds) as an SRT file."""
    cues = [Subtitle(start, end, tuple(text.split("\n"))) for text, start, end in sentences]
    path.write_text(srt_of(cues), encoding="utf-8")
    return path
