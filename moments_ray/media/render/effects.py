"""The effects a piece may have: a closed list of pure functions from a piece's length and size to filters.

What moves the picture is a ``Camera``, which framing puts into the one scaling there is; what changes colours or light
is a chain of filters after it; what changes time is a speed. No user's word enters any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from moments_ray.errors import InvalidRequest

Filter = tuple[str, dict[str, str]]
"""A filter of ffmpeg: its name and its arguments."""

EffectName = Literal[
    "zoom",
    "zoom_out",
    "punch_in",
    "slowmo",
    "speedup",
    "shake",
    "flash",
    "bw",
    "vignette",
    "glitch",
    "fade_in",
    "fade_out",
    "freeze",
    "mirror",
    "blur_background",
    "letterbox",
]
EFFECTS: tuple[EffectName, ...] = get_args(EffectName)
VERSION = 2
"""Raised when an effect looks different from before: pieces that were made with the older one are not taken again."""

MOST_EFFECTS = 4
CONTRADICTIONS = (("slowmo", "speedup"), ("zoom", "zoom_out"), ("blur_background", "letterbox"))
_SPEEDS: dict[EffectName, float] = {"slowmo": 0.5, "speedup": 1.5}
_RATE = 30
_FARTHEST_ZOOM = 0.12
_PUNCH, _PUNCH_SECONDS = 0.06, 0.25
_SHAKE_PIXELS = 0.012
"""Of the picture's width."""
_FLASH_FRAMES = 8
_WHITE = 235  # of eight bits in BT.709
_FADE_FRAMES = 12
_MOST_PULSES = 60


class Effect(BaseModel):
    """An effect by name; ``amount`` is how strong it is, 1 being the usual."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: EffectName
    amount: Annotated[float, Field(ge=0, le=1)] = 1.0


@dataclass(frozen=True, slots=True)
class Length:
    """What an effect may depend on: the piece's frames, its beats (seconds from its start), the output's width."""

    frames: int
    beats: Sequence[float]
    width: int


@dataclass(frozen=True, slots=True)
class Camera:
    """How a picture moves, as expressions over ``t``: ``zoom`` is a factor, 1 or more; ``right``, ``down`` pixels."""

    zoom: str = "1"
    right: str = "0"
    down: str = "0"


def check_effects(effects: Sequence[Effect]) -> None:
    """Refuse effects that cannot stand together.

    Raises:
        InvalidRequest: there are more than four, one stands twice, or two contradict each other.
    """
    names = [effect.name for effect in effects]
    if len(names) > MOST_EFFECTS:
        raise InvalidRequest(f"A segment has at most {MOST_EFFECTS} effects, not {len(names)}: leave some out.")
    if len(set(names)) < len(names):
        raise InvalidRequest("An effect stands twice in a segment: name it once.")
    for one, other in CONTRADICTIONS:
        if one in names and other in names:
            raise InvalidRequest(f"{one} and {other} contradict each other: choose one of them.")


def played_speed(effects: Sequence[Effect], speed: float = 1.0) -> float:
    """Return how fast the source plays: the asked speed, times that of slowmo or speedup."""
    for effect in effects:
        if effect.name in _SPEEDS:
            speed *= 1 + (_SPEEDS[effect.name] - 1) * effect.amount
    return speed


def camera_of(effects: Sequence[Effect], length: Length) -> Camera | None:
    """Return how the picture moves under all of a piece's effects, None if it does not."""
    moves = [_MOVES[effect.name](effect.amount, length) for effect in effects if effect.name in _MOVES]
    if not moves:
        return None
    return Camera(
        zoom="*".join(f"({move.zoom})" for move in moves),
        right="+".join(f"({move.right})" for move in moves),
        down="+".join(f"({move.down})" for move in moves),
    )


def looks_of(effects: Sequence[Effect], length: Length) -> list[Filter]:
    """Return the filters of a piece's effects on colour, light and time, in the order they were asked for."""
    return [each for effect in effects if effect.name in _LOOKS for each in _LOOKS[effect.name](effect.amount, length)]


def sound_looks_of(effects: Sequence[Effect], length: Length) -> list[Filter]:
    """Return what a piece's effects do to its sound: it fades as the picture does."""
    names = {effect.name for effect in effects}
    fade = f"{_FADE_FRAMES / _RATE:.4f}"
    end = f"{max(0, length.frames - _FADE_FRAMES) / _RATE:.4f}"
    found: list[Filter] = []
    if "fade_in" in names:
        found.append(("afade", {"t": "in", "st": "0", "d": fade}))
    if "fade_out" in names:
        found.append(("afade", {"t": "out", "st": end, "d": fade}))
    return found


