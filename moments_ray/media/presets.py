"""The names of the ways to cut clips and to encode sound, which callers know without the means of doing so."""

from __future__ import annotations

from typing import Literal, get_args

# ``source`` changes nothing it need not; ``web`` plays anywhere; ``vertical`` fills a phone held upright.
Preset = Literal["source", "web", "vertical"]
PRESETS: tuple[Preset, ...] = get_args(Preset)

ClipFormat = Literal["mp4", "webm", "mov"]
# The most that the shorter edge of a picture may have.
Resolution = Literal["360p", "480p", "720p", "1080p", "source"]

AudioFormat = Literal["wav", "mp3", "flac"]
AudioQuality = Literal["low", "medium", "high"]
