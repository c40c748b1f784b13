"""Brings any picture to the output's shape: filled around a focus, or whole between bars or over a blurred fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moments_ray.media.render.effects import Camera, Effect, Filter
from moments_ray.media.render.plan import RATE, Picture

# What every piece is written in, wherever its source comes from; the join copies, so all must agree.
_COLOURS = {"out_color_matrix": "bt709", "out_range": "tv"}
# Perceptual and linear light of HDR sources become those of BT.709, as when clips are cut.
_STANDARD_RANGE = {"out_primaries": "bt709", "out_transfer": "bt709"}
# A camera scales every frame to another size: bicubic costs more there, and what moves hides the difference.
_STILL_SCALER, _MOVING_SCALER = "bicubic", "fast_bilinear"
_BLUR_SHARE = 8


def framed(
    stream: Any, size: tuple[int, int], picture: Picture, effects: Sequence[Effect], camera: Camera | None
) -> Any:
    """Return a stream of pictures of exactly this size, upright, square pixels, 8 bits, moved by the camera.

    ``stream`` and the result are nodes of an ffmpeg-python graph.
    """
    names = {effect.name for effect in effects}
    colours = _COLOURS | (_STANDARD_RANGE if picture.hdr else {})
    if "blur_background" in names:
        stream = _over_blur(stream, size, colours)
    elif "letterbox" in names:
        width, height = size
        stream = _chain(stream, [*_fitted(size, colours), ("pad", _centred(width, height))])
    else:
        stream = _chain(stream, [_filling(size, _across(picture), picture.focus[1])])
        if camera and picture.hdr:  # this conversion makes its tables for every size, and a camera has many
            stream, colours = _chain(stream, [("scale", {"w": "iw", "h": "ih", **colours})]), {}
        return _chain(stream, _scaled(size, camera, colours))
    return _chain(stream, _scaled(size, camera, {})) if camera else stream


def _chain(stream: Any, filters: Sequence[Filter]) -> Any:
    for name, arguments in filters:
        stream = stream.filter(name, **arguments)
    return stream


def _across(picture: Picture) -> str:
    """Return where the focus is, from the left, as an expression over ``t``."""
    words, x = f"{picture.focus[0]:.4f}", picture.focus[0]
    for move in picture.moves:
        # Half a frame early, so that no rounding of times keeps a frame of the new shot in the window of the old.
        begun = f"(t-{move.at - 0.5 / RATE:.4f})"
        share = f"clip({begun}/{move.seconds:.4f},0,1)" if move.seconds else f"gte({begun},0)"
        words, x = f"{words}{move.x - x:+.4f}*{share}", move.x
    return f"({words})"


def _filling(size: tuple[int, int], across: str, down: float) -> Filter:
    """Cut the largest window of the output's shape, around the focus as far as the picture reaches."""
    shape = f"{size[0]}/{size[1]}"
    return (
        "crop",
        {
            "w": f"min(iw,ih*{shape}/sar)",
            "h": f"min(ih,iw*sar/({shape}))",
            "x": f"clip(iw*{across}-ow/2,0,iw-ow)",
            "y": f"clip(ih*{down:.4f}-oh/2,0,ih-oh)",
        },
    )


def _scaled(size: tuple[int, int], camera: Camera | None, colours: dict[str, str]) -> list[Filter]:
    """Scale to the output's size; under a camera to more than it, and cut out what the camera sees.

    ``exact`` keeps odd offsets, which would else be rounded to even ones and be seen as a jitter.
    """
    width, height = size
    form: list[Filter] = [("setsar", {"r": "1"}), ("format", {"pix_fmts": "yuv420p"})]
    if camera is None:
        return [("scale", {"w": str(width), "h": str(height), "flags": _STILL_SCALER, **colours}), *form]
    zoom = camera.zoom
    scale = {
        "w": f"max({width},round({width}*{zoom}))",
        "h": f"max({height},round({height}*{zoom}))",
        "eval": "frame",
        "flags": _MOVING_SCALER,
        **colours,
    }
    crop = {
        "w": str(width),
        "h": str(height),
        "x": f"clip({width}*({zoom}-1)/2+{camera.right},0,{width}*({zoom}-1))",
        "y": f"clip({height}*({zoom}-1)/2+{camera.down},0,{height}*({zoom}-1))",
        "exact": "1",
    }
    return [("scale", scale), ("crop", crop), *form]


def _fitted(size: tuple[int, int], colours: dict[str, str]) -> list[Filter]:
    """Scale the whole picture into the output's size."""
    width, height = size
    fit = f"min({width}/(iw*sar),{height}/ih)"
    scale = {
        "w": f"2*trunc(iw*sar*{fit}/2)",
        "h": f"2*trunc(ih*{fit}/2)",
        "flags": _STILL_SCALER,
        **colours,
    }
    return [("scale", scale), ("setsar", {"r": "1"}), ("format", {"pix_fmts": "yuv420p"})]


def _centred(width: int, height: int) -> dict[str, str]:
    return {"w": str(width), "h": str(height), "x": "(ow-iw)/2", "y": "(oh-ih)/2", "color": "black"}


def _over_blur(stream: Any, size: tuple[int, int], colours: dict[str, str]) -> Any:
    """Lay the whole picture over itself, enlarged and blurred; blurring a small copy is as soft and far cheaper."""
    width, height = size
    small = (width // _BLUR_SHARE // 2 * 2, height // _BLUR_SHARE // 2 * 2)
    both = stream.filter_multi_output("split")
    behind = _chain(both[0], [_filling(size, "0.5", 0.5), *_scaled(small, None, colours)])
    behind = behind.filter("boxblur", luma_radius="4", luma_power="2")
    behind = _chain(behind, _scaled(size, None, {}))
    before = _chain(both[1], _fitted(size, colours))
    return behind.overlay(before, x="(W-w)/2", y="(H-h)/2").filter("format", pix_fmts="yuv420p")
