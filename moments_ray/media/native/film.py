"""Reads a film back in a child: every picture's time, and the pictures where pieces were joined."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av.error
from av.container import InputContainer

from moments_ray.media.native.source import moving_picture, open_source

if TYPE_CHECKING:
    from moments_ray.media.source import SourceOptions

_STEP = Fraction(1, 30)


def inspect(job: dict[str, Any], report_progress: Callable[[float], None]) -> dict[str, Any]:
    """Return a film's figures; ``key_frames`` are the numbers of the pictures that must be decodable by themselves."""
    source: SourceOptions = job["source"]
    with open_source(source) as container:
        video, audio = moving_picture(container), container.streams.audio[0]
        base = video.time_base or Fraction(1)
        times: list[Fraction] = []
        samples = Fraction(0)
        for packet in container.demux(video, audio):
            if packet.pts is None:
                continue
            if packet.stream is video:
                times.append(packet.pts * base)
            elif audio.time_base is not None:
                samples = max(samples, (packet.pts + (packet.duration or 0)) * audio.time_base)
        report_progress(0.5)
        times.sort()
        wanted = [times[number] for number in job["key_frames"] if number < len(times)]
        return {
            "frames": len(times),
            "seconds": float(len(times) * _STEP),
            "sound_seconds": float(samples),
            "uneven_steps": sum(later - earlier != _STEP for earlier, later in pairwise(times)),
            "width": video.codec_context.width,
            "height": video.codec_context.height,
            "codec": video.codec_context.name,
            "sound_codec": audio.codec_context.name,
            "sound_rate": audio.codec_context.sample_rate,
            "channels": audio.codec_context.channels,
            "undecodable": [float(time) for time in wanted if not _decodes(container, time)],
        }


def _decodes(container: InputContainer, time: Fraction) -> bool:
    """Tell whether decoding from a time on begins with the picture of that time."""
    video = container.streams.video[0]
    container.seek(int(time / (video.time_base or Fraction(1))), stream=video)
    try:
        frame = next(container.decode(video))
    except (av.error.FFmpegError, StopIteration):
        return False
    return frame.pts is not None and frame.pts * (frame.time_base or Fraction(1)) == time
