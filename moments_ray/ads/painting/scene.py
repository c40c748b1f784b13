"""One scene of an ad, painted: a ground, the product before it, a camera that moves; a still for the last one."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import av
from PIL import Image, ImageDraw
from pydantic import JsonValue

from moments_ray.ads.painting.camera import Pose
from moments_ray.ads.painting.ground import ground
from moments_ray.ads.painting.lettering import Colour, draw_text, ink_on, rgb
from moments_ray.ads.painting.moving import frames
from moments_ray.ads.painting.painting import Painting
from moments_ray.ads.painting.product_layer import product_layer, standing
from moments_ray.media.render.plan import RATE

_MOVING = 0.75
_BT709 = 1
_LOUD = frozenset({"bold", "energetic"})  # styles that write in capitals
_CORNER = {"luxury": 0.06, "energetic": 0.5, "minimal": 0.5, "bold": 0.0}  # of a button's height
# An intermediate: quick to write, and good enough that nobody sees it was compressed twice.
_ENCODER = {"preset": "ultrafast", "crf": "14", "x264-params": "threads=1:keyint=60"}


def moving_size(width: int, height: int) -> tuple[int, int]:
    """Return the size in which a moving scene is painted: what moves is scaled up later and nobody sees it."""
    return round(width * _MOVING / 2) * 2, round(height * _MOVING / 2) * 2


def paint(payload: JsonValue, report_progress: Callable[[float], None]) -> JsonValue:
    """Paint a `Painting` given as JSON, as H.264 in MP4 or as a still in PNG; for a process of its own."""
    painting = Painting.model_validate(payload)
    if painting.static:
        still(painting).save(painting.path, compress_level=3)
    else:
        width, height = moving_size(*painting.size)
        _encode(painting.model_copy(update={"width": width, "height": height}), report_progress)
    return painting.frames


def still(painting: Painting) -> Image.Image:
    """Return the last scene: the product, its name, and what to do."""
    width, height = painting.size
    if painting.backdrop is not None:
        with Image.open(painting.backdrop) as opened:
            image = _filling(opened.convert("RGB"), painting.size)
    else:
        image = ground(painting.style, painting.scene, painting.size, painting.palette, painting.seed)
        _put(image, product_layer(painting, 0.38), (0.5, 0.29))
    upright = height >= width
    on_ground = ink_on(_behind(painting), rgb(painting.palette[2]))
    if painting.picture is not None or painting.backdrop is not None:
        draw_text(
            image,
            painting.product_name,
            _pixels((0.08, 0.515, 0.92, 0.59) if upright else (0.25, 0.54, 0.75, 0.63), painting.size),
            font=painting.font,
            colour=on_ground,
            largest=int(min(width, height) * 0.075),
        )
    _button(image, _pixels((0.12, 0.61, 0.88, 0.7) if upright else (0.3, 0.66, 0.7, 0.78), painting.size), painting)
    if painting.logo is not None:
        with Image.open(painting.logo) as opened:
            logo = opened.convert("RGBA")
        logo.thumbnail((int(width * 0.24), int(height * 0.08)), Image.Resampling.LANCZOS)
        image.paste(logo, ((width - logo.width) // 2, int(height * 0.06)), logo)
    return image


def _behind(painting: Painting) -> Colour:
    """Return the colour of the ground that the last scene's words stand on."""
    return rgb(painting.palette[1 if painting.style == "bold" else 0])


def _button(image: Image.Image, box: tuple[int, int, int, int], painting: Painting) -> None:
    """Draw what to do, in letters that stand out from their button."""
    loud = painting.style == "bold"
    fill = ink_on(_behind(painting), rgb(painting.palette[2])) if loud else rgb(painting.palette[1])
    ImageDraw.Draw(image).rounded_rectangle(box, _CORNER[painting.style] * (box[3] - box[1]), fill=fill)
    margin = (box[2] - box[0]) // 16
    inner = (box[0] + margin, box[1], box[2] - margin, box[3])
    words = painting.words.upper() if painting.style in _LOUD else painting.words
    largest = int((box[3] - box[1]) * 0.56)
    draw_text(image, words, inner, font=painting.font, colour=ink_on(fill, (255, 255, 255)), largest=largest)


def _encode(painting: Painting, report_progress: Callable[[float], None]) -> None:
    with av.open(painting.path, "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options=_ENCODER)
        stream.width, stream.height = painting.size
        stream.pix_fmt = "yuv420p"
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(stream.codec_context, name, _BT709)
        for number, frame in enumerate(frames(painting)):
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
            if number % RATE == 0:
                report_progress(number / painting.frames)
        container.mux(stream.encode(None))


def _put(image: Image.Image, layer: Image.Image, place: tuple[float, float]) -> None:
    """Lay the product over a still."""
    corner, size, box = standing(image.size, layer.size, Pose(), place)
    moved = layer.resize(size, Image.Resampling.BILINEAR, box=box)
    image.paste(moved, corner, moved)


def _filling(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = max(size[0] / image.width, size[1] / image.height)
    larger = image.resize((math.ceil(image.width * scale), math.ceil(image.height * scale)), Image.Resampling.LANCZOS)
    left, top = (larger.width - size[0]) // 2, (larger.height - size[1]) // 2
    return larger.crop((left, top, left + size[0], top + size[1]))


def _pixels(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return int(left * size[0]), int(top * size[1]), int(right * size[0]), int(bottom * size[1])
