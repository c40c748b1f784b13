"""The Python client downloads clips whole, over connections that break."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from moments_ray.client import MomentsClient
from moments_ray.database.tables import Video
from moments_ray.errors import InvalidRequest, NotFound, ServerUnavailable
from moments_ray.http.container import Container
from tests.integration.api.conftest import Library
from tests.integration.api.line import Line

CLIP = bytes(range(256)) * 2000  # half a megabyte


async def clip_of(library: Library) -> str:
    """A moment with a clip of half a megabyte."""
    video: Video = await library.video()
    moment = await library.moment(video, 1.0, 3.0)
    name = f"videos/{video.identifier}/clips/c-1.mp4"
    stored = await library.store.put_bytes(name, CLIP, content_type="video/mp4")
    await library.clip(video, moment, cloud_url=stored.uri)
    return moment.identifier


@pytest.fixture
def links(container: Container, app: FastAPI, line: Line) -> None:
    """Have signed links lead over the line."""
    signer = container.environment.store._signer  # type: ignore[attr-defined]
    signer._base_url = app.state.signer._base_url = f"http://127.0.0.1:{line.port}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where clips are put."""
    (tmp_path / "clips").mkdir()
    return tmp_path / "clips"


@pytest.mark.usefixtures("links")
async def test_a_clip_comes_whole_although_the_line_breaks(
    client: MomentsClient, library: Library, line: Line, folder: Path
) -> None:
    moment, target = await clip_of(library), folder / "clip.mp4"
    line.cut_after = [150_000] * 3  # of all answers over one connection
    await client.download_clip(moment, target)
    assert target.read_bytes() == CLIP
    assert line.connections == 4
    assert [each.name for each in folder.iterdir()] == ["clip.mp4"]


@pytest.mark.usefixtures("links")
async def test_a_download_that_was_killed_goes_on_where_it_was(
    client: MomentsClient, library: Library, line: Line, folder: Path
) -> None:
    moment, target = await clip_of(library), folder / "clip.mp4"
    client._connection._timeout = 0.0
    line.cut_after = [200_000]
    with pytest.raises(ServerUnavailable):
        await client.download_clip(moment, target)
    (part,) = folder.iterdir()
    had = part.stat().st_size
    assert 100_000 < had < 200_000
    assert CLIP.startswith(part.read_bytes())
    line.cut_after = [len(CLIP) - had + 10_000]  # what is lacking, and the heads of the answers
    await client.download_clip(moment, target)
    assert target.read_bytes() == CLIP
    assert [each.name for each in folder.iterdir()] == ["clip.mp4"]


@pytest.mark.usefixtures("links")
async def test_bytes_of_a_clip_are_read_by_range(client: MomentsClient, library: Library) -> None:
    moment = await clip_of(library)
    assert await client.read_clip(moment, 300, 20) == CLIP[300:320]
    assert await client.read_clip(moment, len(CLIP) - 5, 100) == CLIP[-5:]
    with pytest.raises(NotFound):
        await client.read_clip(moment, 0, 10, preset="vertical")


@pytest.mark.usefixtures("links")
async def test_a_clip_that_cannot_be_written_says_so(client: MomentsClient, library: Library, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="Nothing can be written"):
        await client.download_clip(await clip_of(library), tmp_path / "nowhere" / "clip.mp4")
