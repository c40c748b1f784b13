"""A video's page in a real browser: edges dragged, taken back and heard; words that seek; moments added and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from moments_ray.database.tables import Video
from tests.browser.chromium import until
from tests.browser.long_talk import add_long_talk
from tests.browser.shelf import Shelf
from tests.browser.site import Site

pytestmark = pytest.mark.browser

FRAME = 1 / 25
MOST_NODES = 1500


@pytest.fixture
def detail(page: Any, talk: Video) -> Any:
    """The page of the talk, with its words and its video there."""
    page.goto(f"./videos/{talk.identifier}")
    page.locator(".sentence").first.wait_for()
    page.locator(".block").first.wait_for()
    until(page, "document.querySelector('video').readyState >= 2")
    return page


def moments(page: Any, served: Site, talk: Video) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.request.get(f"{served.url}/api/videos/{talk.identifier}/moments").json()["items"]
    return found


@contextmanager
def saved(page: Any, method: str = "PATCH") -> Iterator[None]:
    """Wait for what the block has written."""
    with page.expect_response(lambda answer: answer.request.method == method and "/moments" in answer.url):
        yield


def drag(page: Any, selector: str, pixels: float) -> None:
    box = page.locator(selector).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=6)
    page.mouse.up()


def test_an_edge_is_dragged_to_a_word_taken_back_and_done_again(detail: Any, served: Site, talk: Video) -> None:
    before = moments(detail, served, talk)[1]
    detail.locator(".block .face").nth(1).click()
    with saved(detail):
        drag(detail, ".block.chosen .handle.end", 60)
    moved = moments(detail, served, talk)[1]
    words = detail.request.get(f"{served.url}/api/videos/{talk.identifier}/transcript").json()["word_timestamps"]
    assert moved["end_time"] > before["end_time"] + 1
    assert moved["start_time"] == before["start_time"]
    inside = [word for word in words if word["start"] + 0.03 < moved["end_time"] < word["end"] - 0.03]
    assert inside == []
    detail.get_by_text("clip out of date").wait_for()
    detail.get_by_role("button", name="Re-cut it").wait_for()
    with saved(detail):
        detail.keyboard.press("Control+z")
    assert moments(detail, served, talk)[1]["end_time"] == before["end_time"]
    with saved(detail):
        detail.keyboard.press("Control+Shift+z")
    assert moments(detail, served, talk)[1]["end_time"] == moved["end_time"]


def test_an_edge_moves_by_keys_from_word_to_word(detail: Any, served: Site, talk: Video) -> None:
    before = moments(detail, served, talk)[1]
    detail.locator(".block .face").nth(1).click()
    detail.locator(".block.chosen .handle.start").focus()
    with saved(detail):
        detail.keyboard.press("ArrowRight")
    assert 0 < moments(detail, served, talk)[1]["start_time"] - before["start_time"] < 3


def test_a_moment_is_heard_between_its_edges_and_no_further(detail: Any, served: Site, talk: Video) -> None:
    first = moments(detail, served, talk)[0]
    detail.locator(".block .face").first.click()
    end = first["end_time"]
    detail.evaluate(f"document.querySelector('video').currentTime = {end - 0.8}")
    detail.locator(".moment.chosen").get_by_role("button", name="Play", exact=True).click()
    detail.evaluate("document.querySelector('video').muted = true")
    detail.evaluate(f"document.querySelector('video').currentTime = {end - 0.8}")
    until(detail, "document.querySelector('video').paused")
    assert abs(detail.evaluate("document.querySelector('video').currentTime") - end) < 6 * FRAME


def test_a_word_that_is_clicked_is_gone_to_by_the_frame(detail: Any, served: Site, talk: Video) -> None:
    sentence = detail.locator(".sentence").nth(3)
    sentence.scroll_into_view_if_needed()
    box = sentence.locator(".text").bounding_box()
    detail.mouse.click(box["x"] + 4, box["y"] + 10)
    minutes, seconds = map(int, sentence.locator(".stamp").inner_text().split(":"))
    first = sentence.locator(".text").inner_text().split()[0]
    words = detail.request.get(f"{served.url}/api/videos/{talk.identifier}/transcript").json()["word_timestamps"]
    shown = 60 * minutes + seconds
    at = next(word["start"] for word in words if word["word"] == first and shown <= word["start"] < shown + 1)
    until(detail, f"Math.abs(document.querySelector('video').currentTime - {at}) <= {FRAME}")


def test_marked_words_become_a_moment_with_their_edges(detail: Any, served: Site, talk: Video) -> None:
    count = len(moments(detail, served, talk))
    text = detail.locator(".sentence .text").nth(4)
    text.evaluate("node => getSelection().selectAllChildren(node)")
    with saved(detail, "POST"):
        detail.get_by_role("button", name="New moment").click()
    found = moments(detail, served, talk)
    assert len(found) == count + 1
    added = next(one for one in found if one["provenance"][0]["reason"] == "added by hand")
    assert added["title"][:4].lower() == text.inner_text()[:4].lower()


def test_a_deletion_waits_until_it_can_no_longer_be_taken_back(detail: Any, served: Site, talk: Video) -> None:
    count = len(moments(detail, served, talk))
    detail.locator(".block .face").first.click()
    detail.keyboard.press("Delete")
    detail.get_by_role("button", name="Undo", exact=True).last.click()
    assert detail.locator(".moment").count() == count
    detail.locator(".block .face").first.click()
    detail.keyboard.press("Delete")
    with saved(detail, "DELETE"):
        detail.get_by_role("link", name="Back to the library").click()


def test_a_refined_moment_is_compared_with_what_it_was(detail: Any, served: Site, talk: Video) -> None:
    assert moments(detail, served, talk)[0]["is_refined"]
    detail.locator(".moment").first.get_by_role("button", name="Compare").click()
    detail.locator(".versus").get_by_text("Generated").wait_for()
    detail.locator(".block .was").wait_for()
    with saved(detail):
        detail.locator(".trail").get_by_role("button", name="Back to step").first.click()


def test_what_somebody_else_changed_is_shown_and_may_be_overruled(detail: Any, served: Site, talk: Video) -> None:
    first = moments(detail, served, talk)[0]
    at = f"{served.url}/api/videos/{talk.identifier}/moments/{first['identifier']}"
    assert detail.request.patch(at, data={"title": "Theirs"}).ok
    detail.locator(".moment").first.locator("h3").dblclick()
    detail.locator(".title-field").fill("Mine")
    detail.locator(".title-field").press("Enter")
    detail.locator("#toasts").get_by_text("Somebody else changed this moment").wait_for()
    detail.locator(".moment").first.get_by_text("Theirs").wait_for()
    with saved(detail):
        detail.get_by_role("button", name="Keep mine").click()
    assert moments(detail, served, talk)[0]["title"] == "Mine"


VIDEO = "document.querySelector('video')"
KEYS = (  # from the second moment, at a time within it
    ("ArrowRight", f"Math.abs({VIDEO}.currentTime - at - 1) < 0.05"),
    ("ArrowLeft", f"Math.abs({VIDEO}.currentTime - at + 1) < 0.05"),
    ("Shift+ArrowRight", f"Math.abs({VIDEO}.currentTime - at - 5) < 0.05"),
    ("Shift+ArrowLeft", f"Math.abs({VIDEO}.currentTime - at + 5) < 0.05"),
    (".", f"Math.abs({VIDEO}.currentTime - at - {FRAME}) < 0.01"),
    (",", f"Math.abs({VIDEO}.currentTime - at + {FRAME}) < 0.01"),
    ("k", f"!{VIDEO}.paused"),
    ("Space", f"!{VIDEO}.paused"),
    ("l", f"!{VIDEO}.paused"),
    ("j", f"Math.abs({VIDEO}.currentTime - at + 1) < 0.05"),
    ("m", f"{VIDEO}.muted"),
    ("Enter", f"!{VIDEO}.paused && {VIDEO}.currentTime < at"),
    ("[", "document.querySelectorAll('.moment')[0].classList.contains('chosen')"),
    ("]", "document.querySelectorAll('.moment')[2].classList.contains('chosen')"),
    ("Shift+I", f"{VIDEO}.currentTime < at - 1"),
    ("Shift+O", f"{VIDEO}.currentTime > at + 1"),
    ("e", "document.activeElement.classList.contains('title-field')"),
    ("c", "document.querySelector('.versus') !== null"),
    ("Escape", "document.querySelector('.moment.chosen') === null"),
    ("z", "document.querySelector('.block.chosen').getBoundingClientRect().width > width * 1.3"),
    ("+", "document.querySelector('.block.chosen').getBoundingClientRect().width > width * 1.3"),
    ("t", "document.activeElement.closest('.transcript') !== null"),
    ("/", "document.activeElement.type === 'search'"),
    ("n", "location.pathname.endsWith('/new')"),
    ("g s", "location.pathname.endsWith('/settings')"),
    ("g p", "location.pathname.endsWith('/runs')"),
)


def test_every_key_does_what_the_table_says(detail: Any, talk: Video) -> None:
    wrong = []
    for keys, becomes in KEYS:
        detail.goto(f"./videos/{talk.identifier}")
        detail.locator(".block .face").nth(1).click()
        until(detail, "document.querySelector('video').readyState >= 2")
        detail.evaluate(
            """() => {
              document.activeElement.blur();  // a button has Space and Enter for itself
              const video = document.querySelector("video");
              const middle = (text) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
              const [start, end] = document.querySelector(".moment.chosen .when").innerText.split(/[–·]/).map(middle);
              globalThis.at = video.currentTime = (start + end) / 2;
              globalThis.width = document.querySelector(".block.chosen").getBoundingClientRect().width;
            }"""
        )
        until(detail, "!document.querySelector('video').seeking")
        detail.wait_for_timeout(100)
        for key in keys.split():
            detail.keyboard.press(key)
        try:
            until(detail, becomes, 5.0)
        except AssertionError:
            wrong.append(keys)
    assert wrong == []


def test_what_is_said_is_found_though_it_is_not_drawn(detail: Any) -> None:
    detail.keyboard.press("/")
    detail.get_by_role("searchbox", name="Find in the transcript").fill("nobel")
    detail.locator(".sentence", has_text="Nobel").wait_for()


def test_three_hours_of_words_are_few_elements(page: Any, served: Site, shelf: Shelf) -> None:
    long = served.do(add_long_talk, shelf)
    page.goto(f"./videos/{long.identifier}")
    page.locator(".sentence").first.wait_for()
    assert page.locator(".moment").count() == 40
    assert page.evaluate("document.querySelectorAll('.transcript *').length") < MOST_NODES
