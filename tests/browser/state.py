"""A page in a state that it can be seen in, and how a page is kept from its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Act = Callable[[Any], None]
EVERY_SIZE = ("wide", "middle", "narrow")
_DRAWN = "() => document.querySelector('main :is(h1, h2, .panel.error)') && !document.querySelector('main .skeleton')"
_PROBLEM = '{"title": "The service is not available", "detail": "PostgreSQL is not reached.", "code": "unavailable"}'


@dataclass(frozen=True)
class State:
    """A page at an address under ``/ui``, after something was done there; ``before`` is done before it is opened."""

    name: str
    path: str
    act: Act | None = None
    before: Act | None = None
    sizes: tuple[str, ...] = ("wide", "narrow")


def held(addresses: str) -> Act:
    """Have addresses of the API never answered."""

    def hold(page: Any) -> None:
        page.route(addresses, lambda route: None)

    return hold


def broken(addresses: str) -> Act:
    """Have addresses of the API fail."""

    def fail(route: Any) -> None:
        route.fulfill(status=503, body=_PROBLEM, content_type="application/problem+json")

    def have_fail(page: Any) -> None:
        page.route(addresses, fail)

    return have_fail


def without_data(name: str, path: str, addresses: str) -> tuple[State, State]:
    """A page that waits for its data, and one whose data cannot be had."""
    waiting = State(f"{name}-loading", path, before=held(addresses))
    return waiting, State(f"{name}-error", path, before=broken(addresses))


def show(page: Any, url: str, state: State) -> None:
    """Bring a page of a server into a state."""
    if state.before is not None:
        state.before(page)
    page.goto(f"{url}/ui{state.path}")
    page.wait_for_selector("[data-ready]")
    if not state.name.endswith("-loading"):
        page.wait_for_function(_DRAWN)
    page.wait_for_timeout(900)  # pictures and the video's first frame; nothing tells when both are drawn
    if state.act is not None:
        state.act(page)
        page.wait_for_timeout(400)
