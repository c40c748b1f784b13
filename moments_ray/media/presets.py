"""The names of the ways to cut a clip, which callers know without the means of cutting."""

from __future__ import annotations

from typing import Literal, get_args

# ``source`` changes nothing it need not; ``web`` plays anywhere; ``vertical`` fills a phone held upright.
Preset = Literal["source", "web", "vertical"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
