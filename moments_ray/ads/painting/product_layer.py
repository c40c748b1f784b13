"""The product with its shadow as a layer of its own, and where it stands in a frame."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageFilter

from moments_ray.ads.painting.camera import Pose
from moments_ray.ads.painting.name import name_lettering
from moments_ray.ads.painting.painting import Painting

_SHADOW = {"luxury": 0.6, "energetic": 0.5, "minimal": 0.3, "bold": 0.6}


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


def standing(
    frame: tuple[int, int], layer: tuple[int, int], at: Pose, place: tuple[float, float]
) -> tuple[tuple[int, int], tuple[int, int], tuple[float, float, float, float]]:
    """Return where a layer stands in a frame: its corner and size in pixels, and the part of it that fills them.

    The part is of fractions of a pixel, so that a slow movement is smooth. ``place`` is where the layer's middle is at
    rest, in shares of the frame.
    """
    scale = at.product_scale
    left = frame[0] * (place[0] + at.product_x) - layer[0] * scale / 2
    top = frame[1] * (place[1] + at.product_y) - layer[1] * scale / 2
    corner = (math.floor(left) + 1, math.floor(top) + 1)  # the layer's edge is empty: a pixel of it may be missed
    inside = ((corner[0] - left) / scale, (corner[1] - top) / scale)
    size = (int(layer[0] * scale) - 1, int(layer[1] * scale) - 1)
    return corner, size, (*inside, inside[0] + size[0] / scale, inside[1] + size[1] / scale)


def _rounded(image: Image.Image, radius: int) -> Image.Image:
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, image.width - 1, image.height - 1), radius, fill=255)
    rounded = Image.new("RGBA", image.size, (255, 255, 255, 255))
    rounded.alpha_composite(image)
    rounded.putalpha(mask)
    return rounded
