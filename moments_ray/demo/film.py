"""The talk's picture: slides encoded as H.264, each drawn once and shown for as long as it is spoken to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Colorspace
from PIL import Image
from pydantic import BaseModel, ConfigDict, FiniteFloat, JsonValue

from moments_ray.demo.script import SCRIPT
from moments_ray.demo.slides import SIZE, draw_slide

FPS = 25
_FADE_FRAMES = 8  # a new point fades in; a new chapter is a hard cut
_BT709 = 1


class Scene(BaseModel):
    """From ``start`` (seconds) on, the first ``points`` points of a chapter of the script are to be seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: FiniteFloat
    chapter: int
    points: int


class Film(BaseModel):
    """The scenes in order, the length in seconds, and where the picture goes (MP4 without sound)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    duration: FiniteFloat
    scenes: tuple[Scene, ...]


def encode(payload: JsonValue, report_progress: Callable[[float], None]) -> JsonValue:
    """Encode a `Film` given as JSON and return the number of its frames; for a process of its own."""
    film = Film.model_validate(payload)
    total = round(film.duration * FPS)
    with av.open(film.path, "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "21"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        # What ultrafast leaves out and published videos have: key frames where the picture changes.
        stream.codec_context.options |= {"x264-params": "threads=2:scenecut=40"}
        stream.codec_context.colorspace = _BT709
        stream.codec_context.color_primaries = _BT709
        stream.codec_context.color_trc = _BT709
        for number, frame in enumerate(_frames(film, total)):
            frame.pts = number
            frame.time_base = Fraction(1, FPS)
            container.mux(stream.encode(frame))
            report_progress(number / total)
        container.mux(stream.encode(None))
    return total


def _frames(film: Film, total: int) -> Iterator[av.VideoFrame]:
    """Yield every frame of the film; a still picture is converted once and yielded again and again."""
    firsts = [round(scene.start * FPS) for scene in film.scenes]
    before: tuple[Scene, Image.Image] | None = None
    for scene, (first, following) in zip(film.scenes, itertools.pairwise([*firsts, total]), strict=True):
        image = _slide(scene)
        shown = following - first
        if before is not None and before[0].chapter == scene.chapter and before[0].points > 0:
            fade = min(_FADE_FRAMES, shown)
            for step in range(1, fade + 1):
                yield _frame(Image.blend(before[1], image, step / (_FADE_FRAMES + 1)))
            shown -= fade
        yield from itertools.repeat(_frame(image), shown)
        before = (scene, image)


def _slide(scene: Scene) -> Image.Image:
    chapter = SCRIPT[scene.chapter]
    points = tuple(passage.point for passage in chapter.passages if passage.point is not None)
    return draw_slide(chapter, points[: scene.points])


def _frame(image: Image.Image) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    return picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
