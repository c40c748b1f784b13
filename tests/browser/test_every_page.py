"""The pages in a real browser: reached by their addresses, by keyboard, and with titles that mean harm."""

from __future__ import annotations

import re
from typing import Any

import pytest

from moments_ray.access.key import Scope
from moments_ray.access.key_store import make_key
from moments_ray.database.tables import Video
from moments_ray.states import RunStatus
from tests.browser.chromium import until
from tests.browser.shelf import Shelf
from tests.browser.site import Site
from tests.browser.state import broken

pytestmark = pytest.mark.browser

HOSTILE = (
    '<img src=x onerror="document.title=1">',
    "\u202ereversed\u202c and on",
    "ש" * 60 + " عنوان ไทย 🎬",
    "w" * 10_000,
)


def opened(page: Any, path: str) -> Any:
    page.goto(path)
    page.wait_for_selector("[data-ready]")
    page.wait_for_load_state("networkidle")
    return page


def test_a_newcomer_sees_what_to_do(page: Any, shelf: Shelf) -> None:
    assert shelf is not None
    opened(page, "./")
    page.get_by_role("heading", name="Find the moments worth watching").wait_for()
    page.get_by_role("textbox", name="URL of a video").fill("https://example.org/talk.mp4")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/new?url=**")
    assert page.locator("textarea").input_value() == "https://example.org/talk.mp4"


def test_addresses_lead_deep_and_back(page: Any, talk: Video) -> None:
    opened(page, f"./videos/{talk.identifier}?t=60")
    page.get_by_role("heading", name="Six Small Surprises").wait_for()
    until(page, "document.querySelector('video').currentTime > 59")
    page.get_by_role("link", name="Back to the library").click()
    page.get_by_role("heading", name="Library").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Six Small Surprises").wait_for()
    page.reload()
    page.get_by_role("heading", name="Six Small Surprises").wait_for()
    opened(page, "./no-such-page")
    page.get_by_role("heading", name="There is no such page").wait_for()


def test_back_leads_to_where_one_was_in_a_long_list(page: Any, served: Site, shelf: Shelf) -> None:
    for number in range(60):
        served.do(shelf.video, f"Talk {number}", None)
    opened(page, "./videos")
    page.get_by_role("link", name="Talk 59").wait_for()
    page.evaluate("scrollTo(0, 1500)")
    link = page.get_by_role("link", name="Talk 30")
    link.scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    assert place > 500
    link.click()
    page.get_by_role("heading", name="Talk 30").wait_for()
    page.go_back()
    page.get_by_role("link", name="Talk 30").wait_for()
    until(page, f"Math.abs(scrollY - {place}) < 2")


def test_all_that_a_filter_shows_is_chosen_and_deleted_read_or_not(page: Any, served: Site, shelf: Shelf) -> None:
    for number in range(130):  # a page of the list has a hundred
        served.do(shelf.video, f"Talk {number}", None)
    served.do(shelf.video, "A river", None)
    opened(page, "./videos?q=talk")
    page.get_by_role("link", name="Talk 129").wait_for()
    page.keyboard.press("Control+a")
    bar = page.get_by_role("region", name="Selected videos")
    bar.get_by_text("130 selected").wait_for()
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("130")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("130 videos deleted").first.wait_for()
    assert [video["title"] for video in page.request.get(f"{served.url}/api/videos").json()["items"]] == ["A river"]


def test_an_address_that_nobody_fetches_is_refused_at_once_and_a_double_click_is_one_run(
    page: Any, served: Site, shelf: Shelf
) -> None:
    assert shelf is not None
    opened(page, "./new")
    address = f"{served.url}/talk.mp4"
    page.locator("textarea").fill(f"ftp://example.org/x.mp4\n{address}\n{address}")
    page.get_by_text("Only https:// and http:// are fetched.").wait_for()
    page.get_by_text("This URL is in the list already.").wait_for()
    page.get_by_role("button", name="Find moments").dblclick()
    page.wait_for_url("**/videos/*")
    runs = page.request.get(f"{served.url}/api/runs").json()["items"]
    assert len(runs) == 1


