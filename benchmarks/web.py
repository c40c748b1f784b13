"""What the pages weigh and how fast they are, in the system's Chromium: ``python -m benchmarks.web``.

Needs the extra ``browser`` and Chromium. Every figure stands beside its goal; exit status 1 where one is not held.
Frames are of software rendering, so they are upper bounds; beside them stands what the page's own thread worked a
frame, which other processes of the machine do not change.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import sync_playwright
from pydantic import SecretStr
from sqlalchemy import text

from benchmarks.web_scripts import (
    CHANGE_ORDER,
    DRAG,
    FIND,
    FOLLOW,
    FRAMES,
    INTERACTIONS,
    PAINTS,
    SEEN_AFTER_DATA,
    SNAP,
    WATCH,
    WATCH_TITLES,
)
from moments_ray.embedded.services import embedded_services
from moments_ray.settings import Settings
from serve_app.ui.mount import assets
from tests.browser.chromium import CHROMIUM, until
from tests.browser.long_talk import add_long_talk
from tests.browser.shelf import Shelf
from tests.browser.site import Site, site

VIDEOS = 10_000
MOMENTS = 100
SLOWER = 4  # a page's processor, for first paints
TIMES = 20
FRAMES_SEEN = 200  # by each of the scripts
RUNS_AN_HOUR = 720  # one that begins and ends every five seconds
HOURS = 8
_OF_OTHER_WORK = re.compile(
    r"components/(ads|backfills|editor|jobs)/|pages/(?:(new-)?(ad|backfill|job|project)s?|made)\."
    r"|theme/(ads|editor|jobs)\."
)


class Figures:
    """What was found, beside what is wanted."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def add(self, name: str, found: float, goal: float, unit: str) -> None:
        """Print a figure that is to be at most its goal."""
        held = found <= goal
        if not held:
            self.missed.append(name)
        shown = f"{found:.2f}" if found < 1 else f"{found:.0f}"
        print(f"{name:<78}{shown:>8} {unit:<9} goal {goal:g}{'' if held else '  NOT HELD'}", flush=True)


async def fill(shelf: Shelf) -> None:
    """Put so many videos there that a list of them all would be long."""
    async with shelf.database.begin() as session:
        await session.execute(
            text(
                "INSERT INTO videos (identifier, canonical_source, title, duration, status, created_at, updated_at) "
                "SELECT gen_random_uuid()::text, 'https://example.org/' || n, 'Talk number ' || n, 60 + n % 7200, "
                "'ready', now() - n * interval '1 minute', now() FROM generate_series(1, :count) AS n"
            ),
            {"count": VIDEOS},
        )


