"""What the API deletes, and that nothing of it is left."""

from __future__ import annotations

import httpx
from sqlalchemy import text

from moments_ray.http.container import Container
from moments_ray.library.deletion import finish_deletions
from moments_ray.library.queries.videos import Videos
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem

URL = "http://127.0.0.1:1/talk.mp4"


async def test_deleting_a_refined_moment_shows_its_parent_again(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    parent = await library.moment(video, 10, 30)
    child = await library.moment(video, 12, 28, parent=parent)
    address = f"/api/videos/{video.identifier}/moments"
    assert (await api.delete(f"{address}/{child.identifier}")).status_code == 204
    assert [each["identifier"] for each in (await api.get(address)).json()["items"]] == [parent.identifier]
    assert (await api.delete(f"{address}/{parent.identifier}")).status_code == 204
    problem(await api.delete(f"{address}/{parent.identifier}"), 404, "object.not_found")


async def left_of(library: Library, video: str) -> dict[str, int]:
    """Count what is left of a video anywhere."""
    objects = [each async for each in library.store.list(f"videos/{video}/")]
    keys = [key async for key in library.container.redis.scan_iter(f"*{video}*")]
    async with library.database.read() as session:
        rows = await session.scalar(text("SELECT count(*) FROM videos WHERE identifier = :v"), {"v": video})
        runs = await session.scalar(text("SELECT count(*) FROM runs WHERE subject = :v"), {"v": video})
    return {"objects": len(objects), "keys": len(keys), "rows": rows or 0, "runs": runs or 0}


async def test_deleting_a_video_leaves_nothing_of_it(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    await library.clip(video, await library.moment(video, 1, 2))
    run = await library.run(video)
    assert (await api.delete(f"/api/videos/{video.identifier}")).status_code == 204
    assert set((await left_of(library, video.identifier)).values()) == {0}
    assert not await library.container.redis.exists(f"pipeline:run:{run.identifier}")
    problem(await api.delete(f"/api/videos/{video.identifier}"), 404, "object.not_found")
    assert (await api.post("/api/videos", json={"url": URL})).status_code == 202


async def test_a_deletion_that_broke_off_is_finished_by_a_worker_that_sweeps(
    api: httpx.AsyncClient, library: Library, container: Container
) -> None:
    video = await library.video()
    async with library.database.begin() as session:
        await Videos(session).begin_deletion(video.identifier)  # and then the process died
    problem(await api.get(f"/api/videos/{video.identifier}"), 404, "object.not_found")
    assert (await api.get("/api/videos")).json()["items"] == []
    for product in container.environment.registry.products:
        for task in product.periodic_tasks:
            await task(container.environment)
    assert set((await left_of(library, video.identifier)).values()) == {0}


async def test_a_video_that_a_worker_holds_is_deleted_when_it_lets_go(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    claim = await library.claim(await library.run(video))
    assert (await api.delete(f"/api/videos/{video.identifier}")).status_code == 202
    assert (await api.get(f"/api/runs/{claim.run}")).json()["cancel_requested_at"] is not None
    await library.write(claim, "run.cancelled", status=RunStatus.CANCELLED)
    await finish_deletions(library.container.environment)
    assert set((await left_of(library, video.identifier)).values()) == {0}
