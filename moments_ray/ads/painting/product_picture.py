"""A product's picture as it came, made fit to be painted with: upright, sRGB, bounded, without a plain ground."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms, ImageFilter, ImageOps
from pydantic import BaseModel, ConfigDict, JsonValue

from moments_ray.ads.errors import PictureUnusable

LARGEST_BYTES: Final = 20 * 1024 * 1024
LARGEST_PIXELS: Final = 40_000_000
FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP")
_LONGEST_SIDE = 1568  # pixels: what vision models look at anyway
_SMALLEST_SIDE = 16
_FILL_SIDE = 384  # the ground is looked for in a picture of this size
_PLAIN = 14.0  # of 255: how far the border's colours may be from their median
_SAME = 26.0  # of 255: what still is the ground
_COLOURS = 6

Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Preparation(BaseModel):
    """The file as it came, and where the picture goes (PNG with transparency, and JPEG for models that look)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Path
    picture: Path | None = None
    vision: Path | None = None


class PreparedPicture(BaseModel):
    """What came of it: whether its ground was taken out, and its colours by how much of it they cover."""

    model_config = ConfigDict(frozen=True)

    cut_out: bool
    colours: tuple[str, ...]
    width: int
    height: int


def prepare(payload: JsonValue, report_progress: Callable[[float], None]) -> JsonValue:
    """Prepare the picture of a `Preparation` and return a `PreparedPicture`; for a process of its own.

    Raises:
        PictureUnusable: it is none of a format that is read, too large, too small, or broken.
    """
    asked = Preparation.model_validate(payload)
    image = read_picture(asked.source)
    report_progress(0.4)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    transparent = np.asarray(image.getchannel("A")).min() < 250
    cut = image if transparent else without_ground(image)
    colours = main_colours(cut)
    if asked.picture is not None:
        (cut if cut is not None else image).save(asked.picture, optimize=False, compress_level=3)
    if asked.vision is not None:
        plain = Image.new("RGB", image.size, "white")
        plain.paste(image, mask=image.getchannel("A"))
        plain.save(asked.vision, quality=88)
    return PreparedPicture(
        cut_out=cut is not None, colours=colours or main_colours(image), width=image.width, height=image.height
    ).model_dump(mode="json")


def read_picture(path: Path) -> Image.Image:
    """Return the first frame of a picture as RGBA in sRGB, upright; raises as ``prepare``."""
    if path.stat().st_size > LARGEST_BYTES:
        raise PictureUnusable(f"The picture may have {LARGEST_BYTES // 2**20} MiB: send a smaller one.")
    try:
        with _opened(path) as image:
            _require_size(image)
            image.load()
            upright = ImageOps.exif_transpose(image)
            return _in_srgb(upright, image.info.get("icc_profile"))
    except Image.DecompressionBombError as error:
        raise PictureUnusable("The picture may have 40 million pixels: send a smaller one.") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PictureUnusable("This is no whole JPEG, PNG, GIF or WebP picture: send one of those.") from error


def _opened(path: Path) -> Image.Image:
    """Open a picture, of which only the head is read; how large it may be is looked at by ``_require_size``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(path, formats=FORMATS)


def _require_size(image: Image.Image) -> None:
    if image.width * image.height > LARGEST_PIXELS:
        raise PictureUnusable("The picture may have 40 million pixels: send a smaller one.")
    if min(image.size) < _SMALLEST_SIDE:
        raise PictureUnusable(f"The picture is {image.width}x{image.height} pixels: send a larger one.")


def without_ground(image: Image.Image) -> Image.Image | None:
    """Return a picture without its ground, by a flood from its borders; None where the ground is not plain."""
    small = image.convert("RGB")
    small.thumbnail((_FILL_SIDE, _FILL_SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    middle = np.median(border, axis=0)
    if np.percentile(np.abs(border - middle).max(axis=1), 92) > _PLAIN:
        return None
    ground = _flood(np.abs(pixels - middle).max(axis=2) < _SAME)
    if not 0.05 < float(ground.mean()) < 0.97:
        return None
    mask = Image.fromarray((~ground).astype(np.uint8) * 255).resize(image.size, Image.Resampling.BICUBIC)
    cut = image.copy()
    cut.putalpha(mask.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(1.2)))
    box = cut.getchannel("A").getbbox()
    return cut.crop(box) if box else None


def main_colours(image: Image.Image | None) -> tuple[str, ...]:
    """Return the colours of what is not transparent, by median cut, the most frequent first."""
    if image is None:
        return ()
    pixels = np.asarray(image.resize((96, 96), Image.Resampling.BOX)).reshape(-1, 4)
    seen = pixels[pixels[:, 3] > 128][:, :3]
    if not seen.size:
        return ()
    row = Image.fromarray(np.ascontiguousarray(seen[None, :, :]), "RGB")
    cut = row.quantize(_COLOURS, Image.Quantize.MEDIANCUT)
    palette = cut.getpalette() or []
    counted = sorted(cut.getcolors() or [], reverse=True)
    return tuple("#{:02x}{:02x}{:02x}".format(*palette[3 * int(i) : 3 * int(i) + 3]) for _, i in counted)  # type: ignore[call-overload]  # an index of a palette


def _flood(close: Mask) -> Mask:
    """Return what of a mask hangs together with its border."""
    reached = np.zeros_like(close)
    reached[[0, -1]], reached[:, [0, -1]] = close[[0, -1]], close[:, [0, -1]]
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= close
        if np.array_equal(grown, reached):
            return reached
        reached = grown


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        values = np.asarray(image, np.float32)
        image = Image.fromarray((values / max(1.0, float(values.max())) * 255).astype(np.uint8), "L")
    if profile and image.mode in {"RGB", "CMYK"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
        except ImageCms.PyCMSError:
            pass  # a broken profile says nothing about the colours
    return image.convert("RGBA")
