"""Reads what a site knows of a video beside its bytes: chapters, and how often its parts were played again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from moments_ray.media.downloaded import Chapter, Replays, SiteSignals, clean_title

_MOST_CHAPTERS = 1000
_MOST_PIECES = 1000
_FEWEST_PIECES = 5  # fewer are no curve


def read_site_signals(info: Mapping[str, Any], duration: float) -> SiteSignals:
    """Read ``chapters`` and ``heatmap`` of what yt-dlp found out.

    What makes no sense in a video of ``duration`` seconds is left out, and so is one chapter alone, or a flat curve.
    """
    chapters = [
        Chapter(start_time=start, end_time=end, title=title)
        for start, end, entry in _spans(info.get("chapters"), duration, _MOST_CHAPTERS)
        if (title := clean_title(str(entry.get("title") or "")))
    ]
    replays = [
        Replays(start_time=start, end_time=end, value=min(max(value, 0.0), 1.0))
        for start, end, entry in _spans(info.get("heatmap"), duration, _MOST_PIECES)
        if (value := _number(entry.get("value"))) is not None
    ]
    flat = len({piece.value for piece in replays}) < 2
    return SiteSignals(
        chapters=tuple(chapters) if len(chapters) > 1 else (),
        replays=() if flat or len(replays) < _FEWEST_PIECES else tuple(replays),
    )


def _spans(entries: Any, duration: float, most: int) -> Iterator[tuple[float, float, Mapping[str, Any]]]:
    """Give entries with their times, in order, none over another, all inside the video."""
    if not isinstance(entries, list):
        return
    timed = [
        (start, _number(entry.get("end_time")), entry)
        for entry in entries[:most]
        if isinstance(entry, dict) and (start := _number(entry.get("start_time"))) is not None and 0 <= start < duration
    ]
    timed.sort(key=lambda each: each[0])
    following = [*(start for start, _, _ in timed[1:]), duration][: len(timed)]
    for (start, told, entry), after in zip(timed, following, strict=True):
        end = min(after, duration if told is None else told)
        if end > start:
            yield start, end, entry


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
