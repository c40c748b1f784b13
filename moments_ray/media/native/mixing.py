"""Adds sounds to a file of samples in place, in a child process: a long film needs no memory for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def lay(job: dict[str, Any], report_progress: Callable[[float], None]) -> None:
    """Add ``cues`` to ``mix``; all are files of interleaved stereo samples, 32-bit floats.

    A cue has its ``sound``, the ``sample`` it begins at, a ``gain`` (factor) and the most ``samples`` of it, or None.
    What would be heard after the end is left out.
    """
    file = np.memmap(job["mix"], np.float32, "r+")
    mix = file.reshape(-1, 2)
    for number, cue in enumerate(job["cues"]):
        sound = np.memmap(cue["sound"], np.float32, "r").reshape(-1, 2)
        start = cue["sample"]
        room = max(0, min(len(mix) - start, cue["samples"] or len(sound), len(sound)))
        mix[start : start + room] += cue["gain"] * sound[:room]
        report_progress((number + 1) / len(job["cues"]))
    file.flush()
