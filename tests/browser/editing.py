"""What tests of a project's page have in common: what is seen of its time line, and hands that move it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Timeline = Callable[[], dict[str, Any]]


def saved(page: Any, version: int) -> None:
    """Wait until the page says that so many versions were saved."""
    page.get_by_text(f"Saved as version {version}", exact=True).wait_for()


def names(timeline: Timeline) -> list[str]:
    return [segment["name"] for segment in timeline()["segments"]]


def number_of(page: Any) -> str:
    """The project's number, as its address has it."""
    found: str = page.url.rsplit("/", 1)[1].partition("?")[0]
    return found


def block(page: Any, name: str) -> Any:
    return page.locator(".film-strip .face", has_text=name).first


def drag(page: Any, box: Any, pixels: float) -> None:
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=8)
    page.mouse.up()
