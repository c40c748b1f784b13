"""Finds what is worth seeing across a picture, in a child: what moves, what has detail, what is of the colour of skin.

A shot has one window, as from a camera on a stand; it is moved once, slowly, where what is seen went elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypedDict

import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from moments_ray.media.native.source import frame_seconds, moving_picture, open_source, origin, require_decodable

if TYPE_CHECKING:
    from moments_ray.media.source import SourceOptions

Floats = NDArray[np.float64]

_COLUMNS, _ROWS = 64, 36
_STEP_SECONDS = 0.2
_CUT = 0.11
"""Mean change of light or colour, 0 to 1, that is a cut, if it is also so many times what is usual there."""
_CUT_TO_USUAL = 5.0
_WEIGHTS = (0.5, 0.3, 0.2)
"""Of motion, skin and detail."""
_LEAST_CONFIDENCE = 0.12
_SHORTEST_SHOT_SECONDS = 0.5
_DRIFT, _LEAST_DRIFT_SECONDS, _MOVE_SECONDS = 0.12, 2.0, 0.8


class Job(TypedDict):
    """Parts (start and end in seconds) of a source to look at, and the width of the window as a share of its own."""

    source: SourceOptions
    parts: list[tuple[float, float]]
    share: float


def frame(job: Job, report_progress: Callable[[float], None]) -> list[dict[str, Any]]:
    """Return the fields of ``editor.framing.Framing`` of each part."""
    found = []
    with open_source(job["source"]) as container:
        stream = moving_picture(container)
        require_decodable(stream, job["source"])
        stream.codec_context.thread_count = 1
        for number, (start, end) in enumerate(job["parts"]):
            found.append(_framing(list(_looked_at(container, stream, start, end)), job["share"]))
            report_progress((number + 1) / len(job["parts"]))
    return found


def _looked_at(
    container: InputContainer, stream: VideoStream, start: float, end: float
) -> Iterator[tuple[float, Floats, bool]]:
    """Yield time, attention by column, and whether a new shot begins, of a few pictures a second and of each cut."""
    zero = origin(container)
    container.seek(max(0, int((Fraction(start) + zero) * 1_000_000)))
    before: NDArray[np.int16] | None = None
    last, usual = float("-inf"), 0.02
    try:
        for decoded in container.decode(stream):
            seconds = float(frame_seconds(decoded, zero))
            if seconds >= end:
                return
            if seconds < start - _STEP_SECONDS:
                continue
            planes = _small(decoded)
            change = 0.0 if before is None else float(np.abs(planes - before).mean(axis=(1, 2)).max()) / 255
            cut = before is not None and change > _CUT and change > _CUT_TO_USUAL * usual
            if seconds >= start and (cut or seconds - last >= _STEP_SECONDS):
                yield seconds, _attention(planes, None if cut or before is None else before[0]), cut
                last = seconds
            usual = usual if cut else 0.9 * usual + 0.1 * change
            before = planes
    except av.error.InvalidDataError:
        return


def _small(decoded: VideoFrame) -> NDArray[np.int16]:
    """Return a picture as three small planes: light, blue and red, upright as it is shown."""
    picture = decoded.reformat(width=_COLUMNS, height=_ROWS, format="yuv444p").to_ndarray().astype(np.int16)
    turns = (-decoded.rotation % 360) // 90
    planes = picture.reshape(3, _ROWS, _COLUMNS)
    return np.ascontiguousarray(np.rot90(planes, -turns, axes=(1, 2)))


def _attention(planes: NDArray[np.int16], before: NDArray[np.int16] | None) -> Floats:
    """Return how much there is to see in each column; each kind of evidence there is adds up to its weight."""
    light, blue, red = planes
    detail = np.abs(np.diff(light, axis=1, prepend=light[:, :1])).sum(axis=0)
    skin = ((blue >= 77) & (blue <= 127) & (red >= 133) & (red <= 173) & (light > 50)).sum(axis=0)
    motion = np.zeros(light.shape[1]) if before is None else np.maximum(np.abs(light - before) - 12, 0).sum(axis=0)
    seen = np.zeros(light.shape[1])
    for weight, evidence in zip(_WEIGHTS, (motion, skin, detail), strict=True):
        total = float(evidence.sum())
        seen += weight * evidence / total if total > 0 else 0.0
    return np.asarray(seen)


def _framing(seen: list[tuple[float, Floats, bool]], share: float) -> dict[str, Any]:
    shots: list[list[tuple[float, Floats]]] = []
    for seconds, attention, cut in seen:
        short = bool(shots) and seconds - shots[-1][0][0] < _SHORTEST_SHOT_SECONDS
        if (cut and not short) or not shots:
            shots.append([])
        elif cut:
            shots[-1] = [(shots[-1][0][0], attention)]  # a flash, or a cut into a cut: what comes after it counts
        shots[-1].append((seconds, attention))
    windows = [_window(shot, share) for shot in shots]
    if not windows:
        return {}
    moves: list[dict[str, float]] = []
    for number, (shot, (halves, _)) in enumerate(zip(shots, windows, strict=True)):
        first, last = halves
        if number:
            moves.append({"at": round(shot[0][0], 4), "x": first})
        if last != first:
            middle = (shot[0][0] + shot[-1][0]) / 2
            moves.append({"at": round(middle - _MOVE_SECONDS / 2, 4), "x": last, "seconds": _MOVE_SECONDS})
    sure = max(confidence for _, confidence in windows)
    method = "attention" if sure >= _LEAST_CONFIDENCE else "center"
    return {"x": windows[0][0][0], "moves": moves, "method": method, "confidence": round(sure, 3)}


def _window(shot: list[tuple[float, Floats]], share: float) -> tuple[tuple[float, float], float]:
    """Return the middle of a shot's window in its first and its second half, and how sure that is."""
    columns = np.array([attention for _, attention in shot])
    whole, confidence = _best(columns, share)
    if confidence < _LEAST_CONFIDENCE:
        return (0.5, 0.5), confidence
    half = len(shot) // 2
    if shot[-1][0] - shot[0][0] >= _LEAST_DRIFT_SECONDS:
        (first, sure), (last, too) = _best(columns[:half], share), _best(columns[half:], share)
        if abs(first - last) > _DRIFT * share and min(sure, too) >= _LEAST_CONFIDENCE:
            return (first, last), confidence
    return (whole, whole), confidence


def _best(columns: Floats, share: float) -> tuple[float, float]:
    """Return the middle of the window that shows most, and how much more that is than what falls to any window."""
    seen = columns.mean(axis=0)
    seen = seen / (seen.sum() or 1.0)
    count = len(seen)
    width = max(1, round(share * count))
    sums = np.convolve(seen, np.ones(width), "valid")
    # Of windows that show the same, the one nearest to the middle: nothing is gained by leaving it.
    apart = np.abs(np.arange(len(sums)) - (count - width) / 2) / count
    at = int(np.argmax(sums - 0.02 * apart))
    confidence = (float(sums[at]) - width / count) / max(1e-6, 1 - width / count)
    return round((at + width / 2) / count, 4), max(0.0, confidence)
