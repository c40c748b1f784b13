"""``moments find`` with a model of the registry: asked from this process, without Ray."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.cli.find import print_moments
from moments_ray.embedded.services import Services
from moments_ray.errors import ModelNotConfigured, UnknownModel
from moments_ray.models.gateway import Gateway
from moments_ray.moments.options import MomentOptions
from moments_ray.settings import Settings
from moments_ray.testing.model_server import completion, model_server

CAPTIONS = "\n".join(
    f"{n}\n00:00:{n * 5:02d},000 --> 00:00:{n * 5 + 4:02d},000\nSentence number {n} speaks about rivers and bread.\n"
    for n in range(1, 11)
)


@pytest.fixture
def settings(embedded: Services, embedded_home: Path) -> Settings:
    return Settings(
        _env_file=None,
        home=embedded_home,
        database_url=SecretStr(embedded.database_url),
        redis_url=SecretStr(embedded.redis_url),
    )


async def put_minimax(settings: Settings, url: str | None) -> None:
    """Say where minimax is, or forget all changes."""
    await runtime.migrate(settings)
    environment = runtime.connect(settings)
    registry = environment.service(Gateway).registry
    if url is None:
        async with environment.database.begin() as session:
            await session.execute(text("TRUNCATE model_entries"))
        await registry.publish()
    else:
        await registry.patch("minimax", {"base_url": url})
    await environment.close()


def test_a_configured_model_finds_moments_in_a_transcript(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transcript = tmp_path / "talk.srt"
    transcript.write_text(CAPTIONS)

    def find(model: str) -> None:
        options = MomentOptions(count=1, min_seconds=5.0, max_seconds=30.0, generation_model=model)
        print_moments(transcript, options, duration=60.0, encoding=None, language=None, as_json=True, settings=settings)

    with model_server(lambda _: completion('[{"first": 2, "last": 4, "title": "Bread", "score": 90}]')) as server:
        try:
            asyncio.run(put_minimax(settings, server.url))
            with structlog.testing.capture_logs():  # `moments` sends them to stderr
                find("minimax")
            (moment,) = json.loads(capsys.readouterr().out)["moments"]
            assert (moment["title"], moment["score"]) == ("Bread", 90.0)
            assert 9 < moment["start_time"] <= 10.5
            assert server.received[0].json["model"] == "minimax"
        finally:
            asyncio.run(put_minimax(settings, None))
    for key, error in (("minimax", ModelNotConfigured), ("nobody", UnknownModel)):
        with pytest.raises(error):
            find(key)
