"""What the bad end of a media process comes to: a full disk, too little memory, or a failure in its own words."""

from __future__ import annotations

import signal
from typing import Any

from pydantic import JsonValue

from moments_ray.errors import DiskFull, MediaError, MediaKilled, MediaLimitsExceeded, MomentsError, all_errors

_DISK_FULL_PHRASES = ("No space left on device", "File too large", "Disk quota exceeded")
_MEMORY_PHRASES = ("Cannot allocate memory", "MemoryError")


def error_of_exit(name: str, returncode: int, stderr: str, limits: dict[str, Any]) -> MomentsError:
    """Turn a bad exit into the error that says what to do about it."""
    detail: dict[str, JsonValue] = {"stderr": stderr, "returncode": returncode}
    if returncode == -signal.SIGXFSZ or any(phrase in stderr for phrase in _DISK_FULL_PHRASES):
        return _disk_full(name, detail)
    if any(phrase in stderr for phrase in _MEMORY_PHRASES):
        return _out_of_memory(name, limits, detail)
    last_line = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "")
    reason = f"was killed by {signal.Signals(-returncode).name}" if returncode < 0 else f"failed: {last_line[-300:]}"
    return (MediaKilled if returncode == -signal.SIGKILL else MediaError)(f"{name} {reason}", detail)


def error_of_child(name: str, error: dict[str, Any], stderr: str, limits: dict[str, Any]) -> MomentsError:
    """Turn what a child said of its failure into that error, the same class where it was one of ours."""
    detail: dict[str, JsonValue] = {"stderr": stderr}
    if "class" in error:
        # By class name: a parent and its plain child may share a code.
        classes = {kind.__name__: kind for kind in all_errors()}
        return classes[error["class"]](error["message"], error["detail"])
    if error["cause"] == "disk":
        return _disk_full(name, detail)
    if error["cause"] == "memory":
        return _out_of_memory(name, limits, detail)
    return MediaError(f"{name} failed: {error['message']}", detail)


def _disk_full(name: str, detail: dict[str, JsonValue]) -> DiskFull:
    return DiskFull(f"{name} could not write its output: the disk is full or the scratch limit was reached.", detail)


def _out_of_memory(name: str, limits: dict[str, Any], detail: dict[str, JsonValue]) -> MediaLimitsExceeded:
    megabytes = limits["resources"]["RLIMIT_AS"] // 1_000_000
    return MediaLimitsExceeded(f"{name} needs more than the {megabytes} MB of memory it may use.", detail)