def test_words_that_mean_harm_are_only_text(page: Any, served: Site, shelf: Shelf) -> None:
    for title in HOSTILE:
        video = served.do(shelf.video, title, b"0123456789")
        served.do(lambda video=video, title=title: shelf.moment(video, 1.0, 9.0, title=title))
        served.do(shelf.transcript, video, title)
    run = served.do(shelf.run, video)
    error = {"code": "download.private", "message": HOSTILE[0] + HOSTILE[1], "retryable": True}
    served.do(lambda: shelf.finish(run, RunStatus.FAILED, error=error, error_stage="VIDEO_DOWNLOAD"))
    opened(page, "./videos")
    page.get_by_text("onerror").first.wait_for()
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for each in page.request.get(f"{served.url}/api/videos").json()["items"]:
        opened(page, f"./videos/{each['identifier']}")
        page.locator(".moment").wait_for()
        page.locator(".sentence").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened(page, f"./runs/{run.identifier}")
    page.get_by_role("alert").get_by_text("onerror").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "1"


def test_a_server_that_is_away_is_said_and_come_back_to(page: Any, served: Site, talk: Video) -> None:
    assert talk is not None
    opened(page, "./videos")
    page.get_by_role("link", name="Six Small Surprises").wait_for()
    port = served.port
    served.stop()
    try:
        page.get_by_role("searchbox", name="Search").fill("surprises")
        page.get_by_text("The server cannot be reached").wait_for()
        page.get_by_role("alert").get_by_text("could not be reached").wait_for()
        assert page.get_by_role("link", name="Six Small Surprises").is_visible()
    finally:
        served.start(port)
    page.get_by_role("button", name="Try now").click()
    page.get_by_text("The server cannot be reached").wait_for(state="detached")
    page.get_by_role("alert").wait_for(state="detached")
    page.get_by_role("link", name="Six Small Surprises").wait_for()


def test_what_could_not_be_had_is_asked_for_again(page: Any, served: Site, shelf: Shelf) -> None:
    served.do(shelf.run, served.do(shelf.video, "A river", None))
    asked = "**/api/runs?limit=50*"
    broken(asked)(page)
    opened(page, "./runs")
    page.get_by_role("alert").get_by_text("PostgreSQL is not reached.").wait_for()
    page.unroute(asked)
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("table").get_by_role("link", name="A river").wait_for()
    assert page.get_by_role("alert").count() == 0


def test_moments_that_could_not_be_had_are_asked_for_again(page: Any, talk: Video) -> None:
    asked = "**/moments?include=all"
    broken(asked)(page)
    opened(page, f"./videos/{talk.identifier}")
    moments = page.get_by_role("region", name="Moments")
    moments.get_by_role("alert").get_by_text("PostgreSQL is not reached.").wait_for()
    page.unroute(asked)
    moments.get_by_role("button", name="Try again").click()
    moments.locator(".moment").first.wait_for()
    assert moments.get_by_role("alert").count() == 0


def test_items_that_failed_come_first_with_their_reason_and_are_taken_up_again(
    page: Any, served: Site, shelf: Shelf
) -> None:
    run = served.do(shelf.run, served.do(shelf.video, "A river", b"0123456789"))
    served.do(shelf.finish_with_errors, run, 6, 2)
    opened(page, f"./runs/{run.identifier}")
    page.get_by_role("heading", name="6 items").wait_for()
    page.locator(".items").get_by_text("2 failed, 4 done").wait_for()
    squares = page.locator(".items li").evaluate_all("all => all.map(one => one.className)")
    assert squares == ["is-failed"] * 2 + ["is-completed"] * 4
    assert page.get_by_text("The frame at 61.2 s cannot be decoded.", exact=True).count() == 2
    page.get_by_role("button", name="Retry").click()
    page.locator(".badge", has_text="queued").first.wait_for()


def test_keys_go_everywhere_and_are_told(page: Any, talk: Video) -> None:
    opened(page, f"./videos/{talk.identifier}")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").get_by_text("End the moment here").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.get_by_role("heading", name="Library").wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").fill("settings")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Settings", exact=True).wait_for()


