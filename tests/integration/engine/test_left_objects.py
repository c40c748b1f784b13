"""Objects that nothing needs any more: those of deleted videos, of every product, and of cancelled runs."""

from __future__ import annotations

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal import Journal, Verdict
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.cleanup import clean_up_run
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import RunCancelled
from moments_ray.library.deletion import Deletion
from moments_ray.states import RunStatus, StageStatus
from tests.integration.engine.door_pipelines import OF_VIDEO, VideoOrder
from tests.integration.engine.test_one_door import environment, service, video

__all__ = ["environment", "service"]  # fixtures


async def put(environment: Environment, *names: str) -> None:
    for name in names:
        await environment.store.put_bytes(name, b"x", content_type="text/plain")


async def objects(environment: Environment) -> list[str]:
    return [one.name async for one in environment.store.list()]


async def broken_off(environment: Environment, run: Run) -> None:
    """Have a worker claim the run, and a try of its stage break off."""
    async with environment.database.begin() as session:
        claimed = await Claims(session).claim(run.identifier, "worker-test", 60.0)
    assert claimed is not None
    execution = await ClaimedRun.load(environment, claim_of(claimed))
    await execution.start("DOOR_MAKE_OF_VIDEO")
    await execution.fail("DOOR_MAKE_OF_VIDEO", RunCancelled(), StageStatus.CANCELLED)


async def test_deleting_a_video_deletes_what_every_product_owns_of_it(
    environment: Environment, service: RunService
) -> None:
    mine, other = await video(environment), await video(environment)
    runs = [(await service.start(OF_VIDEO, VideoOrder(video=one.identifier))).run for one in (mine, other)]
    kept = [f"runs/{runs[1].subject}/made.txt", f"videos/{other.identifier}/source.mp4"]
    await put(environment, *kept, f"runs/{runs[0].subject}/made.txt", f"videos/{mine.identifier}/source.mp4")
    assert await Deletion(environment).delete(mine.identifier)
    assert await objects(environment) == kept


async def test_the_last_of_the_runs_of_a_video_deletes_what_those_before_it_left(
    environment: Environment, service: RunService
) -> None:
    found = await video(environment)
    one, two = [(await service.start(OF_VIDEO, VideoOrder(video=found.identifier))).run for _ in range(2)]
    left, staged = f"videos/{found.identifier}/half.mp4", f"runs/{one.subject}/staging/{one.identifier}/half.wav"
    await put(environment, left, staged)
    await broken_off(environment, one)
    await clean_up_run(environment, one)
    assert await objects(environment) == [left]  # the other run may be about to point at it
    async with environment.database.begin() as session:
        journal = Journal(session, claim_of(await Runs(session).get(one.identifier)))
        await journal.end(Verdict(RunStatus.CANCELLED, "run.cancelled", {}, open_stages=StageStatus.CANCELLED))
    await clean_up_run(environment, two)
    assert await objects(environment) == []


async def test_a_queued_run_that_is_cancelled_leaves_nothing_of_its_earlier_claims(
    environment: Environment, service: RunService
) -> None:
    found = await video(environment)
    run = (await service.start(OF_VIDEO, VideoOrder(video=found.identifier))).run
    await broken_off(environment, run)
    await put(environment, f"videos/{found.identifier}/half.mp4", f"runs/{run.subject}/half.wav")
    async with environment.database.begin() as session:
        await Journal(session, claim_of(await Runs(session).get(run.identifier))).event(
            "run.handed_back", {}, status=RunStatus.QUEUED
        )
    assert (await service.cancel(run.identifier)).status == RunStatus.CANCELLED
    assert await objects(environment) == []
