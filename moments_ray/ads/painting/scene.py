"""One scene of an ad, painted: a ground, the product before it, a camera that moves; a still for the last one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import Colorspace
from PIL import Image, ImageDraw, ImageFilter
from pydantic import JsonValue

from moments_ray.ads.painting.camera import Pose, pose
from moments_ray.ads.painting.ground import blurred, ground
from moments_ray.ads.painting.lettering import Colour, draw_text, ink_on, rgb
from moments_ray.ads.painting.name import name_lettering
from moments_ray.ads.painting.painting import Painting
from moments_ray.media.render.plan import RATE

_OVERSCAN = 1.2  # of the ground over the picture, for the camera to move in
_MOVING = 0.75
_BT709 = 1
_LOUD = frozenset({"bold", "energetic"})  # styles that write in capitals
_CORNER = {"luxury": 0.06, "energetic": 0.5, "minimal": 0.5, "bold": 0.0}  # of a button's height
_SHADOW = {"luxury": 0.6, "energetic": 0.5, "minimal": 0.3, "bold": 0.6}
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
        _put(image, product_layer(painting, 0.38), Pose(), (0.5, 0.29))
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


def product_layer(painting: Painting, share: float) -> Image.Image:
    """Return the product with its shadow as RGBA, within a share of the picture's height."""
    width, height = painting.size
    room = (int(width * (0.74 if height >= width else 0.42)), int(height * share))
    if painting.picture is not None:
        with Image.open(painting.picture) as opened:
            product = opened.convert("RGBA")
        scale = min(room[0] / product.width, room[1] / product.height)
        product = product.resize(
            (max(1, round(product.width * scale)), max(1, round(product.height * scale))), Image.Resampling.LANCZOS
        )
        if not painting.cut_out:
            product = _rounded(product, int(min(product.size) * 0.06))
    else:
        product = name_lettering(painting, room)
    edge = int(min(width, height) * 0.05)
    layer = Image.new("RGBA", (product.width + 2 * edge, product.height + 2 * edge), (0, 0, 0, 0))
    strength = 0.12 if painting.style == "minimal" and painting.picture is None else _SHADOW[painting.style]
    shadow = Image.new("L", layer.size, 0)
    shadow.paste(product.getchannel("A").point(lambda value: int(value * strength)), (edge, edge + edge // 3))
    layer.putalpha(shadow.filter(ImageFilter.GaussianBlur(edge / 3)))
    layer.alpha_composite(product, (edge, edge))
    return layer


def _encode(painting: Painting, report_progress: Callable[[float], None]) -> None:
    with av.open(painting.path, "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options=_ENCODER)
        stream.width, stream.height = painting.size
        stream.pix_fmt = "yuv420p"
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(stream.codec_context, name, _BT709)
        for number, image in enumerate(frames(painting)):
            drawn = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
            frame = drawn.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)  # as the stream says
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
            if number % RATE == 0:
                report_progress(number / painting.frames)
        container.mux(stream.encode(None))


def frames(painting: Painting) -> Iterator[Image.Image]:
    """Yield the pictures of a moving scene."""
    large = (int(painting.width * _OVERSCAN), int(painting.height * _OVERSCAN))
    behind = ground(painting.style, painting.scene, large, painting.palette, painting.seed)
    if painting.style == "luxury" and painting.scene == 2:
        behind = blurred(behind, 12)
    layer = product_layer(painting, {1: 0.52, 2: 0.6, 3: 0.46}[painting.scene])
    place = {1: (0.5, 0.42), 2: (0.52, 0.44), 3: (0.5, 0.45)}[painting.scene]
    for number in range(painting.frames):
        at = pose(painting.camera, number / RATE, painting.frames / RATE, painting.bpm)
        frame = _seen(behind, painting.size, at)
        _put(frame, layer, at, place)
        yield frame


def _seen(behind: Image.Image, size: tuple[int, int], at: Pose) -> Image.Image:
    """Return what of the ground the camera sees, to a fraction of a pixel."""
    spare_x, spare_y = behind.width - size[0], behind.height - size[1]
    share = 1 / max(1.0, at.zoom)
    width, height = (size[0] + spare_x * 0.5) * share, (size[1] + spare_y * 0.5) * share
    left = (behind.width - width) * min(1.0, max(0.0, 0.5 + at.ground_x / 2))
    top = (behind.height - height) * min(1.0, max(0.0, 0.5 + at.ground_y / 2))
    return behind.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))


def _put(frame: Image.Image, layer: Image.Image, at: Pose, place: tuple[float, float]) -> None:
    """Lay the product over a frame, to a fraction of a pixel."""
    scale = at.product_scale
    left = frame.width * (place[0] + at.product_x) - layer.width * scale / 2
    top = frame.height * (place[1] + at.product_y) - layer.height * scale / 2
    corner = (math.floor(left) + 1, math.floor(top) + 1)  # the layer's edge is empty: a pixel of it may be missed
    inside = ((corner[0] - left) / scale, (corner[1] - top) / scale)
    size = (int(layer.width * scale) - 1, int(layer.height * scale) - 1)
    box = (*inside, inside[0] + size[0] / scale, inside[1] + size[1] / scale)
    moved = layer.resize(size, Image.Resampling.BILINEAR, box=box)
    frame.paste(moved, corner, moved)


def _filling(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = max(size[0] / image.width, size[1] / image.height)
    larger = image.resize((math.ceil(image.width * scale), math.ceil(image.height * scale)), Image.Resampling.LANCZOS)
    left, top = (larger.width - size[0]) // 2, (larger.height - size[1]) // 2
    return larger.crop((left, top, left + size[0], top + size[1]))


def _rounded(image: Image.Image, radius: int) -> Image.Image:
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, image.width - 1, image.height - 1), radius, fill=255)
    rounded = Image.new("RGBA", image.size, (255, 255, 255, 255))
    rounded.alpha_composite(image)
    rounded.putalpha(mask)
    return rounded


def _pixels(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return int(left * size[0]), int(top * size[1]), int(right * size[0]), int(bottom * size[1])
