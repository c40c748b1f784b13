"""Video whose every picture carries its own number in its pixels, so that a cut can be proved by decoding it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

BITS = 16
SOUND_RATE = 48000


def make_numbered_video(
    path: Path,
    *,
    frames: int = 100,
    rate: Fraction | int = 25,
    times: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    size: tuple[int, int] = (320, 180),
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
    sound: str | None = "aac",
    sound_seconds: float | None = None,
    loud: float = 0.1,
    noisy: bool = False,
    rotation: int = 0,
    colours: tuple[int, int, int] | None = None,
) -> Path:
    """Write a moving picture whose number stands in black and white bars at its top; the container follows the suffix.

    Args:
        path: Where the file goes.
        frames: How many pictures.
        rate: Pictures a second.
        times: When each picture is shown, in ticks of ``time_base``, for a rate that varies.
        time_base: The clock of ``times``; by default one picture is one tick.
        size: Width and height in pixels.
        codec: The video encoder.
        options: Its options.
        pixel_format: What it is given.
        sound: The audio encoder of a track of noise, or None.
        sound_seconds: Length of the sound where it is not the picture's.
        loud: Amplitude of the noise.
        noisy: Whether grain makes the pictures hard to compress.
        rotation: Degrees counter-clockwise a player turns the picture.
        colours: Primaries, transfer and matrix, by their numbers in ITU-T H.273.
    """
    base = time_base or 1 / Fraction(rate)
    shown = list(times) if times is not None else [int(number / Fraction(rate) / base) for number in range(frames)]
    with av.open(str(path), "w") as output:
        video = cast("VideoStream", output.add_stream(codec, rate=Fraction(rate), options=options or {}))
        video.codec_context.width, video.codec_context.height = size
        video.codec_context.pix_fmt = pixel_format
        video.codec_context.time_base = base
        if colours is not None:
            context = video.codec_context
            context.color_primaries, context.color_trc, context.colorspace = colours
        if rotation:
            video.set_display_rotation(rotation)
        audio = cast("AudioStream", output.add_stream(sound, rate=SOUND_RATE)) if sound else None
        heard = loud * _noise(sound_seconds if sound_seconds is not None else float(shown[-1] * base) + 1 / float(rate))
        sounds = deque(_sound_frames(heard) if audio is not None else ())
        for number, tick in enumerate(shown):
            frame = _picture(number, size, noisy=noisy).reformat(format=pixel_format)
            frame.pts, frame.time_base = tick, base
            output.mux(video.encode(frame))
            while audio is not None and sounds and cast("float", sounds[0].time) <= tick * base:
                output.mux(audio.encode(sounds.popleft()))
        output.mux(video.encode(None))
        if audio is not None:
            for sounding in (*sounds, None):
                output.mux(audio.encode(sounding))
    return path


def read_numbers(path: Path, *, damaged: bool = False) -> list[tuple[Fraction, int]]:
    """Decode a file and return the time (seconds) and the number of every picture that is shown, in order.

    A ``damaged`` one is read as far as it can be decoded.
    """
    numbers: list[tuple[Fraction, int]] = []
    with av.open(str(path)) as container, suppress(*[av.error.InvalidDataError] * damaged):
        numbers.extend(
            (cast("int", frame.pts) * cast("Fraction", frame.time_base), number_of(frame))
            for frame in container.decode(container.streams.video[0])
        )
    return numbers


def read_sound(path: Path) -> NDArray[np.float32]:
    """Decode the sound of a file to one channel, beginning at its time 0."""
    blocks: list[NDArray[np.float32]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            block = cast("NDArray[np.float32]", frame.to_ndarray())
            start = round(cast("int", frame.pts) * cast("Fraction", frame.time_base) * frame.sample_rate)
            if not blocks and start > 0:
                blocks.append(np.zeros(start, np.float32))
            blocks.append(block[0, max(0, -start) :])
    return np.concatenate(blocks)


def sound_offset(found: NDArray[np.float32], expected: NDArray[np.float32], reach: int = 2400) -> int:
    """Return by how many samples ``found`` comes late against ``expected``, by their cross-correlation."""
    length = min(len(found), len(expected)) - 2 * reach
    middle = expected[reach : reach + length]
    scores = [float(np.dot(found[reach + shift : reach + shift + length], middle)) for shift in range(-reach, reach)]
    return int(np.argmax(scores)) - reach


def draw_number(picture: NDArray[np.uint8], number: int) -> None:
    """Draw a number's bits, the lowest first, as white and black bars over the top quarter of a picture or a plane."""
    height, width = picture.shape[:2]
    edges = np.linspace(0, width, BITS + 1).astype(int)
    for bit, (left, right) in enumerate(pairwise(edges)):
        picture[: height // 4, left:right] = 235 if number >> bit & 1 else 16


def _picture(number: int, size: tuple[int, int], *, noisy: bool) -> VideoFrame:
    """Draw a drifting pattern, the number above it."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    grain = np.random.default_rng(number).normal(0, 12, (height, width)) if noisy else 0
    pattern = 128 + grain + 60 * np.sin((x + 3 * number) / 17) + 50 * np.cos((y - 2 * number) / 13 + x / 41)
    picture = np.repeat(np.clip(pattern, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    draw_number(picture, number)
    return VideoFrame.from_ndarray(picture, format="rgb24")


def number_of(frame: VideoFrame) -> int:
    """Read a picture's number back."""
    grey = cast("NDArray[np.uint8]", frame.reformat(format="gray").to_ndarray())
    height, width = grey.shape
    edges = np.linspace(0, width, BITS + 1).astype(int)
    row = grey[height // 16 : height // 6]
    bars = [row[:, left + 3 : right - 3].mean() > 128 for left, right in pairwise(edges)]
    return sum(1 << bit for bit, white in enumerate(bars) if white)


def _noise(seconds: float) -> NDArray[np.float32]:
    """Return noise, the same every time, without what an audio encoder would drop."""
    noise = np.random.default_rng(7).standard_normal(round(seconds * SOUND_RATE))
    return np.convolve(noise, np.ones(8) / 8, "same").astype(np.float32)


def _sound_frames(heard: NDArray[np.float32]) -> Iterator[AudioFrame]:
    for position in range(0, len(heard), 1024):
        samples = np.repeat(heard[None, position : position + 1024], 2, axis=0)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, position, Fraction(1, SOUND_RATE)
        yield frame
