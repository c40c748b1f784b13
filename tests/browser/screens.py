"""Pictures of every page and state, to be looked at: ``make screens`` writes them into ``out/screens/``.

The two that README shows go to ``docs/``. With words behind it, only pictures whose names begin with one are made.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr

from moments_ray.embedded.services import embedded_services
from moments_ray.settings import DownloadSettings, Settings
from tests.browser.chromium import CHROMIUM
from tests.browser.film import add_project
from tests.browser.long_talk import add_long_talk
from tests.browser.shelf import Shelf
from tests.browser.site import Site, site
from tests.browser.states import EMPTY, State, full

OUT = Path("out/screens")
DOCS = Path("docs")
SIZES = {"wide": (1440, 900), "middle": (768, 1024), "narrow": (390, 844)}


class Screens:
    """A browser that takes pictures of a site."""

    def __init__(self, served: Site, browser: Browser, wanted: tuple[str, ...]) -> None:
        self._served = served
        self._browser = browser
        self._wanted = wanted

    def take(self, state: State) -> None:
        """Take a picture of a state in its sizes and both themes."""
        for size in state.sizes:
            for theme in ("light", "dark"):
                if f"{state.name}-{size}-{theme}".startswith(self._wanted):
                    self._one(state, size, theme)

    def _one(self, state: State, size: str, theme: str) -> None:
        width, height = SIZES[size]
        page = self._browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
        if state.before is not None:
            state.before(page)
        page.goto(f"{self._served.url}/ui{state.path}")
        page.wait_for_selector("[data-ready]")
        page.wait_for_timeout(900)  # pictures and the video's first frame; nothing tells when both are drawn
        if state.act is not None:
            state.act(page)
            page.wait_for_timeout(400)
        page.screenshot(path=OUT / f"{state.name}-{size}-{theme}.png")
        page.close()
        sys.stdout.write(f"{state.name}-{size}-{theme}\n")


def _main(wanted: tuple[str, ...]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with _served() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        screens = Screens(served, browser, wanted)
        shelf = Shelf(served.container)
        served.do(shelf.clear)
        for state in EMPTY:
            screens.take(state)
        for state in full(served, shelf):
            screens.take(state)
        browser.close()
    _document("detail-wide-light", DOCS / "page-light.png")
    _document("detail-narrow-dark", DOCS / "page-dark.png")


def _document(name: str, target: Path) -> None:
    """Keep a picture for README, in few enough colours to be small."""
    if (made := OUT / f"{name}.png").exists():
        Image.open(made).convert("RGB").quantize(256).save(target, optimize=True)


@contextmanager
def _served() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as home, start_blocking_portal() as portal:
        base = Settings(
            _env_file=None,
            home=Path(home),
            database_url=None,
            redis_url=None,
            gcs_bucket_name=None,
            download=DownloadSettings(allow_private_addresses=True),
        )
        with portal.wrap_async_context_manager(embedded_services(base)) as services:
            urls = {"database_url": SecretStr(services.database_url), "redis_url": SecretStr(services.redis_url)}
            with site(base.model_copy(update=urls)) as served:
                yield served


def _fill(screens: Screens) -> None:
    shelf, do = screens.shelf, screens.served.do
    talk = do(make_talk, Path("out/demo/talk"), Settings(_env_file=None))
    others = [do(shelf.other, title, number) for number, title in enumerate(TITLES)]
    video = do(shelf.talk, talk)
    run = do(shelf.run, video)
    do(shelf.finish, run)
    busy = do(shelf.run, others[1])
    do(shelf.work, busy, 3, 0.42)
    do(shelf.run, others[2])
    failed = do(shelf.video, "A talk that did not come", None)
    broken = do(shelf.run, failed)
    error = {"code": "download.refused", "message": "The site answered 403 Forbidden.", "retryable": True}
    do(lambda: shelf.finish(broken, RunStatus.FAILED, error=error, error_stage="VIDEO_DOWNLOAD"))
    coming = do(shelf.video, "On its way", None)
    do(shelf.work, do(shelf.run, coming), 1, 0.14)
    _pictures(screens, video, [busy.identifier, broken.identifier, run.identifier], coming, failed)
    long = do(add_long_talk, shelf)
    screens.take("detail-long", f"/videos/{long.identifier}", sizes=("wide", "narrow"))


def _pictures(screens: Screens, video: Video, runs: list[str], coming: Video, failed: Video) -> None:
    take, detail = screens.take, f"/videos/{video.identifier}"
    take("dashboard-busy", "/")
    take("library", "/videos")
    take("library-table", "/videos", lambda page: page.get_by_label("Table").click(), sizes=("wide", "narrow"))
    take("library-selection", "/videos", _choose_three, sizes=("wide", "narrow"))
    take("library-search", "/videos?q=bees", sizes=("wide",))
    take("detail", detail, _at_second_moment)
    take("detail-compare", detail, _compare, sizes=("wide", "narrow"))
    take("detail-drag", detail, _drag, sizes=("wide",))
    take("detail-transcript", f"{detail}?tab=transcript", sizes=("narrow",))
    take("detail-files", f"{detail}?tab=files", sizes=("wide", "narrow"))
    take("detail-pending", f"/videos/{coming.identifier}", sizes=("wide", "narrow"))
    take("detail-failed", f"/videos/{failed.identifier}", sizes=("wide", "narrow"))
    take("generate", "/new", _addresses)
    take("again", f"/new?video={video.identifier}", _open_options, sizes=("wide", "narrow"))
    take("runs", "/runs")
    for name, run in zip(("busy", "failed", "done"), runs, strict=True):
        take(f"run-{name}", f"/runs/{run}", sizes=("wide", "narrow"))
    for name in ("jobs", "backfills", "ads"):
        take(name, f"/{name}", sizes=("wide", "narrow"))
    take("new-job", "/jobs", lambda page: page.get_by_role("button", name="New job").click(), sizes=("wide", "narrow"))
    take("new-ad", "/ads/new", sizes=("wide", "narrow"))
    _projects(screens, video)
    take("settings", "/settings", sizes=("wide", "narrow"))
    for part in ("models", "health", "access", "about"):
        take(f"settings-{part}", f"/settings/{part}", sizes=("wide", "narrow"))
    take("login", "/login", sizes=("wide", "narrow"))
    take("palette", detail, lambda page: page.keyboard.press("Control+k"), sizes=("wide", "narrow"))
    take("keys", detail, lambda page: page.keyboard.press("?"), sizes=("wide",))
    take("not-found", "/nowhere", sizes=("wide",))
    take("offline", "/videos", _offline, sizes=("wide",))


def _projects(screens: Screens, video: Video) -> None:
    take, sizes = screens.take, ("wide", "narrow")
    take("projects-empty", "/projects", sizes=sizes)
    path = f"/projects/{screens.served.do(add_project, screens.shelf, video)}"
    take("projects", "/projects", sizes=sizes)
    take("new-project", "/projects", lambda page: page.get_by_role("button", name="New project").click(), sizes=sizes)
    take("project", path, _second_segment)
    take("project-captions", f"{path}?tab=captions", _second_segment, sizes=sizes)
    take("project-versions", f"{path}?tab=versions", sizes=sizes)
    take("project-words", f"{path}?tab=transcript", sizes=("narrow",))
    take("project-chat", path, _ask, sizes=sizes)
    take("project-move", path, _lift, sizes=("wide",))
    take("project-render", path, _render, sizes=sizes)
    take(
        "project-none",
        f"/projects/{screens.served.do(add_project, screens.shelf, video, 'Nothing yet', ())}",
        sizes=sizes,
    )


def _second_segment(page: Page) -> None:
    page.locator(".film-strip .face").nth(1).click()
    page.wait_for_timeout(2500)


def _ask(page: Page) -> None:
    page.locator("#chat-button").click()
    page.get_by_role("button", name="How can it be shorter?").click()
    page.locator(".theirs").first.wait_for()
    page.get_by_role("button", name="Suggest effects").click()
    page.locator(".proposal").first.wait_for()


def _lift(page: Page) -> None:
    box = page.locator(".film-strip .face").nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 190, box["y"] + 34, steps=8)


def _render(page: Page) -> None:
    page.get_by_role("checkbox", name="Everybody who is seen").check()
    page.locator("#consent.complete").wait_for()
    page.locator(".render-panel .primary").click()
    page.get_by_role("progressbar", name="Progress of the film").wait_for()


def _choose_three(page: Page) -> None:
    for number in range(3):
        page.locator(".pick").nth(number).check(force=True)


def _at_second_moment(page: Page) -> None:
    page.locator(".block .face").nth(1).click()
    page.wait_for_timeout(1200)


def _compare(page: Page) -> None:
    page.locator(".moment").nth(0).get_by_role("button", name="Compare").click()


def _drag(page: Page) -> None:
    _at_second_moment(page)
    box = page.locator(".block.chosen .handle.end").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 64, box["y"] + 20, steps=8)
    page.wait_for_timeout(600)


def _addresses(page: Page) -> None:
    page.locator("textarea").fill("https://example.org/talk.mp4\nftp://example.org/x.mp4\nhttps://example.org/talk.mp4")
    page.wait_for_timeout(900)


def _open_options(page: Page) -> None:
    page.locator("details.options").evaluate("element => { element.open = true; }")


def _offline(page: Page) -> None:
    page.context.set_offline(True)
    page.get_by_label("Search", exact=True).fill("bread")
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    _main(tuple(sys.argv[1:]) or ("",))
