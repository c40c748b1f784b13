"""Real recordings cut where it hurts, and whether the clips are the asked ones to the frame."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from moments_ray.media.cut import Clip

# A hair of encoding noise; another picture differs by far more, if it differs at all.
_SAME = 4.0
_NEAR = 1e-6
_STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent


class Pictures:
    """The pictures of a file in order: when each is shown (seconds), a small grey copy of it, and how it is turned."""

    def __init__(self, path: Path, seconds: float = float("inf")) -> None:
        self.times: list[Fraction] = []
        self.small: list[NDArray[np.int16]] = []
        with av.open(str(path)) as container:
            self.origin = Fraction(container.start_time or 0, av.time_base)
            # The one that a player would choose.
            tracks = [each for each in container.streams.video if not each.disposition & _STILL]
            moving = [each for each in tracks if each.frames != 1] or tracks
            video = max(moving, key=lambda each: (bool(each.disposition & Disposition.default), each.width))
            video.thread_type = "AUTO"
            self.codec = video.codec_context.name
            for frame in container.decode(video):
                time = cast("int", frame.pts) * cast("Fraction", frame.time_base)
                if time - self.origin > seconds:
                    return
                grey = frame.reformat(width=160, height=90, format="gray", src_color_range=0, dst_color_range=0)
                self.times.append(time)
                self.small.append(grey.to_ndarray().astype(np.int16))
                self.rotation = frame.rotation

    def positions(self) -> list[float]:
        """Return the times in seconds from the start of the source."""
        return [float(time - self.origin) for time in self.times]


def awkward_ranges(positions: list[float]) -> dict[str, tuple[float, float]]:
    """Return ranges (seconds) that cutters get wrong, by what they are, given when a source's pictures are shown."""
    count = len(positions)
    middle = count // 2
    step = positions[1] - positions[0] if count > 1 else 0.04
    ranges = {
        "first frame": (positions[0], positions[0] + step / 2),
        "last frame": (positions[-1], positions[-1] + step / 2),
    }
    if count > 3:
        ranges |= {
            # An edit list may have the picture begin late, or hide what comes before it.
            "from 0 on": (0.0, positions[3] - step / 3),
            "two frames": (positions[middle] - step / 3, positions[middle + 1] + step / 3),
            "second frame on": (positions[1], positions[min(middle + 2, 20)]),
            "to the end": (positions[max(middle, count - 40)] - step / 3, positions[-1] + step),
        }
    return ranges


def difference(clip: Clip, source: Pictures, start: float, end: float) -> str | None:
    """Return what is wrong with a clip of a range, or None if it shows exactly what the source does.

    A player holds the first picture before its time, where the sound begins earlier by more than two pictures.
    """
    positions = source.positions()
    shown = [(position, at) for at, position in enumerate(positions) if start - _NEAR <= position < end - _NEAR]
    usual = min((after - before for before, after in pairwise(positions)), default=0.0)
    if positions[0] - start > 2 * usual + _NEAR:
        shown.insert(0, (start, 0))
    found = Pictures(clip.path)
    if len(found.times) != len(shown):
        return f"{len(found.times)} frames instead of {len(shown)}"
    first, _ = shown[0]
    if abs(clip.start_time - first) > _NEAR:
        return f"starts at {clip.start_time:.3f} s"
    if any(abs(time - (position - first)) > _NEAR for time, (position, _) in zip(found.times, shown, strict=True)):
        return "frames at other times"
    if found.rotation != source.rotation:
        return "turned"
    if any(np.abs(seen - source.small[at]).mean() >= _SAME for seen, (_, at) in zip(found.small, shown, strict=True)):
        return "other frames"
    return None
