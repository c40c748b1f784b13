"""The API on the session's real PostgreSQL and Redis and a directory store, without Ray: runs wait, or are written."""

from __future__ import annotations

import io
import warnings
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image
from pydantic import SecretStr
from pydantic.warnings import PydanticDeprecatedSince20
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.access.key import Key, Scope
from moments_ray.access.key_store import make_key
from moments_ray.client import MomentsClient
from moments_ray.database.tables import Video
from moments_ray.embedded.services import Services
from moments_ray.errors import (
    NotFound,
)
from moments_ray.http.container import Container
from moments_ray.library.queries.videos import Videos
from moments_ray.media.probe import probe
from moments_ray.settings import ApiSettings, DownloadSettings, MediaSettings, Settings
from moments_ray.testing.media import make_video
from moments_ray.testing.model_server import model_server
from moments_ray.testing.provider_server import Providers
from tests.integration.api.callers import MakeKey
from tests.integration.api.line import Line, served
from tests.integration.api.studio import Studio, say
from tests.library import Library

with warnings.catch_warnings():  # Serve's own use of pydantic warns, once, when it is imported
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    from serve_app.factory import create_app

__all__ = ["Library", "problem"]


@pytest.fixture
async def container(embedded: Services, tmp_path: Path) -> AsyncIterator[Container]:
    """What the API stands on; nothing of earlier tests is left."""
    settings = Settings(
        _env_file=None,
        home=tmp_path,
        database_url=SecretStr(embedded.database_url),
        redis_url=SecretStr(embedded.redis_url),
        gcs_bucket_name=None,
        public_url="http://localhost",
        api=ApiSettings(deletion_timeout_seconds=2.0),
        download=DownloadSettings(allow_private_addresses=True, max_bytes=3_000_000),
    )
    await runtime.migrate(settings)
    offer = {"CPU": 8.0, "audio_extraction": 2.0, "clip_extraction": 4.0}
    container = Container(runtime.connect(settings), runtime.open_redis(settings), lambda: [offer])
    await container.redis.flushall()
    async with container.environment.database.begin() as session:
        await session.execute(text("TRUNCATE videos, runs, prompts, backfills, webhook_deliveries, ads CASCADE"))
    yield container
    await container.close()


@pytest.fixture
def app(container: Container) -> FastAPI:
    """The application, as Serve runs it."""
    return create_app(container)


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def library(container: Container) -> Library:
    """Rows and objects for the API to show."""
    return Library(container)


@pytest.fixture(scope="session")
def short_video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of a moving picture and a tone, as MP4."""
    return make_video(tmp_path_factory.mktemp("video") / "short.mp4", seconds=2).read_bytes()


@pytest.fixture
async def made(container: Container) -> AsyncIterator[MakeKey]:
    """Makes keys, which are gone at the end: other tests ask without."""

    async def make(scope: Scope) -> Key:
        return (await make_key(container.environment.database, f"a {scope} key", scope))[1]

    yield make
    async with container.environment.database.begin() as session:
        await session.execute(text("TRUNCATE api_keys CASCADE"))


@pytest.fixture
async def line(app: FastAPI) -> AsyncIterator[Line]:
    """A line to the served application; it is whole until a test cuts it."""
    async with served(app) as port:
        line = Line(port)
        await line.open()
        yield line
        await line.close()


@pytest.fixture
async def client(line: Line) -> AsyncIterator[MomentsClient]:
    """The Python client, over that line."""
    async with MomentsClient(f"http://127.0.0.1:{line.port}/", timeout=30) as client:
        yield client


@pytest.fixture
async def short_backoff(client: MomentsClient) -> None:
    """Have the client know its server."""
    with suppress(NotFound):
        await client.video("nobody")


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return an error's body, which is the problem that was expected."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    return body


@pytest.fixture
async def film(library: Library, tmp_path: Path) -> Video:
    """A video of four seconds, in the store and probed."""
    path = make_video(tmp_path / "film.mp4", seconds=4, fps=30)
    info = await probe(path, MediaSettings())
    video = await library.video(content=path.read_bytes())
    async with library.database.begin() as session:
        values = {"duration": info.duration, "info": info.model_dump(mode="json"), "fps": info.fps}
        await Videos(session).set_source(video.identifier, "A talk", **values)
        return await Videos(session).get(video.identifier)


@pytest.fixture
async def project(api: httpx.AsyncClient, film: Video) -> dict[str, Any]:
    """A project of that video, without a timeline."""
    answer = await api.post("/api/projects", json={"video": film.identifier, "title": "My Cool Video"})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
async def studio(container: Container, tmp_path: Path) -> AsyncIterator[Studio]:
    film = make_video(tmp_path / "film.mp4", seconds=2)
    picture = io.BytesIO()
    Image.new("RGB", (128, 192), "purple").save(picture, "PNG")
    providers = Providers(say, film=film.read_bytes(), picture=picture.getvalue())
    with model_server(providers) as server:
        providers.url = server.url
        studio = Studio(container, server, providers, tmp_path)
        yield studio
        await studio.gateway.close()