class Visit:
    """A browser at a site, and the figures of what it sees."""

    def __init__(self, browser: Any, served: Site, figures: Figures) -> None:
        self._browser = browser
        self._served = served
        self._add = figures.add
        self._shelf = Shelf(served.container)

    def _open(self, path: str, wanted: str) -> Any:
        page = self._browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WATCH)
        page.goto(f"{self._served.url}/ui{path}")
        page.wait_for_selector(wanted)
        page.wait_for_load_state("networkidle")
        return page

    def _frames(self, page: Any, name: str, script: str, value: Any = None) -> None:
        """Look at frames: when they came, which is the machine's doing as well, and what the page worked for each."""
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})  # without what others took the processor for
        before = _worked(session)
        median, late = page.evaluate(script, value)
        work = 1000 * (_worked(session) - before) / FRAMES_SEEN
        self._add(f"{name}: frame at p95 ({median:.0f} at the median, {work:.1f} its work)", late, 20, "ms")
        session.detach()

    def first(self) -> None:
        """The first page, with nothing kept; then on a slow processor."""
        page = self._browser.new_page()
        sizes: list[int] = []
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
        page.goto(f"{self._served.url}/ui/")
        page.wait_for_selector("[data-ready]")
        page.wait_for_load_state("networkidle")
        self._add("first visit: sent", sum(sizes) / 1024, 45, "KB")
        self._add("first visit: requests", len(asked), 14, "")
        self._add("first visit: hosts beside ours", len({url.split("/")[2] for url in asked}) - 1, 0, "")
        page.close()
        page = self._browser.new_page()
        page.add_init_script(WATCH)
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(f"{self._served.url}/ui/")
        page.wait_for_selector("[data-ready]")
        page.wait_for_load_state("networkidle")
        paint, shift, blocked = page.evaluate(PAINTS)
        self._add(f"processor {SLOWER} times slower: largest paint", paint, 1200, "ms")
        self._add(f"processor {SLOWER} times slower: layout shift", shift, 0.02, "")
        self._add(f"processor {SLOWER} times slower: blocked", blocked, 100, "ms")
        page.close()

    def talk(self) -> None:
        """Three hours of words, and a hundred moments."""
        long = self._served.do(add_long_talk, self._shelf, MOMENTS)
        page = self._open(f"/videos/{long.identifier}", ".sentence")
        name = "30,000 words"
        self._add(f"{name}: there after their data", page.evaluate(SEEN_AFTER_DATA, "/transcript"), 300, "ms")
        self._frames(page, f"{name}, scrolled", FRAMES, ".transcript .window-list")
        inside = page.evaluate("document.querySelectorAll('.transcript *').length")
        self._add(f"{name}: elements of the transcript", inside, 1500, "")
        self._add(f"{name}: one found everywhere", page.evaluate(FIND), 30, "ms")
        self._add(f"{name}: followed by a second", page.evaluate(FOLLOW), 1, "ms")
        address = f"{self._served.url}/ui/a/{assets().digest}/components/detail/snapping.js"
        words = f"{self._served.url}/api/videos/{long.identifier}/transcript"
        self._add(f"{name}: a place to snap to", page.evaluate(SNAP, [address, words]), 0.2, "ms")
        page.locator(".block .face").nth(2).click(force=True)
        self._frames(page, f"an edge dragged among {MOMENTS} moments", DRAG)
        page.close()

    def library(self) -> None:
        """A library that is scrolled, ordered and used."""
        self._served.do(fill, self._shelf)
        page = self._open("/videos", ".video-card")
        name = f"{VIDEOS} videos"
        self._add(f"{name}: first cards after their data", page.evaluate(SEEN_AFTER_DATA, "/api/videos"), 400, "ms")
        self._frames(page, f"{name}, scrolled", FRAMES, "page")
        self._add(f"{name}: elements", page.evaluate("document.querySelectorAll('*').length"), 400, "")
        self._add(f"{name}: another order", page.evaluate(CHANGE_ORDER), 150, "ms")
        with httpx.Client(base_url=self._served.url) as api:
            taken = []
            for _ in range(TIMES):
                began = time.perf_counter()
                api.get("/api/videos?limit=100&include=run&include=counts&include=thumbnail").raise_for_status()
                taken.append(1000 * (time.perf_counter() - began))
        self._add(f"{name}: the API's answer of 100, median", statistics.median(taken), 40, "ms")
        for key in ("g d", "g p", "g s", "g l"):
            page.keyboard.press(key[0])
            page.keyboard.press(key[2])
            page.wait_for_load_state("networkidle")
        page.locator("input[type=search]").press_sequentially("number 77", delay=60)
        page.wait_for_timeout(500)
        page.locator(".video-card .title").first.click()
        page.wait_for_load_state("networkidle")
        self._add("what is done by hand and keys: answered at p95", page.evaluate(INTERACTIONS), 100, "ms")
        page.close()

    def live(self) -> None:
        """What happens elsewhere, until it is seen here; and hours of it."""
        page = self._open("/", "[data-ready]")
        taken = []
        for number in range(TIMES):
            title = f"A talk that begins, number {number}"
            video = self._served.do(self._shelf.video, title, None)
            page.evaluate(WATCH_TITLES, title)
            began = time.time()
            run = self._served.do(self._shelf.run, video)
            until(page, "globalThis.seenAt > 0")
            taken.append(page.evaluate("globalThis.seenAt") - 1000 * began)
            self._served.do(self._shelf.finish, run)
            page.wait_for_timeout(400)
        self._add("from an event to the pixel, median", statistics.median(taken), 300, "ms")
        page.close()
        page = self._open("/runs", "[data-ready]")
        session = page.context.new_cdp_session(page)
        video = self._served.do(self._shelf.video, "A busy hour", None)
        self._served.do(self._hour, video, RUNS_AN_HOUR // 10)  # until all that is kept for long is there
        before = _heap(page, session)
        self._served.do(self._hour, video, RUNS_AN_HOUR)
        grown = (_heap(page, session) - before) * HOURS
        self._add(f"{HOURS} hours at the runs, by one of {RUNS_AN_HOUR} runs: heap grows", grown, 10, "MB")
        page.close()

    async def _hour(self, video: Any, runs: int) -> None:
        for _ in range(runs):
            run = await self._shelf.run(video)
            await self._shelf.finish(run)


def _worked(session: Any) -> float:
    """Return how long the page's main thread has been at work, in seconds of a processor."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def _heap(page: Any, session: Any) -> float:
    page.wait_for_timeout(2000)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def main() -> None:
    figures = Figures()
    parts = sys.argv[1:] or ["first", "talk", "library", "live"]
    sizes = {path: len(one.packed) / 1024 for path, one in assets().files.items() if not path.startswith("locale/")}
    print(f"the whole front end: {sum(sizes.values()):.0f} KB packed, of all products")
    own = sum(size for path, size in sizes.items() if not _OF_OTHER_WORK.match(path))
    figures.add("all pages but those of jobs, backfills, ads and projects: packed", own, 120, "KB")
    base = Settings(_env_file=None, database_url=None, redis_url=None, gcs_bucket_name=None)
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as home, start_blocking_portal() as portal:
        base = base.model_copy(update={"home": Path(home)})
        with portal.wrap_async_context_manager(embedded_services(base)) as services:
            urls = {"database_url": SecretStr(services.database_url), "redis_url": SecretStr(services.redis_url)}
            with site(base.model_copy(update=urls)) as served, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                visit = Visit(browser, served, figures)
                for part in parts:
                    getattr(visit, part)()
                browser.close()
    if figures.missed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
