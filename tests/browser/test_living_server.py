"""The pages over a running ``moments up``, used as somebody would who has read nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import until, watched_page
from tests.integration.cli.living_server import LivingServer, living_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]

RUN_MILLISECONDS = 180_000


@pytest.fixture(scope="module")
def server() -> Iterator[LivingServer]:
    """One for the module; its home is empty at first."""
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory, living_server(Path(directory) / "h") as up:
        yield up


@pytest.fixture
def page(browser: Any, server: LivingServer) -> Iterator[Any]:
    """A page of the running server, in which nothing goes wrong."""
    with watched_page(browser, server.url) as opened:
        yield opened


def settled(page: Any, server: LivingServer) -> None:
    """Wait until nothing is under way, and the page has noticed."""
    idle = f"fetch('{server.url}/api/runs?active=true').then(a => a.json()).then(page => page.total === 0)"
    until(page, idle, RUN_MILLISECONDS / 1000)
    page.locator(".run-panel").wait_for(state="detached")


def test_a_newcomer_has_a_talk_made_moves_an_edge_and_has_its_clip_cut_again(page: Any, server: LivingServer) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Make the demo talk").click()
    page.wait_for_url("**/videos/*", timeout=RUN_MILLISECONDS)
    page.locator(".moment").first.wait_for(timeout=RUN_MILLISECONDS)
    settled(page, server)
    page.locator(".block .face").nth(1).click()
    handle = page.locator(".block.chosen .handle.end").bounding_box()
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 10)
    page.mouse.down()
    page.mouse.move(handle["x"] + 40, handle["y"] + 10, steps=6)
    page.mouse.up()
    page.get_by_role("button", name="Re-cut it").click()
    page.get_by_text("clip out of date").wait_for(state="detached", timeout=RUN_MILLISECONDS)
    settled(page, server)
    video = page.url.rsplit("/", 1)[1].partition("?")[0]
    edited = page.request.get(f"{server.url}/api/videos/{video}/moments").json()["items"][1]
    (clip,) = edited["clips"]
    assert clip["stale"] is False
    assert abs(clip["end_time"] - edited["end_time"]) < 0.1
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="EDL").click()
    assert f"* COMMENT:  {edited['title']}" in Path(download.value.path()).read_text()


def test_a_film_is_cut_of_a_file_rendered_downloaded_and_all_of_it_taken_back(
    page: Any, server: LivingServer, river: bytes
) -> None:
    page.goto("./projects")
    page.get_by_role("button", name="New project").first.click()
    asking = page.get_by_role("dialog", name="New project")
    asking.get_by_role("radio", name="Clean").check()
    with page.expect_file_chooser() as chooser:
        asking.get_by_role("button", name="Or a file").click()
    chooser.value.set_files({"name": "A river, upright.mp4", "mimeType": "video/mp4", "buffer": river})
    asking.get_by_text("A river, upright.mp4").wait_for()
    asking.get_by_role("button", name="Create the project").click()
    page.get_by_role("region", name="Uploads").get_by_role("link", name="Open").click(timeout=RUN_MILLISECONDS)
    page.locator(".film-strip .block").first.wait_for(timeout=RUN_MILLISECONDS)
    settled(page, server)
    before = timeline_of(page, server)

    def changed(do: Callable[[], Any]) -> None:
        version = timeline_of(page, server)["version"]
        do()
        page.get_by_text(f"Saved as version {version + 1}", exact=True).wait_for()

    page.keyboard.press("]")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    changed(lambda: page.keyboard.press("s"))
    changed(lambda: page.keyboard.press("Control+ArrowLeft"))
    changed(lambda: page.locator(".segment-panel").get_by_role("button", name="Vignette").click())
    changed(lambda: page.locator(".segment-panel").get_by_role("button", name="Ding").click())
    page.get_by_role("tab", name="Captions").click()
    page.get_by_role("textbox", name="Caption text").first.fill("A river, seen from above")
    changed(lambda: page.keyboard.press("Enter"))
    picture = "document.querySelector('.composed img')"
    until(page, f"{picture} !== null && {picture}.naturalWidth === 540")
    for name in timeline_of(page, server)["segments"][2:]:
        page.locator(".film-strip .face").nth(2).click()
        changed(lambda: page.keyboard.press("Delete"))
        assert name
    page.get_by_role("combobox", name="Quality").select_option("draft")
    page.get_by_role("checkbox", name="Everybody who is seen").check()
    page.get_by_role("button", name="Render the film").click()
    page.get_by_role("progressbar", name="Progress of the film").wait_for()
    page.locator(".finished-film video").wait_for(timeout=RUN_MILLISECONDS)
    until(page, "document.querySelector('.finished-film video').readyState >= 2")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the film").click()
    assert Path(download.value.path()).read_bytes()[4:8] == b"ftyp"
    played = sum(one["end"] - one["start"] for one in timeline_of(page, server)["segments"])
    film = "(one => [one.videoWidth, one.videoHeight, one.duration])(document.querySelector('.finished-film video'))"
    width, height, seconds = page.evaluate(film)
    assert (width, height) == (540, 960)
    assert abs(seconds - played) < 0.2
    while page.get_by_role("button", name="Undo", exact=True).is_enabled():
        changed(lambda: page.get_by_role("button", name="Undo", exact=True).click())
    after = timeline_of(page, server)
    assert (after["segments"], after["captions"]) == (before["segments"], before["captions"])


def timeline_of(page: Any, server: LivingServer) -> dict[str, Any]:
    """The time line of the project that is shown, as the server has it."""
    number = page.url.rsplit("/", 1)[1].partition("?")[0]
    found: dict[str, Any] = page.request.get(f"{server.url}/api/timeline/{number}").json()["timeline"]
    return found


def test_a_job_shows_what_it_gave_and_its_clips_play(page: Any, server: LivingServer, river: bytes) -> None:
    asked = '{"job_type": "full_processing", "options": {"max_clips": 2, "clip_duration": 15, "min_confidence": 0}}'
    file = {"name": "A river.mp4", "mimeType": "video/mp4", "buffer": river}
    made = page.request.post(f"{server.url}/api/v1/jobs/upload", multipart={"file": file, "job": asked}).json()
    page.goto(f"./jobs/{made['id']}")
    page.locator("article video").first.wait_for(timeout=RUN_MILLISECONDS)
    page.get_by_role("heading", name="Analysis").first.wait_for()
    page.locator(".said .sentence").first.wait_for()
    page.locator("article video").first.evaluate("async (video) => { video.muted = true; await video.play(); }")
    until(page, "document.querySelector('article video').currentTime > 0.2")
