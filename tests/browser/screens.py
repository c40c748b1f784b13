"""Pictures of every page and state, to be looked at: ``make screens`` writes them into ``out/screens/``.

The two that README shows go to ``docs/``. With words behind it, only pictures whose names begin with one are made.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr

from moments_ray.embedded.services import embedded_services
from moments_ray.settings import DownloadSettings, Settings
from tests.browser.chromium import CHROMIUM
from tests.browser.shelf import Shelf
from tests.browser.site import Site, site
from tests.browser.state import State, show
from tests.browser.states import EMPTY, full

OUT = Path("out/screens")
DOCS = Path("docs")
SIZES = {"wide": (1440, 900), "middle": (900, 1024), "narrow": (390, 844)}
PHONE = {"is_mobile": True, "has_touch": True}  # what is narrow is seen by a finger, without bars to scroll by


class Screens:
    """A browser that takes pictures of a site."""

    def __init__(self, served: Site, browser: Browser, wanted: tuple[str, ...]) -> None:
        self._served = served
        self._browser = browser
        self._wanted = wanted

    def take(self, state: State) -> None:
        """Take a picture of a state in its sizes and both themes."""
        for size in state.sizes:
            names = {theme: f"{state.name}-{size}-{theme}" for theme in ("light", "dark")}
            if any(name.startswith(self._wanted) for name in names.values()):
                self._in_both_themes(state, size, names)

    def _in_both_themes(self, state: State, size: str, names: Mapping[str, str]) -> None:
        width, height = SIZES[size]
        viewport = {"width": width, "height": height}
        touch = PHONE if size == "narrow" else {}
        page = self._browser.new_page(viewport=viewport, color_scheme="light", reduced_motion="reduce", **touch)
        show(page, self._served.url, state)
        for theme, name in names.items():
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(100)  # canvases are drawn again
            page.screenshot(path=OUT / f"{name}.png")
            sys.stdout.write(f"{name}\n")
        page.close()


def _main(wanted: tuple[str, ...]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with _served() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        screens = Screens(served, browser, wanted)
        shelf = Shelf(served.container)
        served.do(shelf.clear)
        for state in EMPTY:
            screens.take(state)
        for states in full(served, shelf).values():
            for state in states:
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


if __name__ == "__main__":
    _main(tuple(sys.argv[1:]) or ("",))