def test_german_is_spoken(page: Any, shelf: Shelf) -> None:
    assert shelf is not None
    opened(page, "./settings")
    with page.expect_navigation():
        page.get_by_role("combobox", name="Language").select_option("de")
    page.get_by_role("heading", name="Einstellungen").wait_for()
    assert page.evaluate("document.documentElement.lang") == "de"
    assert re.search("Mediathek", page.locator("nav").first.inner_text())


def test_a_video_that_comes_while_one_looks_is_shown(page: Any, served: Site, shelf: Shelf, talk: Video) -> None:
    assert talk is not None
    opened(page, "./")
    page.locator(".card-grid").get_by_role("link", name="Six Small Surprises").wait_for()
    other = served.do(shelf.video, "A river", None)
    served.do(shelf.run, other)
    page.get_by_role("region", name="Running now").get_by_text("A river").wait_for()
    page.locator(".card-grid").get_by_role("link", name="A river").wait_for()


def test_a_key_opens_the_pages_and_its_scope_says_what_they_may(
    page: Any, served: Site, shelf: Shelf, talk: Video
) -> None:
    assert shelf is not None
    _, reader = served.do(make_key, served.container.environment.database, "reader", Scope.READ)
    while page.request.get(f"{served.url}/api/runs").ok:  # a key counts a moment after it was made
        page.wait_for_timeout(50)
    page.goto(f"./videos/{talk.identifier}")
    page.wait_for_url("**/login?then=**")
    page.get_by_label("API key").fill("mk_wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("API key").fill(reader.text)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Six Small Surprises").wait_for()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    until(page, "document.querySelector('video').readyState >= 2")
    assert page.locator(".moment").first.get_by_role("button", name="Refine").is_disabled()
    foreign = page.request.post(
        f"{served.url}/api/runs/bulk", data={"action": "cancel", "ids": ["x"]}, headers={"Origin": "https://evil.test"}
    )
    assert foreign.status == 403


def test_many_videos_are_chosen_and_deleted_at_once(page: Any, served: Site, shelf: Shelf) -> None:
    for number in range(4):
        served.do(shelf.video, f"Talk {number}", b"0123456789")
    opened(page, "./videos")
    page.get_by_role("link", name="Talk 3").wait_for()
    page.locator(".pick").nth(0).check(force=True)
    page.locator(".pick").nth(2).click(force=True, modifiers=["Shift"])
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("link", name="Talk 3").wait_for(state="detached")
    left = page.request.get(f"{served.url}/api/videos").json()["items"]
    assert [video["title"] for video in left] == ["Talk 0"]


def test_a_job_is_begun_followed_and_stopped(page: Any, served: Site, shelf: Shelf) -> None:
    assert shelf is not None
    opened(page, "./jobs")
    page.get_by_text("No jobs").wait_for()
    page.get_by_role("button", name="New job").first.click()
    asking = page.get_by_role("dialog", name="New job")
    asking.get_by_label("URL of a video").fill(f"{served.url}/talk.mp4")
    asking.get_by_label("Output").select_option("transcription")
    asking.get_by_role("button", name="Start").dblclick()
    page.wait_for_url("**/jobs/*")
    page.get_by_text("Transcribing").wait_for()
    (job,) = page.request.get(f"{served.url}/api/v1/jobs/").json()["items"]
    assert job["job_type"] == "transcription"
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Retry").wait_for()
    page.get_by_role("link", name="Back to the jobs").click()
    page.get_by_role("table").get_by_text("cancelled").wait_for()


def test_a_backfill_is_told_before_it_begins_and_paused(page: Any, served: Site, shelf: Shelf) -> None:
    assert shelf is not None
    opened(page, "./backfills")
    page.get_by_role("button", name="New backfill").first.click()
    asking = page.get_by_role("dialog", name="New backfill")
    asking.get_by_label("URLs of videos").fill(f"{served.url}/a.mp4 {served.url}/a.mp4 {served.url}/b.mp4")
    asking.get_by_label("Name").fill("Autumn")
    asking.get_by_role("button", name="Estimate").click()
    asking.get_by_role("button", name="Start with 2 videos").click()
    page.get_by_role("heading", name="Autumn").wait_for()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("It was paused by hand.").wait_for()
    page.get_by_role("button", name="Go on").wait_for()
