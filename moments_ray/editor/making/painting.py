"""Paints and changes pictures, in a child process: grounds of films, and the operations that words ask for."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps, UnidentifiedImageError

from moments_ray.editor.errors import PictureNotRead

if TYPE_CHECKING:
    from numpy.typing import NDArray

Size = tuple[int, int]
Colour = tuple[int, int, int]

MOST_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "WEBP")
_BLOBS = 6
_SMALL = 8  # grounds are soft: they are drawn this much smaller, and enlarged


class GroundJob(TypedDict):
    """Grounds to draw, one a path; ``picture`` in place of drawn ones."""

    size: Size
    seed: int
    paths: list[str]
    picture: str | None


class PictureJob(TypedDict):
    """A picture to make: of ``picture`` by operations, or of colours; ``mask`` is where it is changed."""

    path: str
    size: Size | None
    seed: int
    picture: str | None
    mask: str | None
    operations: list[str]
    colours: list[str]
    text: str
    font: str


def grounds(job: GroundJob, report_progress: Callable[[float], None]) -> list[str]:
    """Write a ground for every scene; return their paths."""
    given = None if job["picture"] is None else ImageOps.fit(_opened(job["picture"]), _size(job["size"]))
    for number, path in enumerate(job["paths"]):
        ground = given or _ground(_size(job["size"]), random.Random(f"{job['seed']}/{number}"))  # noqa: S311
        ground.save(path)
        report_progress((number + 1) / len(job["paths"]))
    return job["paths"]


def picture(job: PictureJob, _report_progress: Callable[[float], None]) -> list[str]:
    """Write a picture; return the names of what was done to it."""
    size = None if job["size"] is None else _size(job["size"])
    if job["picture"] is None:
        made = _coloured(size or (1080, 1920), job["colours"], job["seed"])
    else:
        before = _opened(job["picture"])
        before = before if size is None else ImageOps.fit(before, size)
        made = before
        for name in job["operations"]:
            made = _OPERATIONS[name](made)
        if job["mask"] is not None:
            where = _opened(job["mask"]).convert("L").resize(made.size)
            made = Image.composite(made, before.resize(made.size), where)
    if job["text"]:
        _write(made, job["text"], job["font"])
    made.save(job["path"])
    return [*job["operations"], *job["colours"], *(["text"] if job["text"] else [])]


def prepared(job: dict[str, str | None], _report_progress: Callable[[float], None]) -> None:
    """Write a picture, and its mask, as providers take them: PNG, transparent where it is to be changed."""
    given = _opened(str(job["picture"]))
    given.save(str(job["picture_path"]))
    if job["mask"] is not None:
        where = _opened(job["mask"]).convert("L").resize(given.size)
        given.putalpha(ImageOps.invert(where))
        given.save(str(job["mask_path"]))


def check(path: str, _report_progress: Callable[[float], None]) -> Size:
    """Return the size of a picture that can be read whole."""
    return _opened(path).size


def _opened(path: str) -> Image.Image:
    """Read a picture, upright.

    Raises:
        PictureNotRead: it is none, or too large.
    """
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise PictureNotRead
            return ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureNotRead from error


def _size(given: Size) -> Size:
    return given[0], given[1]  # lists, where they came as JSON


def _ground(size: Size, drawn: random.Random) -> Image.Image:
    """Draw soft lights over a gradient of two neighbouring colours."""
    hue = drawn.random() * 360
    made = _gradient((size[0] // _SMALL, size[1] // _SMALL), _hsl(hue, 45, 16), _hsl(hue + 40, 55, 34))
    pen = ImageDraw.Draw(made)
    for _ in range(_BLOBS):
        across, down = drawn.random() * made.width, drawn.random() * made.height
        radius = made.width * (0.1 + 0.25 * drawn.random())
        colour = _hsl(hue + 80 * drawn.random(), 60, 30 + 15 * drawn.random())
        pen.ellipse((across - radius, down - radius, across + radius, down + radius), fill=colour)
    return made.filter(ImageFilter.GaussianBlur(made.width / 9)).resize(size, Image.Resampling.BICUBIC)


def _coloured(size: Size, colours: list[str], seed: int) -> Image.Image:
    if not colours:
        return _ground(size, random.Random(seed))  # noqa: S311 - no secret
    first, last = (_rgb(colour) for colour in (colours[0], colours[-1]))
    return _gradient(size, first, last)


def _gradient(size: Size, first: Colour, last: Colour) -> Image.Image:
    """Return a picture that goes from one colour above to another one below."""
    share: NDArray[np.float64] = np.linspace(0, 1, size[1])[:, None, None]
    rows = np.asarray(first) * (1 - share) + np.asarray(last) * share
    return Image.fromarray(np.repeat(rows, size[0], axis=1).round().astype(np.uint8))


def _hsl(hue: float, saturation: float, lightness: float) -> Colour:
    return _rgb(f"hsl({hue % 360:.1f},{saturation:.1f}%,{lightness:.1f}%)")


def _rgb(colour: str) -> Colour:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue


def _write(made: Image.Image, text: str, font: str) -> None:
    """Draw text in the middle, as large as fits into nine tenths of the width."""
    pen, size = ImageDraw.Draw(made), made.width // 6
    while size > 8 and pen.textlength(text, ImageFont.truetype(font, size)) > made.width * 0.9:
        size = size * 9 // 10
    middle = made.width // 2, made.height // 2
    edge = max(1, size // 20)
    pen.text(middle, text, "white", ImageFont.truetype(font, size), "mm", stroke_width=edge, stroke_fill="black")


def _tinted(red: int, blue: int) -> Callable[[Image.Image], Image.Image]:
    def tint(made: Image.Image) -> Image.Image:
        return Image.fromarray((np.asarray(made, np.int16) + np.array([red, 0, blue])).clip(0, 255).astype(np.uint8))

    return tint


def _sepia(made: Image.Image) -> Image.Image:
    return ImageOps.colorize(ImageOps.grayscale(made), (30, 18, 8), (255, 240, 210))


def _square(made: Image.Image) -> Image.Image:
    side = min(made.size)
    return ImageOps.fit(made, (side, side))


def _pixelated(made: Image.Image) -> Image.Image:
    small = made.resize((max(1, made.width // 24), max(1, made.height // 24)), Image.Resampling.BOX)
    return small.resize(made.size, Image.Resampling.NEAREST)


def _vignette(made: Image.Image) -> Image.Image:
    down, across = np.ogrid[-1 : 1 : made.height * 1j, -1 : 1 : made.width * 1j]
    light = np.clip(1.25 - 0.55 * (down**2 + across**2), 0.15, 1)
    return Image.fromarray((np.asarray(made) * light[..., None]).astype(np.uint8))


_OPERATIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "square": _square,
    "rotate_left": lambda made: made.transpose(Image.Transpose.ROTATE_90),
    "rotate": lambda made: made.transpose(Image.Transpose.ROTATE_270),
    "flip": ImageOps.flip,
    "mirror": ImageOps.mirror,
    "grayscale": lambda made: ImageOps.grayscale(made).convert("RGB"),
    "sepia": _sepia,
    "invert": ImageOps.invert,
    "saturate": lambda made: ImageEnhance.Color(made).enhance(1.6),
    "contrast": lambda made: ImageEnhance.Contrast(made).enhance(1.4),
    "brighten": lambda made: ImageEnhance.Brightness(made).enhance(1.35),
    "darken": lambda made: ImageEnhance.Brightness(made).enhance(0.65),
    "warm": _tinted(24, -24),
    "cool": _tinted(-24, 24),
    "blur": lambda made: made.filter(ImageFilter.GaussianBlur(max(2, made.width / 120))),
    "sharpen": lambda made: made.filter(ImageFilter.UnsharpMask(3, 160, 2)),
    "pixelate": _pixelated,
    "vignette": _vignette,
    "border": lambda made: ImageOps.expand(made, max(4, made.width // 30), "white"),
}
