"""What tests of the queue, of leases and of webhooks stand on: the session's servers, and a toy pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.embedded.services import Services
from moments_ray.settings import DownloadSettings, Settings
from moments_ray.testing.model_server import ModelServer, Reply, model_server
from tests.integration.engine.ends import Ends


@pytest.fixture
async def toy_settings(embedded: Services, tmp_path: Path) -> Settings:
    """Settings of a home of its own on the session's PostgreSQL and Redis, with the schema in place."""
    settings = Settings(
        _env_file=None,
        home=tmp_path,
        database_url=SecretStr(embedded.database_url),
        redis_url=SecretStr(embedded.redis_url),
        gcs_bucket_name=None,
        pipelines=("tests.ray.toy_pipeline",),
    )
    await runtime.migrate(settings)
    return settings


@pytest.fixture
async def make_ends(toy_settings: Settings) -> AsyncIterator[Callable[..., Awaitable[Ends]]]:
    """Makes runs' ends under other settings of downloads."""
    made: list[Ends] = []

    async def make(**download: Any) -> Ends:
        fetching = DownloadSettings(**{"allow_private_addresses": True, **download})
        ends = Ends(toy_settings.model_copy(update={"download": fetching}))
        made.append(ends)
        async with ends.database.begin() as session:
            await session.execute(text("TRUNCATE videos, runs, webhook_deliveries, signing_secrets CASCADE"))
        await ends.redis.flushall()
        return ends

    yield make
    for ends in made:
        await ends.redis.aclose()
        await ends.environment.close()


@pytest.fixture
async def ends(make_ends: Callable[..., Awaitable[Ends]]) -> Ends:
    """Runs that tell of their end to receivers on loopback."""
    return await make_ends()


@pytest.fixture
def receiver() -> Iterator[ModelServer]:
    """Somebody's server; it takes everything until a test says otherwise."""
    with model_server(lambda _: Reply(204, b"")) as server:
        yield server
