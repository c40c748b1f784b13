"""The Python client on a served API, over connections that break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from moments_ray.client import MomentsClient
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
from moments_ray.moments.api import uploads
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library
from tests.integration.api.line import Line


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
    """A video that goes up in six parts, because its server takes no larger ones."""
    monkeypatch.setattr(uploads, "PART_BYTES", len(short_video) // 5)
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
