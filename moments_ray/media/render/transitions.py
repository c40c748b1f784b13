"""How one segment becomes the next: the one before runs on under the first frames of the piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ffmpeg

from moments_ray.media.render.plan import RATE, SAMPLES_PER_FRAME, Lead, Piece, TransitionName

# What ffmpeg's xfade calls them.
_NAMES: Mapping[TransitionName, str] = {
    "crossfade": "fade",
    "fade_black": "fadeblack",
    "fade_white": "fadewhite",
    "slide_left": "slideleft",
    "slide_right": "slideright",
    "wipe_left": "wipeleft",
    "wipe_right": "wiperight",
    "circle": "circleopen",
}


def lead_piece(piece: Piece, lead: Lead) -> Piece:
    """Return what runs on as a piece of its own."""
    return Piece(
        name=piece.name,
        picture=lead.picture,
        frames=max(3, lead.frames),
        speed=lead.speed,
        volume=lead.volume,
        effects=lead.effects,
    )


def blended(before: Any, after: Any, lead: Lead) -> Any:
    """Return the pictures of a piece whose first frames are still partly those of the segment before."""
    before = before.filter("trim", end_frame=lead.frames).filter("settb", f"1/{RATE}")
    after = after.filter("settb", f"1/{RATE}")
    seconds = f"{lead.frames / RATE:.6f}"
    return ffmpeg.filter([before, after], "xfade", transition=_NAMES[lead.name], duration=seconds, offset=0)


def mixed(before: Any, after: Any, lead: Lead, samples: int) -> Any:
    """Return the sound of a piece that comes as the one before goes; both are of exactly the piece's format."""
    length = lead.frames * SAMPLES_PER_FRAME
    before = before.filter("atrim", end_sample=length).filter("afade", t="out", ss=0, ns=length)
    after = after.filter("afade", t="in", ss=0, ns=length)
    both = ffmpeg.filter([after, before], "amix", inputs=2, duration="first", normalize=0)
    return both.filter("atrim", end_sample=samples)
