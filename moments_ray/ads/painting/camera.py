"""How the camera of a painted scene moves: pure functions of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pose:
    """Where things are in one frame: the ground's zoom and shift (-1 to 1 of what it has to spare), the product's.

    The product's shift is in shares of the picture.
    """

    zoom: float = 1.0
    ground_x: float = 0.0
    ground_y: float = 0.0
    product_x: float = 0.0
    product_y: float = 0.0
    product_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time of a scene: seconds, share of the scene (0 to 1), the same eased at both ends, the pulse of the beat."""

    at: float
    share: float
    eased: float
    pulse: float
    bar: float


def pose(camera: str, at: float, seconds: float, bpm: int) -> Pose:
    """Return the pose of a camera at a time of its scene, in seconds."""
    share = min(1.0, at / seconds) if seconds else 0.0
    eased = (1 - math.cos(math.pi * share)) / 2
    beat = 60 / bpm
    return _CAMERAS[camera](_Moment(at, share, eased, math.exp(-6 * (at % beat) / beat), 4 * beat))


def _push_in(now: _Moment) -> Pose:
    return Pose(zoom=1 + 0.10 * now.eased, product_scale=0.94 + 0.12 * now.eased, product_y=0.01 - 0.02 * now.eased)


def _pull_back(now: _Moment) -> Pose:
    return Pose(zoom=1.12 - 0.10 * now.eased, product_scale=1.08 - 0.12 * now.eased)


def _pan(now: _Moment) -> Pose:
    across = -0.9 + 1.8 * now.eased
    return Pose(ground_x=across, product_x=0.035 - 0.07 * now.eased, product_scale=1 + 0.03 * now.share)


def _drift(now: _Moment) -> Pose:
    zoom = 1 + 0.04 * now.share
    return Pose(zoom=zoom, ground_y=0.5 - now.share, product_y=-0.006 * now.share, product_scale=zoom)


def _orbit(now: _Moment) -> Pose:
    turn = math.sin(2 * math.pi * now.share)
    return Pose(
        zoom=1.04 + 0.03 * now.pulse,
        ground_x=0.9 * turn,
        product_x=-0.03 * turn,
        product_scale=1 + 0.05 * math.cos(2 * math.pi * now.share) + 0.02 * now.pulse,
    )


def _whip_in(now: _Moment) -> Pose:
    arriving = max(0.0, 1 - now.at / 0.45) ** 3
    return Pose(
        zoom=1 + 0.05 * now.pulse,
        ground_x=arriving,
        product_x=1.1 * arriving,
        product_scale=0.98 + 0.05 * now.eased + 0.035 * now.pulse,
    )


def _turn(now: _Moment) -> Pose:
    other_side = math.floor(now.at / now.bar) % 2 == 1
    settling = max(0.0, 1 - (now.at % now.bar) / 0.3) ** 2
    across = (-1 if other_side else 1) * (1 - 2 * settling)
    return Pose(
        zoom=1.02 + 0.03 * now.pulse,
        ground_x=0.8 * across,
        product_x=0.05 * across,
        product_scale=(1.06 if other_side else 0.96) + 0.03 * now.pulse,
    )


_CAMERAS: Mapping[str, Callable[[_Moment], Pose]] = {
    "push_in": _push_in,
    "pull_back": _pull_back,
    "pan": _pan,
    "drift": _drift,
    "orbit": _orbit,
    "whip_in": _whip_in,
    "turn": _turn,
    "still": lambda _: Pose(),
}
