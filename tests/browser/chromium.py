"""The system's Chromium, and waiting for what is true in it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PAGE_MILLISECONDS = 30_000

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)


def until(page: Any, expression: str, seconds: float = 30.0) -> None:
    """Wait until an expression is true in a page; Playwright's own way of it is refused by the pages' policy."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never true within {seconds} s: {expression}"
        page.wait_for_timeout(50)


@contextmanager
def watched_page(browser: Any, url: str) -> Iterator[Any]:
    """Open a page of a server; at its end nothing was thrown, refused by the policy, or asked of another host."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=f"{url}/ui/")
    context.set_default_timeout(PAGE_MILLISECONDS)
    wrong: list[str] = []
    context.add_init_script(
        "addEventListener('securitypolicyviolation', event => console.error('POLICY ' + event.violatedDirective))"
    )
    opened = context.new_page()
    opened.on("pageerror", lambda error: wrong.append(f"thrown: {error}"))
    opened.on("console", lambda said: wrong.append(said.text) if said.text.startswith(("POLICY", "Refused")) else None)
    opened.on(
        "request", lambda asked: None if asked.url.startswith((url, "data:", "blob:")) else wrong.append(asked.url)
    )
    yield opened
    context.close()
    assert wrong == []
