"""The pages over a running ``moments up``, used as somebody would who has read nothing."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moments_ray.testing.media import run_ffmpeg
from tests.browser.chromium import until, watched_page
from tests.integration.cli.living_server import LivingServer, living_server
from tests.ray.talk import make_talk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]

RUN_MILLISECONDS = 180_000
_DROP = """async (bytes) => {
  const content = Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0));
  const file = new File([content], "A river.mp4", { type: "video/mp4" });
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(file);
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
  }
}"""


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


@pytest.fixture(scope="module")
def river(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A talk of a minute, with its captions inside."""
    directory = tmp_path_factory.mktemp("river")
    talk = make_talk(directory)
    whole = directory / "river.mp4"
    run_ffmpeg(
        ["-i", talk.path, "-i", talk.captions, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text", whole]
    )
    return whole.read_bytes()


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


def test_a_file_is_dropped_stopped_taken_up_again_and_deleted(page: Any, server: LivingServer, river: bytes) -> None:
    page.goto("./")
    page.locator("[data-ready]").wait_for(state="attached")
    page.evaluate(_DROP, base64.b64encode(river).decode())
    page.get_by_role("region", name="Running now").get_by_text("A river").wait_for()
    page.get_by_role("region", name="Running now").get_by_role("button", name="Stop").click()
    page.goto("./runs")
    page.get_by_role("table").get_by_text("cancelled").wait_for()
    page.get_by_role("link", name="A river").first.click()
    page.get_by_role("button", name="Retry").click()
    page.get_by_text("done", exact=True).first.wait_for(timeout=RUN_MILLISECONDS)
    page.get_by_role("link", name="To the video").click()
    page.locator(".moment").first.wait_for()
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem", name="Delete this video").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="Library").wait_for()
    page.get_by_role("link", name="A river").wait_for(state="detached")


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
