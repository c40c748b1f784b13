"""The talk's slides: a title card, then a page whose points appear one by one beside a figure."""

from __future__ import annotations

from functools import cache

from PIL import Image, ImageDraw, ImageFont

from moments_ray.demo.figures import CARD, GREY, INK, draw_figure, tint
from moments_ray.demo.script import SCRIPT, SUBTITLE, TITLE, Chapter

SIZE = (1280, 720)
_PAPER = "#f7f4ee"
_MARGIN = 84
_COLUMN = 540  # width of the text beside the figure
_TOPICS = tuple(chapter for chapter in SCRIPT if chapter.figure)


def draw_slide(chapter: Chapter, points: tuple[str, ...]) -> Image.Image:
    """Return what the audience sees of a chapter once these points have been made (RGB, 1280 x 720)."""
    if chapter.figure is None:
        return _cover(chapter)
    return _page(chapter, points) if points else _title_card(chapter)


def _cover(chapter: Chapter) -> Image.Image:
    image = Image.new("RGB", SIZE, INK)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, SIZE[1] - 14, SIZE[0], SIZE[1]), fill=chapter.accent)
    _text(draw, (_MARGIN, 330), chapter.title, 92, CARD, bold=True, anchor="ls")
    _text(draw, (_MARGIN, 400), SUBTITLE if chapter.title == TITLE else TITLE, 36, "#c9ccd4", anchor="ls")
    for number, topic in enumerate(_TOPICS):
        draw.rounded_rectangle((_MARGIN + number * 76, 470, _MARGIN + number * 76 + 60, 480), 5, fill=topic.accent)
    return image


def _title_card(chapter: Chapter) -> Image.Image:
    image = Image.new("RGB", SIZE, chapter.accent)
    draw = ImageDraw.Draw(image)
    number = _TOPICS.index(chapter) + 1
    _text(draw, (SIZE[0] - _MARGIN, SIZE[1] - 40), str(number), 420, tint(chapter.accent, 0.82), anchor="rs")
    _text(draw, (_MARGIN, 250), f"Surprise {number} of {len(_TOPICS)}", 32, tint(chapter.accent, 0.25), anchor="ls")
    for row, line in enumerate(_wrapped(chapter.title, 84, 900)):
        _text(draw, (_MARGIN, 350 + row * 98), line, 84, CARD, bold=True, anchor="ls")
    return image


def _page(chapter: Chapter, points: tuple[str, ...]) -> Image.Image:
    image = Image.new("RGB", SIZE, _PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 18, SIZE[1]), fill=chapter.accent)
    y = 150
    for line in _wrapped(chapter.title, 54, _COLUMN):
        _text(draw, (_MARGIN, y), line, 54, INK, bold=True, anchor="ls")
        y += 64
    draw.rectangle((_MARGIN, y - 32, _MARGIN + 72, y - 26), fill=chapter.accent)
    y += 42
    for point in points:
        draw.rectangle((_MARGIN, y - 20, _MARGIN + 12, y - 8), fill=chapter.accent)
        for line in _wrapped(point, 31, _COLUMN - 34):
            _text(draw, (_MARGIN + 34, y), line, 31, INK, anchor="ls")
            y += 40
        y += 26
    card = draw_card(chapter)
    draw.rounded_rectangle((690, 112, 690 + card.width + 20, 112 + card.height + 20), 18, fill=CARD, outline="#e4dfd4")
    image.paste(card, (700, 122))
    _text(draw, (_MARGIN, SIZE[1] - 50), TITLE, 20, GREY, anchor="ls")
    for number, topic in enumerate(_TOPICS):
        left = SIZE[0] - _MARGIN - (len(_TOPICS) - number) * 34
        colour = chapter.accent if topic is chapter else "#d9d4c8"
        draw.rounded_rectangle((left, SIZE[1] - 62, left + 26, SIZE[1] - 56), 3, fill=colour)
    return image


@cache
def draw_card(chapter: Chapter) -> Image.Image:
    """Return the chapter's figure, drawn once."""
    if chapter.figure is None:
        raise ValueError(f"the chapter {chapter.title!r} has no figure")
    return draw_figure(chapter.figure, chapter.accent)


@cache
def _font(height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(height)


def _text(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    words: str,
    height: int,
    colour: str,
    *,
    bold: bool = False,
    anchor: str = "ls",
) -> None:
    """Write one line; the bundled font has one weight, so bold is drawn by its outline."""
    draw.text(at, words, fill=colour, font=_font(height), anchor=anchor, stroke_width=height / 60 if bold else 0)


def _wrapped(words: str, height: int, width: int) -> list[str]:
    """Break a text into lines that fit ``width`` pixels."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if _font(height).getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
