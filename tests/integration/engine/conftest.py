"""What tests of the queue, of leases and of webhooks stand on: the session's servers, and a toy pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from moments_ray import runtime
from moments_ray.embedded.services import Services
from moments_ray.settings import Settings


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
