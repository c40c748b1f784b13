"""No page in any state stands in anybody's way: axe finds nothing, and nothing scrolls sideways, down to 320 pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.browser.shelf import Shelf
from tests.browser.site import Site
from tests.browser.states import EMPTY, State, full

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RULES = ("wcag2a", "wcag2aa", "wcag21aa", "wcag22aa")
WIDTHS = {"wide": 1440, "middle": 768, "narrow": 320}


@pytest.fixture(scope="module")
def states(served: Site) -> Sequence[State]:
    """What is looked at while the shelf is full; it stays so for the module."""
    shelf = Shelf(served.container)
    served.do(shelf.clear)
    return full(served, shelf)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", WIDTHS)
def test_nothing_stands_in_the_way_of_anybody(
    browser: Any, served: Site, states: Sequence[State], *, theme: str, size: str
) -> None:
    wrong = [each for state in states if size in state.sizes for each in barriers(browser, served, state, size, theme)]
    assert wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_nor_where_nothing_is_yet(browser: Any, served: Site, *, theme: str, size: str) -> None:
    served.do(Shelf(served.container).clear)
    assert [each for state in EMPTY for each in barriers(browser, served, state, size, theme)] == []


def barriers(browser: Any, served: Site, state: State, size: str, theme: str) -> list[str]:
    """Return what is wrong with a state."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_page(
        viewport={"width": WIDTHS[size], "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    if state.before is not None:
        state.before(page)
    page.goto(f"{served.url}/ui{state.path}")
    page.wait_for_selector("[data-ready]")
    page.wait_for_timeout(500)  # what is shown comes from several answers, of which some are held
    if state.act is not None:
        state.act(page)
        page.wait_for_timeout(300)
    found = [] if page.evaluate("document.documentElement.scrollWidth <= innerWidth") else [f"{state.name} is too wide"]
    answer = axe.run(page, options={"runOnly": {"type": "tag", "values": list(RULES)}})
    page.close()
    return found + [
        f"{state.name}: {one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0].get('failureSummary', '')[:200]}"
        for one in answer.response["violations"]
    ]
