"""Moving pictures that compress like footage, each with its number in its pixels."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from moments_ray.media.process import ffmpeg_executable
from moments_ray.testing.numbered import draw_number

WIDTH, HEIGHT, RATE = 1920, 1080, 30
_SHOT_FRAMES = 190
_MARGIN = 256

ENCODERS = {
    "h264-gop250": ("mp4", "-c:v libx264 -preset veryfast -crf 23 -bf 3 -g 250 -keyint_min 250 -sc_threshold 0"),
    "h264-gop60": ("mp4", "-c:v libx264 -preset veryfast -crf 23 -bf 3 -g 60 -keyint_min 60 -sc_threshold 0"),
    "h264-light": ("mp4", "-c:v libx264 -preset veryfast -crf 42 -bf 3 -g 60 -keyint_min 60 -sc_threshold 0"),
    "vfr": (
        "mp4",
        "-vf select='gt(mod(n\\,7)\\,1)' -fps_mode vfr -c:v libx264 -preset veryfast -crf 23 -bf 3 -g 120",
    ),
    "hevc": ("mp4", "-c:v libx265 -preset ultrafast -crf 26 -tag:v hvc1 -x265-params keyint=120:log-level=error"),
    "vp9": ("webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 4M -g 120 -row-mt 1"),
}


def is_kept(kind: str, number: int) -> bool:
    """Tell whether the picture of a number is there: of the variable rate's, two of every seven are not."""
    return kind != "vfr" or number % 7 > 1


def shown_at(kind: str, number: int) -> Fraction:
    """Return when a picture is shown, in seconds: WebM counts milliseconds."""
    exact = Fraction(number, RATE)
    return round(exact, 3) if ENCODERS[kind][0] == "webm" else exact


def make_footage(path: Path, kind: str, seconds: int) -> Path:
    """Write ``seconds`` of 1080p30 with a stereo AAC or Opus track, unless the file is there already."""
    if path.exists():
        return path
    _, encoder = ENCODERS[kind]
    sound = "libopus" if path.suffix == ".webm" else "aac"
    part = path.with_name(f"part-{path.name}")
    command = [
        ffmpeg_executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "pipe:0",
        "-f", "lavfi", "-i", f"anoisesrc=color=pink:seed=7:sample_rate=48000:duration={seconds}:amplitude=0.2",
        *shlex.split(encoder), "-pix_fmt", "yuv420p", "-c:a", sound, "-ac", "2", "-b:a", "128k", str(part),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        for picture in pictures(seconds * RATE):
            cast("IO[bytes]", process.stdin).write(picture)
        cast("IO[bytes]", process.stdin).close()
    if process.returncode:
        raise SystemExit(f"ffmpeg could not make {path}")
    part.rename(path)
    return path


def pictures(count: int) -> Iterator[bytes]:
    """Yield raw yuv420p pictures: panned textures with the spectrum of natural scenes, film grain, cuts."""
    random = np.random.default_rng(3)
    grain = random.normal(0, 1.6, (HEIGHT + 64, WIDTH + 64)).astype(np.int8)
    textures = [_texture(random) for _ in range(4)]
    for number in range(count):
        shot, step = divmod(number, _SHOT_FRAMES)
        texture, front = textures[shot % 4], textures[(shot + 1) % 4]
        x, y = int(_MARGIN / 2 + 100 * np.sin(step / 60 + shot)), int(_MARGIN / 2 + 80 * np.cos(step / 85))
        luma = texture[y : y + HEIGHT, x : x + WIDTH].copy()
        left = 600 + int(400 * np.sin(step / 40))
        luma[320:900, left : left + 500] = front[200 : 200 + 580, 100 + step : 600 + step]
        down, right = random.integers(0, 64, 2)
        noisy = luma.astype(np.int16) + grain[down : down + HEIGHT, right : right + WIDTH]
        luma = np.clip(noisy, 16, 235).astype(np.uint8)
        draw_number(luma, number)
        colour = texture[y // 2 : y // 2 + HEIGHT // 2, x // 2 : x // 2 + WIDTH // 2] // 4 + 96
        yield luma.tobytes() + colour.tobytes() + (255 - colour).tobytes()


def _texture(random: np.random.Generator) -> NDArray[np.uint8]:
    """Return noise whose amplitude falls with frequency as in photographs."""
    height, width = HEIGHT + _MARGIN, WIDTH + _MARGIN
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(random.normal(size=(height, width))) / frequency**1.15
    picture = np.fft.irfft2(spectrum, s=(height, width))
    picture = (picture - picture.mean()) / picture.std()
    shown: NDArray[np.uint8] = np.clip(126 + 45 * picture, 16, 235).astype(np.uint8)
    return shown
