"""The Python client on a served API, over connections that break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from moments_ray.client import MomentsClient
from moments_ray.client import upload as client_upload
from moments_ray.database.tables import Video
from moments_ray.engine.queries.runs import Runs
from moments_ray.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    RunActive,
    ServerBadAnswer,
    ServerUnavailable,
    SourceNotFound,
    UnsupportedMedia,
)
from moments_ray.http.container import Container
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library

CLIP = bytes(range(256)) * 2000  # half a megabyte


class Line:
    """A TCP line to a server that can be cut: at once, or after so many bytes of an answer."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.cut_after: list[int] = []  # bytes of the answers of the next connections
        self.cut_request_after: list[int] = []  # and of what they ask
        self.connections = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut every connection, and take no more."""
        assert self._server is not None
        self._server.close()
        await self.drop()

    async def drop(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        left = self.cut_after.pop(0) if self.cut_after else None
        asked = self.cut_request_after.pop(0) if self.cut_request_after else None
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, back}
        ways = {asyncio.create_task(_pump(reader, back, asked)), asyncio.create_task(_pump(there, writer, left))}
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for each in (writer, back):
            each.transport.abort()
            self._writers.discard(each)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> None:
    while piece := await reader.read(65536):
        if left is not None:
            piece, left = piece[:left], left - len(piece)
        writer.write(piece)
        await writer.drain()
        if left is not None and left <= 0:
            return


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """Serve an application on a free port."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def line(app: FastAPI) -> AsyncIterator[Line]:
    async with served(app) as port:
        line = Line(port)
        await line.open()
        yield line
        await line.close()


@pytest.fixture
async def client(line: Line) -> AsyncIterator[MomentsClient]:
    async with MomentsClient(f"http://127.0.0.1:{line.port}/", timeout=30) as client:
        yield client


@pytest.fixture
async def short_backoff(client: MomentsClient) -> None:
    """Have the client know its server."""
    with suppress(NotFound):
        await client.video("nobody")


async def test_a_url_is_submitted_once_a_key(client: MomentsClient) -> None:
    url = "http://127.0.0.1:1/talk.mp4"
    started = await client.submit(url, key="k1", count=3, min_seconds=5.0, metadata={"a": 1})
    again = await client.submit(url, key="k1", count=3, min_seconds=5.0, metadata={"a": 1})
    assert again.run == started.run
    assert (started.run.pipeline, started.run.status, started.run.metadata) == ("moments", "queued", {"a": 1})
    assert started.video.source_url == url
    with pytest.raises(RunActive) as caught:
        await client.submit(url, count=4)
    assert caught.value.detail["run"] == started.run.identifier
    with pytest.raises(InvalidRequest):
        await client.submit(url, key="k1", count=5)


async def test_a_file_is_uploaded_with_its_options_and_known_bytes_are_started_again(
    client: MomentsClient, library: Library, tmp_path: Path, short_video: bytes
) -> None:
    path = tmp_path / "a talk.mp4"
    path.write_bytes(short_video)
    started = await client.submit(path, count=2)
    assert (started.video.title, started.run.pipeline) == ("a talk", "moments")
    async with library.database.read() as session:
        run = await Runs(session).get(started.run.identifier)
    assert run.config["generation"]["find"]["count"] == 2
    await library.finish(run)
    other = await client.submit(str(path), count=4)
    assert (other.video.identifier, other.run.pipeline) == (started.video.identifier, "moments")
    assert other.run.identifier != started.run.identifier


