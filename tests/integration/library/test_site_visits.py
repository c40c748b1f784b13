"""A site's pause holds for the whole cluster, and what a site tells of a video stays with it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import JsonValue

from moments_ray.database.session import Database
from moments_ray.library.queries.site_visits import SiteVisits
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.stages.download import download_video
from moments_ray.library.values import Source
from moments_ray.media.downloaded import Downloaded
from moments_ray.moments.stages.signals import site_signals
from moments_ray.settings import Settings
from moments_ray.site_settings import SiteSettings
from moments_ray.testing.media import make_video
from moments_ray.testing.stages import stage_context
from tests.integration.engine.conftest import toy_settings

__all__ = ["toy_settings"]

PAUSE = 60.0


@pytest.fixture
def database(toy_settings: Settings) -> Database:
    assert toy_settings.database_url is not None
    return Database.connect(toy_settings.database_url)


async def test_whoever_asks_a_site_gets_a_turn_of_its_own(database: Database) -> None:
    async def turn(site: str) -> float:
        async with database.begin() as session:
            return await SiteVisits(session).take_turn(site, PAUSE)

    waits = sorted(await asyncio.gather(*(turn("one.test") for _ in range(5))))
    assert waits == pytest.approx([number * PAUSE for number in range(5)], abs=5)
    assert await turn("two.test") == 0
    await database.close()


async def test_a_video_keeps_what_its_site_tells(
    toy_settings: Settings, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about: dict[str, JsonValue] = {
        "chapters": [{"start_time": n, "end_time": n + 1, "title": f"Part {n} of it"} for n in range(4)],
        "heatmap": [{"start_time": n / 2, "end_time": n / 2 + 0.5, "value": n / 8} for n in range(8)],
    }
    made = make_video(tmp_path / "made.mp4", seconds=4)
    asked: list[str] = []

    async def fetched(url: str, _directory: Path, *_: object, **options: object) -> Downloaded:
        asked.append(url)
        await options["before_request"]()  # type: ignore[operator]
        return Downloaded(path=made, bytes=made.stat().st_size, title="T", about=about)

    monkeypatch.setattr("moments_ray.media.download.fetch_from_site", fetched)
    paused = toy_settings.model_copy(
        update={
            "sites": {"tube.test": SiteSettings(pause_seconds=PAUSE)},
            "download": toy_settings.download.model_copy(update={"allow_private_addresses": True}),
        }
    )
    url = "http://127.0.0.1/watch"
    video, _ = await get_or_create_video(database.row, url, source_url=url)
    context = stage_context(tmp_path, subject=video.identifier, settings=paused)
    source = await download_video.run(context, source=Source(video=video.identifier, url=url))
    async with context.environment.database.begin() as session:
        for write in context.take_writes():
            await write(session)
    told = await site_signals(context, source)  # type: ignore[arg-type]
    assert [chapter.title for chapter in told.chapters] == [f"Part {n} of it" for n in range(4)]
    assert len(told.replays) == 8
    await context.environment.close()
    await database.close()
