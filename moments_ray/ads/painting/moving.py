"""A moving scene's frames, composed in the planes of YUV 4:2:0 that its film has: less to scale than in RGB.

Ground and product are turned into planes once. The product's planes are multiplied by its alpha beforehand (Porter
and Duff, "Compositing Digital Images", 1984), so that scaling them leaves no dark line at its edges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from av.video.reformatter import Colorspace
from PIL import Image, ImageChops

from moments_ray.ads.painting.camera import Pose, pose
from moments_ray.ads.painting.ground import blurred, ground
from moments_ray.ads.painting.painting import Painting
from moments_ray.ads.painting.product_layer import product_layer, standing
from moments_ray.media.render.plan import RATE

_OVERSCAN = 1.2  # of the ground over the picture, for the camera to move in
_SHARE_OF_HEIGHT = {1: 0.52, 2: 0.6, 3: 0.46}  # that the product has in a scene
_PLACE = {1: (0.5, 0.42), 2: (0.52, 0.44), 3: (0.5, 0.45)}  # of the product's middle, in shares of the picture


@dataclass(frozen=True, slots=True)
class _Plane:
    """One of Y, U and V: the ground, the product multiplied by its alpha, and what of the ground it leaves."""

    size: tuple[int, int]
    ground: Image.Image
    product: Image.Image
    left_of_ground: Image.Image

    def at(self, pose: Pose, place: tuple[float, float]) -> Image.Image:
        """Return the plane of one frame."""
        frame = _seen(self.ground, self.size, pose)
        corner, size, box = standing(frame.size, self.product.size, pose, place)
        product, left = (
            layer.resize(size, Image.Resampling.BILINEAR, box=box) for layer in (self.product, self.left_of_ground)
        )
        behind = frame.crop((*corner, corner[0] + size[0], corner[1] + size[1]))
        frame.paste(ImageChops.add(ImageChops.multiply(behind, left), product), corner)
        return frame


def frames(painting: Painting) -> Iterator[av.VideoFrame]:
    """Yield the frames of a moving scene, of BT.709 and limited range; its width and height are even."""
    width, height = painting.size
    planes, place = _planes(painting), _PLACE[painting.scene]
    for number in range(painting.frames):
        at = pose(painting.camera, number / RATE, painting.frames / RATE, painting.bpm)
        drawn = np.concatenate([np.asarray(plane.at(at, place)).reshape(-1) for plane in planes])
        frame = av.VideoFrame.from_ndarray(drawn.reshape(height * 3 // 2, width), format="yuv420p")
        frame.colorspace = Colorspace.ITU709
        yield frame


def _planes(painting: Painting) -> list[_Plane]:
    """Draw a scene's ground and product; those of U and V have half the size of Y's."""
    width, height = painting.size
    large = (2 * int(width * _OVERSCAN / 2), 2 * int(height * _OVERSCAN / 2))
    behind = ground(painting.style, painting.scene, large, painting.palette, painting.seed)
    if painting.style == "luxury" and painting.scene == 2:
        behind = blurred(behind, 12)
    layer = product_layer(painting, _SHARE_OF_HEIGHT[painting.scene])
    layer = layer.crop((0, 0, layer.width + layer.width % 2, layer.height + layer.height % 2))
    alpha = layer.getchannel("A")
    left = ImageChops.invert(alpha)
    grounds, products = _turned(behind), [ImageChops.multiply(plane, alpha) for plane in _turned(layer.convert("RGB"))]
    half = (width // 2, height // 2)
    return [
        _Plane(painting.size, grounds[0], products[0], left),
        *(_Plane(half, grounds[n].reduce(2), products[n].reduce(2), left.reduce(2)) for n in (1, 2)),
    ]


def _turned(image: Image.Image) -> list[Image.Image]:
    """Return the planes Y, U and V of a picture in RGB, all in its size."""
    drawn = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    turned = drawn.reformat(format="yuv444p", dst_colorspace=Colorspace.ITU709)
    return [Image.fromarray(plane) for plane in turned.to_ndarray()]


def _seen(behind: Image.Image, size: tuple[int, int], at: Pose) -> Image.Image:
    """Return what of the ground the camera sees, to a fraction of a pixel."""
    spare_x, spare_y = behind.width - size[0], behind.height - size[1]
    share = 1 / max(1.0, at.zoom)
    width, height = (size[0] + spare_x * 0.5) * share, (size[1] + spare_y * 0.5) * share
    left = (behind.width - width) * min(1.0, max(0.0, 0.5 + at.ground_x / 2))
    top = (behind.height - height) * min(1.0, max(0.0, 0.5 + at.ground_y / 2))
    return behind.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))
