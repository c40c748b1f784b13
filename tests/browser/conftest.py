"""A site with the demo's talk on its shelf, and pages of a real Chromium that report what goes wrong in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from moments_ray.database.tables import Video
from moments_ray.demo.talk import make_talk
from moments_ray.embedded.services import Services
from moments_ray.settings import DownloadSettings, Settings
from moments_ray.testing.media import run_ffmpeg
from tests.browser.chromium import CHROMIUM, until, watched_page
from tests.browser.editing import Timeline
from tests.browser.film import add_project
from tests.browser.shelf import Shelf
from tests.browser.site import Site, site
from tests.ray.talk import make_talk as make_short_talk


@pytest.fixture(scope="session")
def served(embedded: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The API and its front end, without Ray: runs wait."""
    settings = Settings(
        _env_file=None,
        home=tmp_path_factory.mktemp("home"),
        database_url=SecretStr(embedded.database_url),
        redis_url=SecretStr(embedded.redis_url),
        gcs_bucket_name=None,
        download=DownloadSettings(allow_private_addresses=True),
    )
    with site(settings) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on PATH (Debian: apt install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="the extra `browser` is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def shelf(served: Site) -> Shelf:
    """An empty shelf."""
    shelf = Shelf(served.container)
    served.do(shelf.clear)
    return shelf


@pytest.fixture
def talk(served: Site, shelf: Shelf) -> Video:
    """The demo's talk, with its moments; it is made once a checkout."""
    made = served.do(make_talk, Path("out/demo/talk"), Settings(_env_file=None))
    return served.do(shelf.talk, made)


@pytest.fixture(scope="session")
def river(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A talk of a minute, with its captions inside."""
    directory = tmp_path_factory.mktemp("river")
    talk = make_short_talk(directory)
    whole = directory / "river.mp4"
    run_ffmpeg(
        ["-i", talk.path, "-i", talk.captions, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text", whole]
    )
    return whole.read_bytes()


@pytest.fixture
def page(browser: Any, served: Site) -> Iterator[Any]:
    """A page of the site, in which nothing goes wrong."""
    with watched_page(browser, served.url) as opened:
        yield opened


@pytest.fixture
def project(served: Site, shelf: Shelf, talk: Video) -> int:
    """The number of a project of the talk."""
    return served.do(add_project, shelf, talk)


@pytest.fixture
def timeline(page: Any, served: Site, project: int) -> Timeline:
    """Reads the time line as the server has it."""

    def read() -> dict[str, Any]:
        found: dict[str, Any] = page.request.get(f"{served.url}/api/timeline/{project}").json()["timeline"]
        return found

    return read


@pytest.fixture
def editor(page: Any, project: int) -> Any:
    """The page of the project, with its words and its video there."""
    page.goto(f"./projects/{project}")
    page.locator(".film-strip .block").first.wait_for()
    until(page, "document.querySelector('video').readyState >= 2")
    page.locator(".caption-mark").first.wait_for()
    return page
