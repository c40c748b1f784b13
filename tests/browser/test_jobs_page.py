"""The pages of jobs over a running ``moments up``: made by address, watched, read, stopped, tried again, cleared."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from moments_ray.testing.media import run_ffmpeg
from tests.browser.chromium import until, watched_page
from tests.integration.cli.living_server import LivingServer, living_server
from tests.ray.talk import make_talk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]

RUN_MILLISECONDS = 180_000
SCREENS = os.environ.get("SCREENS")  # where pictures of the pages go, for people to look at
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}


class Site:
    """A web server with talks; one of them comes only when it is let go."""

    def __init__(self, folder: Path) -> None:
        talk = make_talk(folder)
        tracks = ["-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text"]
        run_ffmpeg(["-i", talk.path, "-i", talk.captions, *tracks, folder / "river.mp4"])
        (folder / "slow.mp4").write_bytes((folder / "river.mp4").read_bytes() + b"\0" * 16)
        self.let_go = threading.Event()
        site = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/slow"):
                    site.let_go.wait(RUN_MILLISECONDS / 1000)
                super().do_GET()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where the videos are."""
    found = Site(tmp_path_factory.mktemp("site"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def server() -> Iterator[LivingServer]:
    """A server that fetches from this machine, and works on one run at a time."""
    more = {"MOMENTS_DOWNLOAD__ALLOW_PRIVATE_ADDRESSES": "true", "MAX_CONCURRENT_JOBS": "1"}
    with (
        tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory,
        living_server(Path(directory) / "h", **more) as up,
    ):
        yield up


@pytest.fixture
def page(browser: Any, server: LivingServer) -> Iterator[Any]:
    """A page of the running server, in which nothing goes wrong."""
    with watched_page(browser, server.url) as opened:
        yield opened


def begin(page: Any, address: str, kind: str = "Everything") -> None:
    """Make a job by the form, and arrive at its page."""
    page.goto("./jobs")
    page.get_by_role("button", name="New job").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("URL of a video").fill(address)
    form.get_by_label("Output").select_option(label=kind)
    picture(page, "form")
    form.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/*-*")


def picture(page: Any, name: str) -> None:
    """Keep pictures of a page in both sizes and themes, where somebody wants to look at them."""
    if SCREENS is None:
        return
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(400)
            page.screenshot(path=Path(SCREENS) / f"jobs-{name}-{size}-{theme}.png", full_page=name == "done")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_job_is_made_by_address_watched_to_its_end_and_read(page: Any, site: Site) -> None:
    begin(page, f"{site.url}/river.mp4")
    page.get_by_role("heading", name="Stages").wait_for()
    page.get_by_role("progressbar", name="Progress").wait_for(timeout=RUN_MILLISECONDS)
    picture(page, "working")
    page.get_by_role("heading", name="Analysis").wait_for(timeout=RUN_MILLISECONDS)
    page.locator(".badge", has_text="done").first.wait_for(timeout=RUN_MILLISECONDS)
    page.locator(".said .sentence").first.wait_for()
    page.get_by_text("built in").wait_for()
    page.get_by_text("Transcribed by captions").wait_for()
    page.locator(".feelings rect").first.wait_for(state="attached")
    page.locator("audio").wait_for()
    picture(page, "done")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_job_is_stopped_and_goes_on_and_what_waits_behind_it_is_cleared(page: Any, site: Site) -> None:
    begin(page, f"{site.url}/slow.mp4", kind="Transcript")
    working = page.url
    page.locator(".badge", has_text="running").first.wait_for(timeout=RUN_MILLISECONDS)
    begin(page, f"{site.url}/river.mp4", kind="Transcript")
    waiting = page.url
    page.goto("./jobs")
    page.get_by_role("table").get_by_text("slow.mp4").wait_for()
    picture(page, "list")
    page.get_by_role("button", name="Clear the queue").click()
    page.get_by_role("dialog").get_by_role("button", name="Clear").click()
    page.locator("#toasts").get_by_text("1 job cancelled").wait_for()
    page.goto(waiting)
    page.locator(".badge", has_text="cancelled").first.wait_for()
    page.goto(working)
    page.get_by_role("button", name="Stop").click()
    page.locator(".badge", has_text="cancelled").first.wait_for(timeout=RUN_MILLISECONDS)
    site.let_go.set()
    page.get_by_role("button", name="Retry").click()
    page.locator(".badge", has_text="done").first.wait_for(timeout=RUN_MILLISECONDS)
    page.locator(".said .sentence").first.wait_for()
    until(page, "document.title.includes('moments')")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/jobs")


def test_a_job_whose_video_does_not_come_shows_which_stage_failed_and_that_no_other_began(
    page: Any, site: Site
) -> None:
    begin(page, f"{site.url}/gone.mp4", kind="Transcript")
    page.get_by_role("alert").get_by_text("Failed at: Fetching the video").wait_for(timeout=RUN_MILLISECONDS)
    first, *others = page.locator(".fall").all_inner_texts()
    assert "failed" in first
    assert others
    assert all("not started" in other for other in others)


def test_an_address_that_may_not_be_fetched_is_said_in_the_form(page: Any) -> None:
    page.goto("./jobs")
    page.get_by_role("button", name="New job").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("URL of a video").fill("ftp://example.org/talk.mp4")
    form.get_by_role("button", name="Start").click()
    form.get_by_role("alert").wait_for()
    assert "/jobs/" not in page.url.removesuffix("/jobs")
