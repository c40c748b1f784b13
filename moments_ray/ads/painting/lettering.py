"""Words in pictures: set in a style's face, in lines that fit a box, by a stand-in where it lacks a character."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from moments_ray.errors import MediaToolMissing
from moments_ray.media.render.fonts import ANTON, ARCHIVO_BLACK, FALLBACKS, POPPINS_BOLD, Face, characters_of

FACES = {"Anton": ANTON, "Archivo Black": ARCHIVO_BLACK, "Poppins": POPPINS_BOLD}

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_SMALLEST = 18
_STEP = 0.92
_LINE = 1.18
_MOST_LINES = 4
_OUTLINE = 16  # of a letter's height
_LEAST_CONTRAST = 3.0
_DARK, _LIGHT = (12, 12, 12), (255, 255, 255)


def rgb(colour: str) -> Colour:
    """Return a colour written as ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def ink_on(ground: Colour, wanted: Colour) -> Colour:
    """Return the colour wanted for letters, or the dark or light one that is better read on a ground.

    Large letters need a contrast of 3.
    """
    if contrast(ground, wanted) >= _LEAST_CONTRAST:
        return wanted
    return max((_DARK, _LIGHT), key=lambda ink: contrast(ground, ink))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2 has it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    shares = [value / 255 for value in colour]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def drawable(text: str, font: str) -> tuple[str, Face]:
    """Return what of a text one face can draw, and that face: the style's own, or the one that has the most of it."""
    wanted = {ord(char) for char in text if not char.isspace()}
    faces = [FACES[font], *FALLBACKS]
    face = min(faces, key=lambda each: len(wanted - characters_of(each)))
    known = characters_of(face)
    return " ".join("".join(char for char in text if char.isspace() or ord(char) in known).split()), face


def draw_text(
    image: Image.Image,
    text: str,
    box: tuple[int, int, int, int],
    *,
    font: str,
    colour: Colour,
    largest: int,
    edge: Colour | None = None,
) -> tuple[int, int, int, int] | None:
    """Draw a text centred in a box (left, top, right, bottom), as large as fits; return where it stands.

    With an ``edge`` letters have an outline, by which they are read on any ground. What no face here can draw is left
    out; where nothing remains, nothing is drawn.
    """
    text, face = drawable(text, font)
    if not text:
        return None
    width, height = box[2] - box[0], box[3] - box[1]
    pen = ImageDraw.Draw(image)
    size, lines = _fitted(text, width, height, lambda points: _font(face, points), largest)
    letters = _font(face, size)
    step = size * _LINE
    top = box[1] + (height - step * len(lines)) / 2
    for number, line in enumerate(lines):
        middle = (box[0] + width / 2, top + step * (number + 0.5))
        outline = 0 if edge is None else max(2, size // _OUTLINE)
        pen.text(middle, line, font=letters, fill=colour, anchor="mm", stroke_width=outline, stroke_fill=edge)
    widest = max(pen.textlength(line, font=letters) for line in lines)
    left = box[0] + (width - widest) / 2
    return int(left), int(top), int(left + widest), int(top + step * len(lines))


def _fitted(text: str, width: int, height: int, sized: Callable[[int], Font], largest: int) -> tuple[int, list[str]]:
    size = float(largest)
    while True:
        lines = _lines(text, width, sized(int(size)))
        if size <= _SMALLEST or (lines is not None and len(lines) * size * _LINE <= height):
            return int(size), lines or [text]
        size = max(_SMALLEST, size * _STEP)


def _lines(text: str, width: int, letters: Font) -> list[str] | None:
    """Return a text in lines of a width; None where a word is wider, or there are too many."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and letters.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > _MOST_LINES or any(letters.getlength(line) > width for line in lines):
        return None
    return lines


@cache
def _font(face: Face, size: int) -> Font:
    if face.path is None:
        raise MediaToolMissing(f"The face {face.family} is not installed: install the package {face.package}.")
    return ImageFont.truetype(str(face.path), size)
