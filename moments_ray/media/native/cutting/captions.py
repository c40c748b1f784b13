"""Draws captions into the pictures of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypedDict

import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

from moments_ray.errors import InvalidRequest, MediaError

# The font that Pillow brings has Latin letters only; the others are where systems keep theirs.
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "Arial Unicode.ttf", "msgothic.ttc")
_NO_CHARACTER = "\U0010ffff"
_SMALLEST_FONT = 8
# Of the picture: the height of a letter, the width of 42 of them, the room on both sides.
_LETTER_HEIGHT, _LETTER_WIDTH, _WIDEST = 0.05, 0.043, 0.9
# Where the captions end, above the lower edge; phones lay their own buttons over the lowest sixth.
_BOTTOM_WIDE, _BOTTOM_UPRIGHT = 0.06, 0.18
_BOX = (0, 0, 0, 160)
_INK = (255, 255, 255, 255)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Cue(TypedDict):
    """A caption: from when until when it is shown (seconds from the start of the source), and its lines."""

    start: float
    end: float
    text: str


class Captions:
    """Lays the caption of each moment over upright pictures, which keep their pixel format.

    Raises InvalidRequest for text that no font here can draw.
    """

    def __init__(self, cues: Sequence[Cue], time_base: Fraction, origin: Fraction) -> None:
        self._cues = cues
        self._time_base = time_base
        self._origin = origin
        self._font = _font_for("".join(cue["text"] for cue in cues))
        self._drawn: tuple[str, int, int, str] | None = None

    def over(self, tick: int, frame: VideoFrame) -> VideoFrame:
        """Return the picture that is shown at a tick of the source, with the caption of that time."""
        seconds = float(tick * self._time_base - self._origin)
        text = next((cue["text"] for cue in self._cues if cue["start"] <= seconds < cue["end"]), "")
        if not text.strip():
            return frame
        drawn = (text, frame.width, frame.height, frame.format.name)
        if drawn != self._drawn:
            self._drawn = drawn
            self._pictures, self._sink = self._lay(text, frame)
        self._pictures.push(frame)
        result = self._sink.pull()
        if not isinstance(result, VideoFrame):
            raise MediaError("A caption could not be laid over a picture.")
        return result

    def _lay(self, text: str, frame: VideoFrame) -> tuple[FilterContext, FilterContext]:
        """Return where pictures go into a graph that shows one caption, and where they come out."""
        drawing = _draw(text, frame.width, frame.height, self._font)
        across = (frame.width - drawing.width) // 4 * 2
        bottom = _BOTTOM_WIDE if frame.width >= frame.height else _BOTTOM_UPRIGHT
        down = max(0, int(frame.height * (1 - bottom)) - drawing.height) // 2 * 2
        graph = Graph()
        base = self._time_base
        pictures = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=base)
        caption = graph.add_buffer(width=drawing.width, height=drawing.height, format=drawing.format, time_base=base)
        overlay = graph.add("overlay", f"{across}:{down}:format=auto")
        form, sink = graph.add("format", f"pix_fmts={frame.format.name}"), graph.add("buffersink")
        pictures.link_to(overlay, 0, 0)
        caption.link_to(overlay, 0, 1)
        graph.link_nodes(overlay, form, sink)
        graph.configure()
        drawing.pts, drawing.time_base = frame.pts, base
        caption.push(drawing)
        caption.push(None)
        self._graph = graph  # its nodes do not keep it
        return pictures, sink


def _font_for(text: str) -> str | None:
    """Return the name of a font that has every character of a text, None for the one that Pillow brings."""
    missing = _missing(ImageFont.load_default(32), text)
    for name in _FONTS if missing else ():
        try:
            lacks = _missing(ImageFont.truetype(name, 32), text)
        except OSError:
            continue
        if not lacks:
            return name
    if missing:
        raise InvalidRequest(
            f"No font here can draw {missing!r}; install one (such as Noto Sans CJK), or keep the captions in a file "
            "beside the clip."
        )
    return None


def _missing(font: Font, text: str) -> str:
    """Return the first character of a text that a font has not."""
    none = bytes(font.getmask(_NO_CHARACTER))
    characters = sorted({each for each in text if not each.isspace()})
    return next((each for each in characters if bytes(font.getmask(each)) == none), "")


def _draw(text: str, width: int, height: int, font_name: str | None) -> VideoFrame:
    """Return lines of text, white on a dark box, fit for a picture of a size."""
    size = max(_SMALLEST_FONT, int(min(height * _LETTER_HEIGHT, width * _LETTER_WIDTH)))
    font = _sized(font_name, size)
    pen = ImageDraw.Draw(Image.new("RGBA", (1, 1)))
    widest = max(pen.textlength(line, font) for line in text.splitlines())
    if widest > width * _WIDEST:
        size = max(_SMALLEST_FONT, int(size * width * _WIDEST / widest))
        font = _sized(font_name, size)
    left, top, right, bottom = pen.multiline_textbbox((0, 0), text, font, align="center")
    room = size // 3
    image = Image.new("RGBA", (_even(right - left + 2 * room), _even(bottom - top + 2 * room)), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, image.width - 1, image.height - 1), room, fill=_BOX)
    pen.multiline_text((room - left, room - top), text, _INK, font, align="center")
    return VideoFrame.from_ndarray(np.asarray(image), format="rgba")


def _sized(name: str | None, size: int) -> Font:
    return ImageFont.load_default(size) if name is None else ImageFont.truetype(name, size)


def _even(length: float) -> int:
    return -(-int(length + 1) // 2) * 2
