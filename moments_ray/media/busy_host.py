"""How long a host that is busy asks its callers to wait (RFC 9110, 10.2.3)."""

from __future__ import annotations

import httpx

from moments_ray.errors import DownloadBusy
from moments_ray.process.retry import retry_after

TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503
LONGEST_WAIT_SECONDS = 60.0
_UNNAMED_WAIT_SECONDS = 2.0


def busy(response: httpx.Response) -> DownloadBusy | None:
    """Return the error of an answer that says that its host is busy, with the seconds to wait; None for any other."""
    seconds = retry_after(response.headers.get("Retry-After", ""))
    if response.status_code != TOO_MANY_REQUESTS and (response.status_code != UNAVAILABLE or seconds is None):
        return None
    told = "" if seconds is None else f" and asks to come back in {seconds:.0f} s"
    message = f"The video's host has too many requests (HTTP {response.status_code}){told}; try again later."
    return DownloadBusy(message, {"retry_after": _UNNAMED_WAIT_SECONDS if seconds is None else seconds})


def wait_seconds(error: DownloadBusy) -> float | None:
    """Return how long to wait before another try, None where that is longer than a caller should be kept."""
    seconds = error.detail.get("retry_after")
    return float(seconds) if isinstance(seconds, int | float) and seconds <= LONGEST_WAIT_SECONDS else None
