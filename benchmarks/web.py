"""What the pages weigh and how fast they are, in the system's Chromium: ``python -m benchmarks.web``.

Needs the extra ``browser`` and Chromium. Frames are of software rendering, so they are upper bounds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal
from playwright.sync_api import sync_playwright
from pydantic import SecretStr
from sqlalchemy import text

from moments_ray.embedded.services import embedded_services
from moments_ray.settings import Settings
from serve_app.ui.mount import assets
from tests.browser.chromium import CHROMIUM
from tests.browser.long_talk import add_long_talk
from tests.browser.shelf import Shelf
from tests.browser.site import Site, site

VIDEOS = 10_000
_FRAMES = """async (scroll) => {
  const box = scroll === "page" ? document.scrollingElement : document.querySelector(scroll);
  const times = [];
  let last = performance.now();
  for (let step = 0; step < 120; step += 1) {
    box.scrollTop += 90;
    await new Promise((done) => requestAnimationFrame(done));
    times.push(performance.now() - last);
    last = performance.now();
  }
  times.sort((a, b) => a - b);
  return [times[60], times[114]];
}"""
_DRAG = """async () => {
  const handle = document.querySelector(".block.chosen .handle.end");
  const box = handle.getBoundingClientRect();
  const where = (x) => ({clientX: x, clientY: box.y + 9, pointerId: 1, bubbles: true});
  const at = (type, x) => handle.dispatchEvent(new PointerEvent(type, where(x)));
  handle.setPointerCapture = () => {};
  at("pointerdown", box.x + 6);
  const times = [];
  let last = performance.now();
  for (let step = 1; step <= 100; step += 1) {
    at("pointermove", box.x + 6 + (step % 40));
    await new Promise((done) => requestAnimationFrame(done));
    times.push(performance.now() - last);
    last = performance.now();
  }
  at("pointercancel", box.x);
  times.sort((a, b) => a - b);
  return [times[50], times[95]];
}"""
_PAINT = """() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
  .observe({type: "largest-contentful-paint", buffered: true}))"""


async def _fill(shelf: Shelf) -> None:
    async with shelf.container.environment.database.begin() as session:
        await session.execute(
            text(
                "INSERT INTO videos (identifier, canonical_source, title, duration, status, created_at, updated_at) "
                "SELECT gen_random_uuid()::text, 'https://example.org/' || n, 'Talk number ' || n, 60 + n % 7200, "
                "'ready', now() - n * interval '1 minute', now() FROM generate_series(1, :count) AS n"
            ),
            {"count": VIDEOS},
        )


def _open(browser: Any, served: Site, path: str, wanted: str) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{served.url}/ui{path}")
    page.wait_for_selector(wanted)
    page.wait_for_load_state("networkidle")
    return page


def _first_visit(browser: Any, served: Site) -> None:
    page = browser.new_page()
    sizes: list[int] = []
    hosts: set[str] = set()

    def took(request: Any) -> None:
        sizes.append(request.sizes()["responseBodySize"])
        hosts.add(request.url.split("/")[2])

    page.on("requestfinished", took)
    page.goto(f"{served.url}/ui/")
    page.wait_for_selector("[data-ready]")
    page.wait_for_load_state("networkidle")
    print(f"first visit: {sum(sizes) / 1024:.0f} KB in {len(sizes)} requests of {len(hosts)} host(s)")
    print(f"first visit: largest paint after {page.evaluate(_PAINT):.0f} ms")
    page.close()


def _frames(name: str, found: list[float], page: Any) -> None:
    nodes = page.evaluate("document.querySelectorAll('*').length")
    print(f"{name}: frames {found[0]:.1f} ms at the median, {found[1]:.1f} ms at p95; {nodes} elements")


def main() -> None:
    print(f"the whole front end: {sum(len(one.packed) for one in assets().files.values()) / 1024:.0f} KB packed")
    base = Settings(_env_file=None, database_url=None, redis_url=None, gcs_bucket_name=None)
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as home, start_blocking_portal() as portal:
        base = base.model_copy(update={"home": Path(home)})
        with portal.wrap_async_context_manager(embedded_services(base)) as services:
            urls = {"database_url": SecretStr(services.database_url), "redis_url": SecretStr(services.redis_url)}
            with site(base.model_copy(update=urls)) as served, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                _measure(browser, served)
                browser.close()


def _measure(browser: Any, served: Site) -> None:
    shelf = Shelf(served.container)
    _first_visit(browser, served)
    long = served.do(add_long_talk, shelf)
    page = _open(browser, served, f"/videos/{long.identifier}", ".sentence")
    _frames("a transcript of 30,000 words, scrolled", page.evaluate(_FRAMES, ".transcript .window-list"), page)
    page.locator(".block .face").nth(2).click(force=True)
    _frames("an edge dragged among 40 moments of 3 hours", page.evaluate(_DRAG), page)
    page.close()
    served.do(_fill, shelf)
    page = _open(browser, served, "/videos", ".video-card")
    _frames(f"a library of {VIDEOS} videos, scrolled", page.evaluate(_FRAMES, "page"), page)


if __name__ == "__main__":
    main()
