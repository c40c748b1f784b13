"""Pages over a line that breaks: one stream for all tabs, nothing missed after a cut, uploads that go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from moments_ray.access.key import Scope
from moments_ray.access.key_store import make_key, revoke_key
from moments_ray.testing.media import make_video
from tests.browser.chromium import until, watched_page
from tests.browser.shelf import Shelf
from tests.browser.site import Site
from tests.chaos.proxy import FaultProxy
from tests.large_videos import enlarge

pytestmark = pytest.mark.browser

PARTS = 3
PART_BYTES = 4 * 1024**2


@contextmanager
def line_to(served: Site) -> Iterator[FaultProxy]:
    """A way to the site that can be cut."""
    proxy = FaultProxy(lambda: asyncio.open_connection("127.0.0.1", served.port))
    served.do(proxy.start)
    try:
        yield proxy
    finally:
        served.do(proxy.stop)


def cut(served: Site, line: FaultProxy) -> None:
    async def now() -> None:
        line.cut()

    served.do(now)


async def stored(shelf: Shelf, video: str, target: Path) -> bytes:
    """Return the bytes of a video's source."""
    (name,) = [each.name async for each in shelf.store.list(f"videos/{video}/source-")]
    await shelf.store.get_file(name, target)
    return target.read_bytes()


def test_three_tabs_share_one_stream_and_the_next_takes_it_over(browser: Any, served: Site, shelf: Shelf) -> None:
    with watched_page(browser, served.url) as first:
        streams: list[str] = []
        first.context.on("request", lambda asked: streams.append(asked.url) if "/api/events" in asked.url else None)
        tabs = [first, first.context.new_page(), first.context.new_page()]
        for tab in tabs:
            tab.goto("./runs")
            tab.wait_for_selector("[data-ready]")
        until(first, "document.readyState === 'complete'")
        served.do(shelf.run, served.do(shelf.video, "A river", None))
        for tab in tabs:
            tab.get_by_role("link", name="A river").first.wait_for()
        assert len(streams) == 1
        first.close()
        served.do(shelf.run, served.do(shelf.video, "A reef", None))
        for tab in tabs[1:]:
            tab.get_by_role("link", name="A reef").first.wait_for()
        assert len(streams) == 2


def test_after_a_cut_no_event_is_missing_and_none_is_there_twice(browser: Any, served: Site, shelf: Shelf) -> None:
    run = served.do(shelf.run, served.do(shelf.video, "A river", None))
    with line_to(served) as line, watched_page(browser, f"http://127.0.0.1:{line.port}") as page:
        page.goto(f"./runs/{run.identifier}")
        page.get_by_text("run.queued").wait_for()
        cut(served, line)
        served.do(shelf.finish, run)
        page.get_by_text("run.completed", exact=True).wait_for()
        told = page.request.get(f"{served.url}/api/runs/{run.identifier}/events?limit=200").json()["items"]
        shown = page.locator(".event-log .type")
        assert [one["type"] for one in told] == shown.all_inner_texts()


def test_an_upload_that_is_cut_in_every_part_and_reloaded_arrives_whole(
    browser: Any, served: Site, shelf: Shelf, tmp_path: Path
) -> None:
    assert shelf is not None
    path = enlarge(make_video(tmp_path / "A river.mp4", seconds=2), PARTS * PART_BYTES)
    with line_to(served) as line, watched_page(browser, f"http://127.0.0.1:{line.port}") as page:
        begun: list[str] = []
        page.on(
            "request",
            lambda asked: (
                begun.append(asked.url) if asked.method == "POST" and asked.url.endswith("/api/uploads") else None
            ),
        )
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("./")
        page.wait_for_selector("[data-ready]")
        for part in range(PARTS):
            with page.expect_request(
                lambda asked, start=part * PART_BYTES: (
                    asked.method == "PATCH" and asked.headers.get("upload-offset") == str(start)
                )
            ):
                if part == 0:
                    page.locator("input[type=file]").first.set_input_files(path)
            cut(served, line)
            if part == 1:
                page.reload()
                page.wait_for_selector("[data-ready]")
                with page.expect_request(lambda asked: asked.method == "HEAD"):
                    page.locator("input[type=file]").first.set_input_files(path)
        page.get_by_role("region", name="Uploads").get_by_role("link", name="Open").click()
        page.get_by_role("heading", name="A river").wait_for()
        assert len(begun) == 1
        video = page.url.rsplit("/", 1)[1].partition("?")[0]
        assert served.do(stored, shelf, video, tmp_path / "stored.mp4") == path.read_bytes()


def test_a_key_that_is_revoked_in_mid_work_is_asked_for_over_the_page(page: Any, served: Site, shelf: Shelf) -> None:
    video = served.do(shelf.video, "A river", b"0123456789")
    keys = [served.do(make_key, served.container.environment.database, name, Scope.WRITE) for name in ("old", "new")]
    while page.request.get(f"{served.url}/api/runs").ok:  # a key counts a moment after it was made
        page.wait_for_timeout(50)
    page.goto(f"./videos/{video.identifier}")
    page.get_by_label("API key").fill(keys[0][1].text)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="A river").wait_for()
    served.do(revoke_key, served.container.environment.database, keys[0][0].identifier)
    while page.request.get(f"{served.url}/api/runs").ok:
        page.wait_for_timeout(50)
    asking = page.get_by_role("dialog", name="Your session has ended")
    asking.get_by_label("API key").fill(keys[1][1].text)
    asking.get_by_role("button", name="Log in").click()
    asking.wait_for(state="detached")
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem", name="Delete this video").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="Library").wait_for()
    page.get_by_role("link", name="A river").wait_for(state="detached")
