"""What every timeline for other editors needs: OpenTimelineIO where it is, time code, and names that stay text."""

from __future__ import annotations

import importlib
from typing import Any

from moments_ray.errors import ExportUnavailable

_USUAL_FPS = 25.0  # where nothing is known of the source
_TIME_CODE_RATES = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 48.0, 50.0, 60000 / 1001, 60.0)


def opentimelineio() -> Any:
    """Import what writes timelines: not every Python has a wheel of it.

    Raises:
        ExportUnavailable: it is not installed.
    """
    try:
        return importlib.import_module("opentimelineio")
    except ModuleNotFoundError as error:
        raise ExportUnavailable(
            "Timelines (edl, otio, fcpxml) need OpenTimelineIO, which has no wheel for Python 3.14: run moments_ray "
            "with Python 3.11 to 3.13, or export json, csv, srt, vtt or chapters."
        ) from error


def time_range(start: float, end: float, rate: float) -> Any:
    """Return a range (seconds) in frames of a rate, at least one of them."""
    first, last = round(start * rate), round(end * rate)
    opentime = opentimelineio().opentime
    time = opentime.RationalTime
    return opentime.TimeRange(time(first, rate), time(max(1, last - first), rate))


def time_code_rate(fps: float | None) -> float:
    """Return the time code rate that is nearest to a source's own."""
    return min(_TIME_CODE_RATES, key=lambda rate: abs(rate - (fps or _USUAL_FPS)))