@pytest.fixture
def talk_file(tmp_path: Path, short_video: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A video that goes up in six parts."""
    monkeypatch.setattr(client_upload, "_PART_BYTES", len(short_video) // 5)
    path = tmp_path / "talk.mp4"
    path.write_bytes(short_video)
    return path


@pytest.mark.usefixtures("short_backoff")
async def test_an_upload_goes_on_where_the_line_broke(
    client: MomentsClient, library: Library, line: Line, talk_file: Path
) -> None:
    short_video = talk_file.read_bytes()
    await line.drop()
    line.cut_request_after = [len(short_video) // 2, 100, len(short_video) // 4, 0, 1]
    told: list[int] = []
    started = await client.submit(talk_file, progress=lambda there, whole: told.append(there), count=2)
    assert (told[0], told[-1]) == (0, len(short_video))
    assert told == sorted(told)
    assert len(told) >= 6
    assert line.connections >= 5
    (stored,) = [each async for each in library.store.list(f"videos/{started.video.identifier}/")]
    assert b"".join([piece async for piece in library.store.open_range(stored.name)]) == short_video
    assert started.run.pipeline == "moments"


@pytest.mark.usefixtures("short_backoff")
async def test_an_upload_whose_last_answer_was_lost_leads_to_the_run_that_it_began(
    client: MomentsClient, line: Line, tmp_path: Path, short_video: bytes
) -> None:
    path = tmp_path / "talk.mp4"
    path.write_bytes(short_video)
    await line.drop()
    line.cut_after = [700]  # the upload has begun, and then nothing more is heard
    started = await client.submit(path, count=2)
    assert started.run.pipeline == "moments"
    newest = await client.newest_run(started.video.identifier)
    assert newest is not None
    assert newest.identifier == started.run.identifier


async def test_what_cannot_be_a_video_is_refused_by_its_own_error(
    client: MomentsClient, tmp_path: Path, short_video: bytes
) -> None:
    with pytest.raises(SourceNotFound, match=r"'nobody\.mp4' cannot be read"):
        await client.submit(tmp_path / "nobody.mp4")
    path = tmp_path / "text.mp4"
    path.write_bytes(b"no video")
    with pytest.raises(UnsupportedMedia):
        await client.submit(path)
    path.write_bytes(short_video)
    with pytest.raises(InvalidRequest):
        await client.submit(path, min_seconds=50.0, max_seconds=10.0)
    assert [hit async for hit in client.search("text")] == []


async def test_a_run_is_read_cancelled_retried(client: MomentsClient, library: Library) -> None:
    video = await library.video()
    assert await client.newest_run(video.identifier) is None
    run = await library.run(video)
    assert (await client.run(run.identifier)).stages[0].name == "VIDEO_DOWNLOAD"
    assert set((await client.progress(video.identifier)).values()) <= {0.0}
    assert (await client.cancel(run.identifier)).status is RunStatus.CANCELLED
    assert (await client.retry(run.identifier)).status is RunStatus.QUEUED
    with pytest.raises(Conflict, match="nothing to retry"):
        await client.retry(run.identifier)
    newest = await client.newest_run(video.identifier)
    assert newest is not None
    assert newest.identifier == run.identifier
    with pytest.raises(NotFound):
        await client.cancel("nobody")


async def test_moments_words_exports_and_hits_are_read(client: MomentsClient, library: Library) -> None:
    video = await library.video("A talk about bread")
    await library.transcript(video, "Bread is made of flour.")
    parent = await library.moment(video, 1.0, 3.0, title="Flour")
    child = await library.moment(video, 1.2, 2.9, title="Flour", parent=parent)
    assert [moment.identifier for moment in await client.moments(video.identifier)] == [child.identifier]
    assert len(await client.moments(video.identifier, everything=True)) == 2
    assert (await client.video(video.identifier)).fps == 25.0
    assert (await client.transcript(video.identifier)).word_timestamps[0].word == "Bread"
    assert "Bread is made of flour." in await client.transcript_text(video.identifier, "srt")
    assert b"0:00" in await client.export(video.identifier, "chapters")
    assert {hit.kind async for hit in client.search("bread")} == {"title", "transcript"}


async def events_seen(client: MomentsClient, run: str, after: int = 0) -> list[int]:
    async with aclosing(client.watch(run, after)) as events:
        return [event.seq async for event in events]


async def test_events_come_once_each_although_the_line_breaks_in_their_midst(
    client: MomentsClient, library: Library, line: Line, short_backoff: None
) -> None:
    run = await library.run(await library.video())
    claim = await library.claim(run)
    for n in range(20):
        await library.write(claim, f"test.{n}")
    await line.drop()
    line.cut_after = [700, 1500, 320, 0]
    watching = asyncio.create_task(events_seen(client, run.identifier))
    await asyncio.sleep(1.0)
    await line.close()
    await library.write(claim, "test.while_away")
    await asyncio.sleep(0.5)
    await line.open()
    await library.write(claim, "run.completed", status=RunStatus.COMPLETED)
    seen = await asyncio.wait_for(watching, 60)
    assert seen == list(range(1, 25))
    assert line.connections >= 6
    assert await events_seen(client, run.identifier, 22) == [23, 24]
    assert await events_seen(client, run.identifier, 24) == []
    assert (await client.wait(run.identifier)).status is RunStatus.COMPLETED


async def test_a_server_that_stays_away_is_waited_for_for_as_long_as_the_timeout(
    client: MomentsClient, library: Library, line: Line, short_backoff: None
) -> None:
    run = await library.run(await library.video())
    client._connection._timeout = 0.5
    await line.close()
    begun = time.monotonic()
    with pytest.raises(ServerUnavailable, match="moments up"):
        await client.wait(run.identifier)
    with pytest.raises(ServerUnavailable):
        await client.run(run.identifier)
    assert time.monotonic() - begun < 45  # the setting's own default is a minute
    await line.open()


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


Answering = Callable[[Request], Awaitable[Response]]


def server_of(answering: Answering, **more: Any) -> MomentsClient:
    """A client of a server with one answer to everything."""
    app = Starlette(routes=[Route("/{path:path}", answering, methods=["GET", "POST"])])
    return MomentsClient("http://m", timeout=5, transport=httpx.ASGITransport(app), **more)


async def test_a_busy_server_is_asked_again_when_it_says_so() -> None:
    came: list[float] = []

    async def busy(request: Request) -> Response:
        came.append(time.monotonic())
        body = {"detail": "Slower.", "code": "access.rate", "retryable": True}
        headers = {"Retry-After": "1", "content-type": "application/problem+json"}
        return JSONResponse(body, 429, headers) if len(came) == 1 else JSONResponse({"items": []})

    async with server_of(busy) as client:
        assert await client.moments("v") == []
    assert 1.0 <= came[1] - came[0] < 3.0


async def test_what_is_no_moments_server_is_said_to_be_none() -> None:
    async def other(request: Request) -> Response:
        return Response("<html>Welcome to nginx!</html>", media_type="text/html")

    async with server_of(other) as client:
        with pytest.raises(ServerBadAnswer, match="see that its address is right"):
            await client.run("r1")


async def test_the_key_is_shown_to_the_server() -> None:
    shown: list[str | None] = []

    async def look(request: Request) -> Response:
        shown.append(request.headers.get("authorization"))
        return JSONResponse({"items": []})

    async with server_of(look, api_key=SecretStr("canary")) as client:
        await client.moments("v")
        assert "canary" not in repr(vars(client)) + repr(vars(client._connection))
    assert shown == ["Bearer canary"]
