"""How long each scene lasts once its words are spoken: a voice is never cut, and the whole stays near half a minute."""

from __future__ import annotations

import math
from collections.abc import Sequence

from moments_ray.ads.script.rules import BREATH_SECONDS
from moments_ray.ads.values import EMBEDDED, SILENT, Scripts, Voices, scene_key
from moments_ray.media.render.plan import RATE

FASTEST = 1.12
"""How much quicker than is its way a voice may speak, so that a line fits its scene."""
MODEL_RATE = 150
"""Words a minute of a voice by a model, at its own speed."""
LEAD_FRAMES = 5
"""Between a scene's first frame and its first word; the rest of its breath follows the last one."""
LONGEST_SECONDS = 31.8
"""Under 32 s by what rounding up to whole frames may add."""
LONGEST_FILM = 60.0
"""Seconds of music that are kept: more than a film ever has."""
_SHORTEST_SCENE = 4.0


def rate_of(speaker: str, style_rate: int) -> int:
    """Return how many words a minute are spoken: as the style has it, and by a model no more than it can."""
    return style_rate if speaker in {EMBEDDED, SILENT} else min(style_rate, int(MODEL_RATE * FASTEST))


def frames_of(scripts: Scripts, voices: Voices) -> dict[str, int]:
    """Return the frames of each scene of each variant, by its key."""
    spoken = {voice.key: voice.seconds for voice in voices.items}
    frames: dict[str, int] = {}
    for variant, script in enumerate(scripts.items, 1):
        keys = [scene_key(variant, scene.scene_number) for scene in script.scenes]
        lengths = scene_frames([scene.duration for scene in script.scenes], [spoken[key] for key in keys])
        frames |= zip(keys, lengths, strict=True)
    return frames


def scene_frames(planned: Sequence[float], spoken: Sequence[float]) -> tuple[int, ...]:
    """Return the frames of each scene, of its planned seconds and those of its speech.

    A scene has room for its speech and a breath. What that takes over the longest film is taken from scenes that have
    time to spare; where none has, the film is longer.
    """
    needed = [max(_SHORTEST_SCENE, speech + BREATH_SECONDS) if speech else _SHORTEST_SCENE for speech in spoken]
    seconds = [max(plan, need) for plan, need in zip(planned, needed, strict=True)]
    over = sum(seconds) - LONGEST_SECONDS
    spare = [length - need for length, need in zip(seconds, needed, strict=True)]
    if over > 0 and sum(spare) > 0:
        share = min(1.0, over / sum(spare))
        seconds = [length - share * extra for length, extra in zip(seconds, spare, strict=True)]
    return tuple(math.ceil(round(length * RATE, 6)) for length in seconds)
