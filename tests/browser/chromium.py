"""The system's Chromium, and waiting for what is true in it."""

from __future__ import annotations

import shutil
import time
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)


def until(page: Any, expression: str, seconds: float = 30.0) -> None:
    """Wait until an expression is true in a page; Playwright's own way of it is refused by the pages' policy."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never true within {seconds} s: {expression}"
        page.wait_for_timeout(50)