def _zoom(amount: float, length: Length) -> Camera:
    return Camera(zoom=f"1+{_FARTHEST_ZOOM * amount:.4f}*min(t/{_seconds(length)},1)")


def _zoom_out(amount: float, length: Length) -> Camera:
    return Camera(zoom=f"1+{_FARTHEST_ZOOM * amount:.4f}*(1-min(t/{_seconds(length)},1))")


def _punch_in(amount: float, length: Length) -> Camera:
    """Pulse on each beat; without beats, once at the start."""
    beats = [beat for beat in length.beats if 0 <= beat < length.frames / _RATE][:_MOST_PULSES] or [0.0]
    pulses = "+".join(
        f"between(t,{beat:.3f},{beat + _PUNCH_SECONDS:.3f})*(1-(t-{beat:.3f})/{_PUNCH_SECONDS})" for beat in beats
    )
    return Camera(zoom=f"1+{_PUNCH * amount:.4f}*min({pulses},1)")


def _shake(amount: float, length: Length) -> Camera:
    """Swing by two sines an axis that meet seldom, within a margin that the zoom makes."""
    reach = _SHAKE_PIXELS * amount * length.width
    return Camera(
        zoom=f"{1 + 2 * _SHAKE_PIXELS * amount:.4f}",
        right=f"{reach / 2:.2f}*(sin(t*37)+sin(t*23+1))",
        down=f"{reach / 2:.2f}*(sin(t*31+2)+sin(t*19))",
    )


def _flash(amount: float, _length: Length) -> list[Filter]:
    """Come out of white: not by ``fade``, whose white is made of RGB, to and from which every picture is converted."""
    frames = max(2, round(_FLASH_FRAMES * amount))
    share = f"min(t/{frames / _RATE:.4f},1)"
    light = f"{_WHITE / 255 - 0.5:.6f}*(1-{share})"
    return [("eq", {"contrast": share, "saturation": share, "brightness": light, "eval": "frame"})]


def _bw(amount: float, _length: Length) -> list[Filter]:
    return [("hue", {"s": f"{1 - amount:.3f}"})]


def _vignette(amount: float, _length: Length) -> list[Filter]:
    return [("vignette", {"a": f"{0.3 + 0.35 * amount:.3f}"})]


def _glitch(amount: float, length: Length) -> list[Filter]:
    """Part the colours, in three of every fifteen frames; by time, so that one picture of a piece is right, too."""
    shift = str(max(2, round(length.width * 0.02 * amount)))
    return [
        ("chromashift", {"cbh": shift, "crh": f"-{shift}", "enable": f"lt(mod(t,{15 / _RATE:.4f}),{3 / _RATE:.4f})"})
    ]


def _fade_in(_amount: float, _length: Length) -> list[Filter]:
    return [("fade", {"t": "in", "st": "0", "d": f"{_FADE_FRAMES / _RATE:.4f}"})]


def _fade_out(_amount: float, length: Length) -> list[Filter]:
    start = f"{max(0, length.frames - _FADE_FRAMES) / _RATE:.4f}"
    return [("fade", {"t": "out", "st": start, "d": f"{_FADE_FRAMES / _RATE:.4f}"})]


def _freeze(amount: float, length: Length) -> list[Filter]:
    """Hold the picture still through the last part of the piece, half of it by default; the sound goes on."""
    kept = max(1, round(length.frames * (1 - amount / 2)))
    return [
        ("trim", {"end_frame": str(kept)}),
        ("tpad", {"stop_mode": "clone", "stop": str(length.frames - kept)}),
    ]


def _mirror(_amount: float, _length: Length) -> list[Filter]:
    return [("hflip", {})]


def _seconds(length: Length) -> str:
    return f"{max(1, length.frames - 1) / _RATE:.4f}"


_MOVES: dict[EffectName, Callable[[float, Length], Camera]] = {
    "zoom": _zoom,
    "zoom_out": _zoom_out,
    "punch_in": _punch_in,
    "shake": _shake,
}
_LOOKS: dict[EffectName, Callable[[float, Length], list[Filter]]] = {
    "freeze": _freeze,
    "mirror": _mirror,
    "bw": _bw,
    "glitch": _glitch,
    "vignette": _vignette,
    "flash": _flash,
    "fade_in": _fade_in,
    "fade_out": _fade_out,
}
