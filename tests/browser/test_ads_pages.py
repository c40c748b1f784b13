"""An ad in a real browser: asked for, its words changed before anything is paid, films side by side, a scene again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.ad_shelf import AdShelf
from tests.browser.chromium import until
from tests.browser.shelf import Shelf
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def ads(served: Site, shelf: Shelf) -> AdShelf:
    """A shelf without ads."""
    return AdShelf(served.container)


def identifier(page: Any) -> str:
    return str(page.url.rsplit("/", 1)[1])


def newest(page: Any, served: Site) -> dict[str, Any]:
    found: dict[str, Any] = page.request.get(f"{served.url}/api/ads/jobs/{identifier(page)}").json()
    return found


def test_words_are_changed_before_voice_and_pictures_are_made(page: Any, served: Site, ads: AdShelf) -> None:
    page.goto("./ads/new")
    page.get_by_label("Product", exact=True).fill("Olea")
    page.get_by_label("Call to action").fill("Taste it")
    page.get_by_label("Description").fill("Pressed within a day.")
    page.get_by_text("Energetic").click()
    assert page.locator(".poster-name").all_text_contents() == ["Olea"] * 4
    page.get_by_text("Costs nothing: no paid model is used").wait_for()
    page.get_by_role("button", name="Write only the script").click()
    page.wait_for_url("**/ads/*-*")
    served.do(ads.write, identifier(page))
    words = page.get_by_label("What is said in scene 2")
    words.fill("Now 50 % off.")
    page.get_by_role("button", name="Save the script").click()
    page.get_by_role("alert").get_by_text("50").wait_for()  # nothing is claimed that was not said of it
    words.fill("Pressed within a day, and poured the next.")
    page.get_by_role("button", name="Save the script").click()
    page.locator("#toasts").get_by_text("Saved; go on to have it spoken").wait_for()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Stop").wait_for()
    brief = newest(page, served)["request"]["brief"]
    assert brief["scripts"][0]["scenes"][1]["voiceover_text"] == "Pressed within a day, and poured the next."
    assert (brief["style"], brief["cta_text"]) == ("energetic", "Taste it")


def test_films_stand_side_by_side_and_one_scene_is_made_again(page: Any, served: Site, ads: AdShelf) -> None:
    ad = served.do(lambda: ads.ask(product_name="Olea", style="luxury", cta_text="Taste it", variants=2))
    served.do(ads.make, ad)
    page.goto(f"./ads/{ad}")
    films = page.get_by_role("region", name="Films").locator("figure")
    films.nth(1).wait_for()
    first, second = (films.nth(number).bounding_box() for number in range(2))
    assert first["y"] == second["y"]
    assert first["x"] + first["width"] <= second["x"]
    until(page, "[...document.querySelectorAll('.films video')].every((film) => film.poster.includes('scene-v'))")
    films.first.locator("video").evaluate("async (film) => { film.muted = true; await film.play(); }")
    until(page, "document.querySelector('.films video').currentTime > 0.2")
    assert page.locator(".scene-picture img, .scene-picture video").count() == 8
    page.get_by_text("$0 of at most $1").wait_for()
    page.get_by_role("button", name="New picture of scene 3").first.click()
    page.locator("#toasts").get_by_text("The scene is being made again").wait_for()
    assert newest(page, served)["request"]["takes"] == {"voices": [1, 1, 1, 1], "films": [1, 1, 2, 1]}
