"""A backfill on a worker: it brings it on by itself, finds moments again, and shows them once it is asked to."""

from __future__ import annotations

import asyncio

from moments_ray.corpus.options import BackfillOrder
from moments_ray.corpus.queries.items import BackfillItems
from moments_ray.corpus.service import BackfillService
from moments_ray.database.tables import Backfill
from moments_ray.ids import new_identifier
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.pipelines import GENERATION
from moments_ray.moments.queries.sets import MomentSets
from moments_ray.moments.values import GenerationOptions, GenerationRequest
from moments_ray.states import BackfillStatus, RunStatus
from tests.ray.conftest import Engine
from tests.ray.talk import Talk


async def ended(service: BackfillService, identifier: str) -> Backfill:
    """Wait until workers have brought a backfill to its end."""
    async with asyncio.timeout(180):
        while not BackfillStatus((found := await service.get(identifier)).status).finished:
            await asyncio.sleep(0.2)
    return found


async def statuses(engine: Engine, video: int) -> list[tuple[str, str | None]]:
    """How the sets of a video stand and which run made each, the newest first."""
    async with engine.environment.database.read() as session:
        return [(entry.row.status, entry.run) for entry in await MomentSets(session).of_video(video)]


async def test_workers_find_moments_again_without_fetching_or_hearing_again(
    engine: Engine, worker: object, talk: Talk
) -> None:
    title = f"A talk {new_identifier()}"
    video, _ = await get_or_create_video(engine.environment.database.row, f"{title}:{talk.path}", title=title)
    request = GenerationRequest(
        source=Source(video=video.identifier, path=str(talk.path)),
        generation=GenerationOptions(find=find_options(min_seconds=6, max_seconds=20, count=3)),
    )
    first = await engine.ended((await engine.submit(GENERATION, request)).identifier)
    assert first.status == RunStatus.COMPLETED
    service = BackfillService(engine.environment, engine.run_service)
    order = BackfillOrder.model_validate(
        {
            "source": {"videos": {"q": title}},
            "pipeline": "generation",
            "mode": "rederive",
            "as": "candidate",
            "options": {"min_seconds": 6, "max_seconds": 20, "count": 2},
        }
    )
    backfill = await ended(service, (await service.create(order, None)).identifier)
    assert (backfill.status, backfill.counts) == (BackfillStatus.COMPLETED, {"completed": 1})
    async with engine.environment.database.read() as session:
        ((entry,), _) = await BackfillItems(session).page(backfill.id, [], None, 0, 10)
    assert entry.run is not None
    again = await engine.run(entry.run)
    reused = [event.data["stage"] for event in await engine.events(again) if event.data.get("reused")]
    assert reused == ["VIDEO_DOWNLOAD", "AUDIO_EXTRACTION", "AUDIO_UPLOAD", "TRANSCRIPTION"]
    assert await statuses(engine, video.id) == [("candidate", again.identifier), ("current", first.identifier)]
    assert (await service.change_sets(backfill.identifier, "promote", dry_run=False)).left == 0
    assert await statuses(engine, video.id) == [("current", again.identifier), ("retired", first.identifier)]
    await service.delete(backfill.identifier)
