"""One walk through a ``moments up`` on a bare home, as somebody takes it who has read nothing.

A file is dropped and watched, an edge moved, the clip cut again and exported; another run is stopped, and all deleted:
first by whoever sits at the machine, then with keys on and the server killed in the middle.
"""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import until, watched_page
from tests.integration.cli.living_server import LivingServer, command, environment, living_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RUN_MILLISECONDS = 240_000
_FREE_BOX = b"\0\0\0\x08free"  # players skip it; it makes another file of the same video
_DROP = """async ([name, bytes]) => {
  const content = Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0));
  const file = new File([content], name, { type: "video/mp4" });
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(file);
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
  }
}"""


@pytest.fixture(scope="module")
def server() -> Iterator[LivingServer]:
    """One for both walks; its home is empty at first."""
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory, living_server(Path(directory) / "h") as up:
        yield up


class Visitor:
    """Somebody at a browser; what is asked of the API beside the page is only to see whether the page was right."""

    def __init__(self, page: Any, server: LivingServer, river: bytes) -> None:
        self.page = page
        self._server = server
        self._river = river

    def wait_for_welcome(self) -> None:
        self.page.get_by_role("heading", name="Find the moments worth watching").wait_for()

    def drop(self, title: str, number: int) -> None:
        content = self._river + _FREE_BOX * number
        self.page.evaluate(_DROP, [f"{title}.mp4", base64.b64encode(content).decode()])

    def go_to_dropped(self) -> None:
        self.page.get_by_role("region", name="Uploads").get_by_role("link", name="Open").first.click(
            timeout=RUN_MILLISECONDS
        )
        self.page.wait_for_url("**/videos/*")

    def wait_for_moments(self) -> None:
        self.page.locator(".moment").first.wait_for(timeout=RUN_MILLISECONDS)
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        self.page.locator(".run-panel").wait_for(state="detached", timeout=RUN_MILLISECONDS)
        until(self.page, "document.querySelector('video').readyState >= 2")

    def watch(self) -> None:
        self.page.evaluate("document.querySelector('video').muted = true")
        self.page.locator(".moment").first.get_by_role("button", name="Play", exact=True).click()
        at = self.page.evaluate("document.querySelector('video').currentTime")
        until(self.page, f"document.querySelector('video').currentTime > {at} + 0.5")
        self.page.keyboard.press("k")
        until(self.page, "document.querySelector('video').paused")

    def move_an_edge(self) -> None:
        self.page.locator(".block .face").first.click()
        handle = self.page.locator(".block.chosen .handle.end").bounding_box()
        self.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 10)
        self.page.mouse.down()
        self.page.mouse.move(handle["x"] - 50, handle["y"] + 10, steps=6)
        self.page.mouse.up()
        self.page.get_by_text("clip out of date").wait_for()

    def cut_again(self) -> dict[str, Any]:
        self.page.get_by_role("button", name="Re-cut it").click()
        self.page.get_by_text("clip out of date").wait_for(state="detached", timeout=RUN_MILLISECONDS)
        self.wait_until_idle()
        video = self.page.url.rsplit("/", 1)[1].partition("?")[0]
        moment: dict[str, Any] = self.page.request.get(f"{self._server.url}/api/videos/{video}/moments").json()[
            "items"
        ][0]
        return moment

    def export(self) -> str:
        self.page.get_by_role("button", name="Export").click()
        with self.page.expect_download() as download:
            self.page.get_by_role("menuitem", name="EDL").click()
        return Path(download.value.path()).read_text()

    def stop_the_run_of(self, title: str) -> None:
        self.page.get_by_role("link", name="Dashboard").click()
        self.page.get_by_role("region", name="Running now").get_by_text(title).wait_for(timeout=RUN_MILLISECONDS)
        self.page.get_by_role("region", name="Running now").get_by_role("button", name="Stop").click()
        self.page.get_by_role("link", name="Runs").first.click()
        self.page.get_by_role("table").get_by_text("cancelled").wait_for(timeout=RUN_MILLISECONDS)

    def take_up_again(self, title: str) -> None:
        self.page.get_by_role("link", name=title).first.click()
        self.page.get_by_role("button", name="Retry").click()
        self.page.get_by_text("done", exact=True).first.wait_for(timeout=RUN_MILLISECONDS)
        self.page.get_by_role("link", name="To the video").click()
        self.page.locator(".moment").first.wait_for(timeout=RUN_MILLISECONDS)

    def delete(self, title: str) -> None:
        self.page.get_by_role("link", name="Library").first.click()
        self.page.get_by_role("heading", name="Library").wait_for()
        self.page.get_by_role("link", name=title, exact=True).click()
        self.page.get_by_role("button", name="More").first.click()
        self.page.get_by_role("menuitem", name="Delete this video").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        self.page.get_by_role("heading", name="Library").wait_for()
        self.page.get_by_role("link", name=title, exact=True).wait_for(state="detached")

    def edit_cut_and_export(self) -> None:
        self.watch()
        self.move_an_edge()
        moment = self.cut_again()
        (clip,) = moment["clips"]
        assert clip["stale"] is False
        assert abs(clip["end_time"] - moment["end_time"]) < 0.1
        assert f"* COMMENT:  {moment['title']}" in self.export()


def test_from_a_dropped_file_to_an_exported_cut_and_nothing_left(
    browser: Any, server: LivingServer, river: bytes
) -> None:
    with watched_page(browser, server.url) as page:
        visitor = Visitor(page, server, river)
        page.goto(server.url)
        visitor.wait_for_welcome()
        visitor.drop("A river", 1)
        visitor.go_to_dropped()
        visitor.wait_for_moments()
        visitor.edit_cut_and_export()
        visitor.drop("Another", 2)
        visitor.stop_the_run_of("Another")
        visitor.take_up_again("Another")
        visitor.delete("A river")
        visitor.delete("Another")
        page.get_by_role("heading", name="No videos yet").wait_for()


def test_the_same_with_keys_on_and_the_server_killed_in_the_middle(
    browser: Any, server: LivingServer, river: bytes
) -> None:
    made = subprocess.run(
        command("keys", "create", "--name", "walk", "--scope", "admin", "--json"),
        env=environment(server.home),
        check=True,
        capture_output=True,
    )
    with watched_page(browser, server.url) as page:
        visitor = Visitor(page, server, river)
        while page.request.get(f"{server.url}/api/runs").ok:  # a key counts a moment after it was made
            page.wait_for_timeout(50)
        page.goto(server.url)
        page.get_by_label("API key").fill(json.loads(made.stdout)["key"])
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Dashboard").wait_for()
        visitor.drop("A river", 3)
        visitor.go_to_dropped()
        page.locator(".run-panel").wait_for()
        server.stop(signal.SIGKILL)
        page.get_by_text("The server cannot be reached").wait_for(timeout=RUN_MILLISECONDS)
        server.start()
        server.wait_until_ready()
        page.get_by_text("The server cannot be reached").wait_for(state="detached", timeout=RUN_MILLISECONDS)
        visitor.wait_for_moments()
        visitor.edit_cut_and_export()
        visitor.drop("Another", 4)
        visitor.stop_the_run_of("Another")
        visitor.delete("A river")
        visitor.delete("Another")
