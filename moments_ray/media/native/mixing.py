"""Puts the sounds of pieces one after the other and lays others over them, in a child process, a part at a time."""

from __future__ import annotations

import wave
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from moments_ray.errors import MediaError

_PART = 1 << 18  # samples at once: a long film needs no memory for it


def lay(job: dict[str, Any], report_progress: Callable[[float], None]) -> None:
    """Write ``mix``, a file of interleaved stereo samples, 32-bit floats: ``pieces`` in their order, then ``cues``.

    A piece has its ``sound``, a WAV of 16 bits, and its length in ``samples``. A cue has its ``sound``, a file like
    ``mix``, the ``sample`` it begins at, a ``gain`` (factor) and the most ``samples`` of it, or None. What would be
    heard after the end is left out.
    """
    with open(job["mix"], "wb") as mix:  # noqa: PTH123 - a name is what was given
        for piece in job["pieces"]:
            _append(piece["sound"], piece["samples"], mix)
    if not job["cues"]:
        return
    file = np.memmap(job["mix"], np.float32, "r+")
    mixed = file.reshape(-1, 2)
    for number, cue in enumerate(job["cues"]):
        sound = np.memmap(cue["sound"], np.float32, "r").reshape(-1, 2)
        start = cue["sample"]
        room = max(0, min(len(mixed) - start, cue["samples"] or len(sound), len(sound)))
        mixed[start : start + room] += cue["gain"] * sound[:room]
        report_progress((number + 1) / len(job["cues"]))
    file.flush()


def _append(sound: str, samples: int, mix: IO[bytes]) -> None:
    with wave.open(sound, "rb") as piece:
        form = (piece.getnchannels(), piece.getsampwidth(), piece.getnframes())
        if form != (2, 2, samples):
            raise MediaError(f"A piece's sound is {form[2]} samples long, not {samples}.", {"form": [*form]})
        while part := piece.readframes(_PART):
            mix.write((np.frombuffer(part, "<i2").astype(np.float32) / 32768).tobytes())
