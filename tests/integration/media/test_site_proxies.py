"""How a site is asked: through which proxy, with which secrets, how often, and what follows a bot check."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from moments_ray.errors import DownloadBotCheck, DownloadProxyFailed
from moments_ray.media import site_tool
from moments_ray.media.process import run_tool
from moments_ray.media.site_tool import SiteTool
from tests.integration.media.sites import DESCRIPTION, PAGE, Site, UpstreamProxy, fetch, with_site


@pytest.fixture(params=["http", "socks5"])
async def upstream(site: Site, request: pytest.FixtureRequest) -> AsyncIterator[UpstreamProxy]:
    proxy = UpstreamProxy(site)
    server = await asyncio.start_server(proxy.http if request.param == "http" else proxy.socks, "127.0.0.1", 0)
    proxy.url = f"{request.param}://user:p%3Aass@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield proxy


async def test_a_site_is_asked_through_the_proxy_that_is_set_for_it(
    site: Site, upstream: UpstreamProxy, directory: Path, video: bytes
) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    fetched = await fetch(PAGE, directory, with_site(proxies=[upstream.url]))
    assert fetched.path.read_bytes() == video
    assert set(upstream.asked) == {"127.0.0.1:80"}  # the address that was checked, not a name


async def test_a_proxy_that_does_not_connect_is_named_without_its_password(
    site: Site, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_site(proxies=["http://user:p%3Aass@127.0.0.1:9"])
    with pytest.raises(DownloadProxyFailed, match="MOMENTS_SITES") as failed:
        await fetch(PAGE, directory, settings)
    assert site.asked == []
    shown = f"{failed.value} {failed.value.detail} {settings!r} {settings.model_dump_json()} {caplog.text}"
    assert "ass" not in shown.replace("class", "").replace("password", "").replace("pass", "")


async def test_secrets_of_a_site_reach_it_and_no_argument_log_or_file(
    site: Site, directory: Path, video: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    cookies = tmp_path / "cookies.txt"
    text = "# Netscape HTTP Cookie File\n.ebaumsworld.com\tTRUE\t/\tFALSE\t4102444800\tsession\ts3cret\n"
    cookies.write_text(text)
    argued: list[str] = []
    told: list[bytes] = []

    async def watched(argv: Sequence[str], **options: Any) -> Any:
        argued.extend(argv)
        told.append(options["stdin"])
        return await run_tool(argv, **options)

    monkeypatch.setattr(site_tool, "run_tool", watched)
    settings = with_site(
        cookies_path=cookies,
        extractor_args={"youtube": {"po_token": ["web.gvs+t0ken", "mweb.gvs+t0ken"], "player_client": ["mweb"]}},
    )
    await fetch(PAGE, directory, settings)
    assert site.cookies
    assert all("session=s3cret" in line for line in site.cookies)
    assert b"youtube:po_token=web.gvs+t0ken,mweb.gvs+t0ken;player_client=mweb" in told[0]
    assert not any(secret in word for word in argued for secret in ("s3cret", "t0ken", str(cookies)))
    assert "t0ken" not in repr(settings)
    assert cookies.read_text() == text  # yt-dlp writes to the file it is given, so it got another one
    assert not (directory / "cookies.txt").exists()


@pytest.fixture
def checked_for_robots(monkeypatch: pytest.MonkeyPatch, site: Site) -> list[str]:
    """A site that takes whoever comes by the first proxy for a robot."""
    ways: list[str] = []
    describe = SiteTool.describe

    async def suspicious(self: SiteTool, url: str) -> dict[str, Any] | None:
        ways.append("asked")
        if len(ways) == 1:
            raise DownloadBotCheck
        return await describe(self, url)

    monkeypatch.setattr(SiteTool, "describe", suspicious)
    return ways


async def test_after_a_bot_check_another_proxy_is_taken(
    site: Site, upstream: UpstreamProxy, directory: Path, video: bytes, checked_for_robots: list[str]
) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    fetched = await fetch(PAGE, directory, with_site(proxies=[upstream.url, upstream.url]))
    assert fetched.path.read_bytes() == video
    assert len(checked_for_robots) == 2


async def test_a_bot_check_without_another_proxy_says_what_to_do(
    site: Site, directory: Path, checked_for_robots: list[str]
) -> None:
    with pytest.raises(DownloadBotCheck):
        await fetch(PAGE, directory)
    assert len(checked_for_robots) == 1


async def test_every_visit_of_a_site_waits_for_its_turn(site: Site, directory: Path, video: bytes) -> None:
    site.files = {"http://www.ebaumsworld.com/video/player/123": DESCRIPTION.encode(), "http://media.test/v.mp4": video}
    asked_before: list[int] = []

    async def turn() -> None:
        asked_before.append(len(site.asked))

    await fetch(PAGE, directory, before_request=turn)
    assert asked_before == [0, 1]  # before it is described, and before it is fetched
