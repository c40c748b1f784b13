"""Finds what is worth seeing across a picture, in a child: what moves, what has detail, what is of the colour of skin.

Where the extra `faces` is installed and a shot shows some, they alone count. A shot has one window, as from a camera on
a stand; it is moved once, slowly, where what is seen went elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from moments_ray.media.native.faces import FaceFinder, face_weights
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
_FACES_EVERY = 3  # of the pictures that are looked at; a face does not jump
_LEAST_FACES = 0.3  # share of a shot's pictures that must show one


class Job(TypedDict):
    """Parts (start and end in seconds) of a source to look at, and the width of the window as a share of its own."""

    source: SourceOptions
    parts: list[tuple[float, float]]
    share: float


class Look(NamedTuple):
    """What a picture shows by column: attention, and faces where they were looked for; ``cut``: a new shot begins."""

    seconds: float
    attention: Floats
    faces: Floats | None
    cut: bool


class Window(NamedTuple):
    """The middle of a shot's window in its first and its second half, how sure that is, and by what it was chosen."""

    first: float
    last: float
    confidence: float
    method: str


def frame(job: Job, report_progress: Callable[[float], None]) -> list[dict[str, Any]]:
    """Return the fields of ``editor.framing.Framing`` of each part."""
    found = []
    weights = face_weights()
    finder = FaceFinder(weights) if weights is not None else None
    with open_source(job["source"]) as container:
        stream = moving_picture(container)
        require_decodable(stream, job["source"])
        stream.codec_context.thread_count = 1
        for number, (start, end) in enumerate(job["parts"]):
            found.append(_framing(list(_looked_at(container, stream, start, end, finder)), job["share"]))
            report_progress((number + 1) / len(job["parts"]))
    return found


def _looked_at(
    container: InputContainer, stream: VideoStream, start: float, end: float, finder: FaceFinder | None
) -> Iterator[Look]:
    """Look at a few pictures a second, and at the first of each shot."""
    zero = origin(container)
    container.seek(max(0, int((Fraction(start) + zero) * 1_000_000)))
    before: NDArray[np.int16] | None = None
    last, usual, count = float("-inf"), 0.02, 0
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
                looked_for = finder is not None and (cut or count % _FACES_EVERY == 0)
                faces = finder.columns(decoded, planes.shape[2]) if finder is not None and looked_for else None
                yield Look(seconds, _attention(planes, None if cut or before is None else before[0]), faces, cut)
                last, count = seconds, count + 1
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


def _framing(seen: list[Look], share: float) -> dict[str, Any]:
    shots: list[list[Look]] = []
    for look in seen:
        short = bool(shots) and look.seconds - shots[-1][0].seconds < _SHORTEST_SHOT_SECONDS
        if (look.cut and not short) or not shots:
            shots.append([])
        elif look.cut:
            shots[-1] = [
                look._replace(seconds=shots[-1][0].seconds)
            ]  # a flash, or a cut into a cut: what follows counts
        shots[-1].append(look)
    windows = [_window(shot, share) for shot in shots]
    if not windows:
        return {}
    moves: list[dict[str, float]] = []
    for number, (shot, window) in enumerate(zip(shots, windows, strict=True)):
        if number:
            moves.append({"at": round(shot[0].seconds, 4), "x": window.first})
        if window.last != window.first:
            middle = (shot[0].seconds + shot[-1].seconds) / 2
            moves.append({"at": round(middle - _MOVE_SECONDS / 2, 4), "x": window.last, "seconds": _MOVE_SECONDS})
    surest = max(windows, key=lambda window: (window.method == "faces", window.confidence))
    return {
        "x": windows[0].first,
        "moves": moves,
        "method": surest.method,
        "confidence": round(surest.confidence, 3),
    }


def _window(shot: list[Look], share: float) -> Window:
    """Choose a shot's window: by its faces where it shows some, else by all that draws attention."""
    looked = [look.faces for look in shot if look.faces is not None]
    faces = [(look.seconds, look.faces) for look in shot if look.faces is not None and look.faces.any()]
    if faces and len(faces) / len(looked) >= _LEAST_FACES:
        return _followed(faces, share, _around_faces, "faces")
    window = _followed([(look.seconds, look.attention) for look in shot], share, _best, "attention")
    return window if window.confidence >= _LEAST_CONFIDENCE else Window(0.5, 0.5, window.confidence, "center")


def _followed(
    shown: list[tuple[float, Floats]], share: float, choose: Callable[[Floats, float], tuple[float, float]], method: str
) -> Window:
    """Choose one window for all that is shown, or one for each half where that went elsewhere."""
    columns = np.array([each for _, each in shown])
    whole, confidence = choose(columns, share)
    half = len(shown) // 2
    if shown[-1][0] - shown[0][0] >= _LEAST_DRIFT_SECONDS:
        (first, sure), (last, too) = choose(columns[:half], share), choose(columns[half:], share)
        if abs(first - last) > _DRIFT * share and min(sure, too) >= _LEAST_CONFIDENCE:
            return Window(first, last, confidence, method)
    return Window(whole, whole, confidence, method)


def _around_faces(columns: Floats, share: float) -> tuple[float, float]:
    """Return the middle of the window with most of the faces, those in its middle, and which share of all they are."""
    seen = columns.mean(axis=0)
    count = len(seen)
    width = max(1, round(share * count))
    sums = np.convolve(seen, np.ones(width), "valid")
    at = int(np.argmax(sums))
    inside = seen[at : at + width]
    middle = (at + 0.5 + float(np.arange(width) @ inside) / float(inside.sum())) / count
    return round(min(max(middle, share / 2), 1 - share / 2), 4), float(sums[at] / seen.sum())


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
