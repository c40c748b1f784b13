"""The JavaScript engine that yt-dlp starts for some sites: Deno, from its wheel, and the limits it can live with."""

from __future__ import annotations

import shutil

import deno

from moments_ray.settings import MediaSettings

# It reserves terabytes of address space and writes to little of it: the bound that counts is on what can be written.
ADDRESS_SPACE_BYTES = 1 << 46
_LEAST_DATA_BYTES = 1 << 30  # below about 600 MB it does not start


def deno_executable() -> str | None:
    """Return the path of the wheel's Deno, else of one on PATH, else None."""
    try:
        return str(deno.find_deno_bin())
    except FileNotFoundError:
        return shutil.which("deno")


def data_bytes(settings: MediaSettings) -> int:
    """Return how much a process that may start the engine can write to; a script that takes more ends by that."""
    return max(settings.max_memory_bytes, _LEAST_DATA_BYTES)


def deno_variables(directory: str) -> dict[str, str]:
    """Return the environment in which Deno writes to ``directory`` alone and asks nobody for updates."""
    return {"DENO_DIR": directory, "DENO_NO_UPDATE_CHECK": "1", "DENO_NO_PROMPT": "1", "NO_COLOR": "1"}
