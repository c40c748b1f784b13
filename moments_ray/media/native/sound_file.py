"""Reads what a sound file of ours is, in a child."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av

from moments_ray.errors import MediaError


def measure(payload: dict[str, Any], _report_progress: Callable[[float], None]) -> dict[str, Any]:
    """Return the duration (seconds), sample rate (Hz) and channels of a file; raises MediaError if it has no sound."""
    with av.open(payload["path"]) as container:
        if not container.streams.audio or not container.duration:
            raise MediaError("No sound could be decoded from this video's sound track.")
        stream = container.streams.audio[0]
        return {
            "duration": container.duration / av.time_base,
            "sample_rate": stream.sample_rate,
            "channels": stream.channels,
        }
