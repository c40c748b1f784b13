"""The API with nobody behind it: real connections to where nobody is. Serve is imported once, for it warns."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from pydantic.warnings import PydanticDeprecatedSince20

from moments_ray import runtime
from moments_ray.http.container import Container, Nodes
from moments_ray.settings import Settings
from serve_app.factory import create_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    import ray.serve  # noqa: F401 - for the tests beside this file


def container(home: Path, nodes: Nodes) -> Container:
    settings = Settings(
        _env_file=None,
        home=home,
        gcs_bucket_name=None,
        database_url=SecretStr("postgresql://me:secret@127.0.0.1:1/db"),
        redis_url=SecretStr("redis://:secret@127.0.0.1:1/0"),
    )
    return Container(runtime.connect(settings), runtime.open_redis(settings), nodes)


@pytest.fixture
async def abandoned(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API with nobody behind it."""
    api = create_app(container(tmp_path, lambda: [{"CPU": 8.0, "audio_extraction": 2.0}]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://localhost") as client:
        yield client
