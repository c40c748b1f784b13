"""A site that a local server plays, and where what comes from it goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from moments_ray.media import egress
from moments_ray.media.site_tool import SiteTool
from moments_ray.testing.media import make_video
from tests.integration.media.sites import Site


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """The network's edge: whatever the proxy connects to is this server."""
    site = Site()
    server = await asyncio.start_server(site.handle, "127.0.0.1", 0)
    site.port = port = server.sockets[0].getsockname()[1]

    async def connect(_addresses: tuple[str, ...], _port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port)

    monkeypatch.setattr(egress, "_connect", connect)
    async with server:
        yield site


@pytest.fixture
def video(tmp_path: Path) -> bytes:
    return make_video(tmp_path / "made.mp4", seconds=1).read_bytes()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "download"
    path.mkdir()
    return path


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What yt-dlp would have found out about a video; tests add to it."""
    info: dict[str, Any] = {
        "id": "abc",
        "title": "Described",
        "extractor": "youtube",
        "extractor_key": "Youtube",
        "webpage_url": "http://media.test/watch",
        "language": "de",
        "formats": [],
    }

    async def describe(self: SiteTool, _url: str) -> dict[str, Any]:
        self._description.write_text(json.dumps(info))
        return info

    monkeypatch.setattr(SiteTool, "describe", describe)
    return info
