"""The pages over a running ``moments up``, used as somebody would who has read nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
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
