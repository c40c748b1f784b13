"""Every page in every state, in both themes, narrow and wide: axe finds nothing, and nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.browser.chromium import watched_page
from tests.browser.shelf import Shelf
from tests.browser.site import Site
from tests.browser.state import State, show
from tests.browser.states import EMPTY, full

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
WIDTHS = {"wide": 1440, "narrow": 320}
PARTS = ("videos", "runs", "jobs", "backfills", "ads", "projects", "made", "the whole")


@pytest.fixture(scope="module")
def states(served: Site) -> Mapping[str, Sequence[State]]:
    """What is to be looked at, of a full shelf."""
    shelf = Shelf(served.container)
    served.do(shelf.clear)
    return full(served, shelf)


def wrong_in(browser: Any, served: Site, states: Sequence[State]) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = []
    for state in states:
        with watched_page(browser, served.url) as page:
            page.emulate_media(reduced_motion="reduce")
            show(page, served.url, state)
            for size in (each for each in WIDTHS if each in state.sizes):
                page.set_viewport_size({"width": WIDTHS[size], "height": 900})
                touch = {"enabled": size == "narrow"}  # what is pressed by a finger is larger, and has to fit, too
                page.context.new_cdp_session(page).send("Emulation.setTouchEmulationEnabled", touch)
                page.wait_for_timeout(200)  # lists that draw what is in sight do so with the next frames
                for theme in ("light", "dark"):
                    page.emulate_media(color_scheme=theme)
                    where = f"{state.name}, {size}, {theme}"
                    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                        found.append(f"{where}: scrolls sideways")
                    answer = axe.run(page, options={"runOnly": {"type": "tag", "values": list(RULES)}})
                    found += [f"{where}: {violation(each)}" for each in answer.response["violations"]]
    return found


def violation(found: dict[str, Any]) -> str:
    first = found["nodes"][0]
    return f"{found['id']}: {first['html'][:200]} {first.get('failureSummary', '')[:300]}"


def test_nothing_is_wrong_where_nothing_is_yet(browser: Any, served: Site) -> None:
    served.do(Shelf(served.container).clear)
    assert "\n".join(wrong_in(browser, served, EMPTY)) == ""


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_wrong_in_any_state(
    browser: Any, served: Site, states: Mapping[str, Sequence[State]], part: str
) -> None:
    assert states.keys() == set(PARTS)
    assert "\n".join(wrong_in(browser, served, states[part])) == ""
