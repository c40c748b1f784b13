"""A run that is cancelled, or whose video is deleted, in the middle of its work: nothing half done stays."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from moments_ray.database.tables import Run
from moments_ray.ids import new_identifier
from moments_ray.library.deletion import Deletion, finish_deletions
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source, SpeechOptions
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import GenerationOptions, MomentsRequest
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine
from tests.ray.talk import Talk
from tests.ray.test_moments_pipeline import objects, pointed_at

_STOP_SECONDS = 60  # on a machine that is busy with other things; alone it takes one or two
_OFTEN = {"TRANSCRIPTION", "CLIP_EXTRACTION"}


async def at_work_on(engine: Engine, talk: Talk, stage: str) -> Run:
    """Submit the talk as a video of its own, and wait until a stage is at work on it."""
    video, _ = await get_or_create_video(engine.environment.database.row, f"test:{new_identifier()}")
    given = f"videos/{video.identifier}/captions-given.txt"
    await engine.environment.store.put_bytes(given, talk.captions.read_bytes(), content_type="text/plain")
    request = MomentsRequest(
        source=Source(video=video.identifier, path=str(talk.path)),
        speech=SpeechOptions(captions=given),
        generation=GenerationOptions(find=find_options(min_seconds=6, max_seconds=20, count=3)),
    )
    run = await engine.submit(MOMENTS, request)
    async with asyncio.timeout(60):
        while (row := (await engine.stages(run)).get(stage)) is None or row.status == "pending":
            await asyncio.sleep(0.01)
    return run


@pytest.mark.parametrize(
    "stage", [pytest.param(name, marks=[] if name in _OFTEN else pytest.mark.slow) for name in MOMENTS.stage_names]
)
async def test_a_stage_that_is_cancelled_leaves_nothing_half_done(
    engine: Engine, worker: object, talk: Talk, stage: str
) -> None:
    run = await at_work_on(engine, talk, stage)
    await engine.run_service.cancel(run.identifier)
    ended = await engine.ended(run.identifier, timeout=_STOP_SECONDS)
    await engine.left_nothing(run, timeout=_STOP_SECONDS)
    assert (ended.status, ended.error) == (RunStatus.CANCELLED, None)
    assert {one.status for one in (await engine.stages(run)).values()} <= {"completed", "skipped", "cancelled"}
    assert "processing" not in {one.status for one in await engine.tries(run)}
    assert await objects(engine, ended) == await pointed_at(engine, ended)
    assert not any(engine.settings.scratch.glob("*"))


async def test_a_video_that_is_deleted_in_the_middle_of_its_run_leaves_nothing(
    engine: Engine, worker: object, talk: Talk
) -> None:
    run = await at_work_on(engine, talk, "CLIP_EXTRACTION")
    deletion = Deletion(engine.environment, engine.redis)
    if not await deletion.delete(run.subject):  # a busy machine: whoever sweeps next finishes it
        async with asyncio.timeout(_STOP_SECONDS):
            while await rows(engine, run):
                await finish_deletions(engine.environment)
                await asyncio.sleep(0.1)
    await asyncio.sleep(1.0)  # for what comes late
    assert await rows(engine, run) == 0
    assert await objects(engine, run) == set()
    assert [key async for key in engine.redis.scan_iter(f"*{run.subject}*")] == []
    assert not await engine.redis.exists(f"pipeline:run:{run.identifier}")
    assert not any(engine.settings.scratch.glob("*"))


async def rows(engine: Engine, run: Run) -> int:
    """How many rows speak of a run or its video."""
    counts = [
        "SELECT count(*) FROM videos WHERE identifier = :subject",
        "SELECT count(*) FROM runs WHERE subject = :subject",
        "SELECT count(*) FROM run_stages WHERE run_id = :run",
        "SELECT count(*) FROM moments WHERE video_id = :video",
        "SELECT count(*) FROM clips WHERE video_id = :video",
    ]
    values = {"subject": run.subject, "run": run.id, "video": run.video_id}
    async with engine.environment.database.read() as session:
        found = [
            await session.scalar(text(query), {name: value for name, value in values.items() if f":{name}" in query})
            for query in counts
        ]
    return sum(found)
