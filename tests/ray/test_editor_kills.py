"""Whatever dies while a film is rendered, it ends right, and no piece is made twice; a cancelled one leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import ray
from sqlalchemy import text

from moments_ray.library.deletion import finish_deletions
from moments_ray.testing.numbered import read_numbers
from tests.ray.conftest import Engine, StartWorker
from tests.ray.editing import DRAFT, consenting, saved
from tests.ray.home import kill

STAGES = ("RENDER_SETUP", "RENDER_SEGMENTS", "RENDER_ASSEMBLY", "RENDER_PUBLISH")
RANGES = [(2, 4), (7, 8), (2, 5), (0, 2)]
FRAMES = [*range(60, 120), *range(210, 240), *range(60, 150), *range(60)]
_STOP_SECONDS = 60  # on a machine that is busy with other things; alone it takes one or two


class Victims:
    """The processes that work for a render, by what they are."""

    def __init__(self, engine: Engine, workers: list[Any]) -> None:
        self._engine = engine
        self._workers = workers

    async def found(self, victim: str, stage: str, run: str) -> list[int]:
        """The worker that drives a run, the process of a stage or of its items, or what ffmpeg runs in."""
        if victim == "native":
            return self.children()
        if victim == "task":
            title = "ray::Map(" if stage == "RENDER_SEGMENTS" else f":{stage}#"
            return [pid for pid, words in self.living().items() if "ray::" in words and title in words]
        for actor in self._workers:
            with contextlib.suppress(ray.exceptions.RayError):  # it may be dead by now
                if run in await actor.executing.remote():
                    return [await actor.__ray_call__.remote(lambda _: os.getpid())]
        return []

    def living(self) -> dict[int, str]:
        found = {}
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                found[process.pid] = " ".join(process.cmdline())
        return found

    def children(self) -> list[int]:
        """Processes that work in the scratch of this engine."""
        found = []
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if Path(process.cwd()).is_relative_to(self._engine.settings.scratch):
                    found.append(process.pid)
        return found


async def at_work(engine: Engine, run: str, stage: str) -> None:
    """Wait until a stage is at work; one that is quick may be over by then."""
    query = text(
        "SELECT s.status FROM run_stages s JOIN runs r ON r.id = s.run_id WHERE r.identifier = :run AND name = :stage"
    )
    async with asyncio.timeout(_STOP_SECONDS):
        while True:
            async with engine.environment.database.read() as session:
                if await session.scalar(query, {"run": run, "stage": stage}) not in {None, "pending"}:
                    return
            await asyncio.sleep(0.005)


async def pieces_committed(engine: Engine, run: str) -> dict[str, int]:
    """The pieces that stand, with when their files were written."""
    query = text(
        "SELECT i.output FROM run_items i JOIN runs r ON r.id = i.run_id"
        " WHERE r.identifier = :run AND i.status = 'completed'"
    )
    async with engine.environment.database.read() as session:
        names = [output["video"] for output in await session.scalars(query, {"run": run})]
    places = [await engine.environment.store.in_place(name) for name in names]
    return {name: place.stat().st_mtime_ns for name, place in zip(names, places, strict=True) if place is not None}


async def begun(api: httpx.AsyncClient, clock: Path) -> dict[str, Any]:
    """A render of a project of its own."""
    project, _ = await consenting(api, clock)
    await saved(api, project, *({"name": f"s{n}", "start": a, "end": b} for n, (a, b) in enumerate(RANGES)))
    started: dict[str, Any] = (await api.post(f"/api/render/{project}", json=DRAFT)).json()
    return started


_SWEEP = [(stage, victim) for stage in STAGES for victim in ("worker", "task", "native")]
_EVERY_TIME = {("RENDER_SEGMENTS", "native"), ("RENDER_ASSEMBLY", "worker")}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("stage", "victim"),
    [pytest.param(*each, marks=[] if each in _EVERY_TIME else pytest.mark.slow) for each in _SWEEP],
)
async def test_whatever_dies_the_film_is_right_and_no_piece_is_made_twice(
    *,
    engine: Engine,
    worker: object,
    start: StartWorker,
    api: httpx.AsyncClient,
    clock: Path,
    tmp_path: Path,
    stage: str,
    victim: str,
) -> None:
    victims = Victims(engine, [worker, await start("other")])
    started = await begun(api, clock)
    run = started["job_id"]
    await at_work(engine, run, stage)
    stood: dict[str, int] = {}
    for _ in range(100):  # what is looked for may begin a moment later, or be over
        if found := await victims.found(victim, stage, run):
            stood = await pieces_committed(engine, run)
            kill(found)
            break
        await asyncio.sleep(0.02)
    ended = await engine.ended(run)
    assert (ended.status, ended.error) == ("completed", None)
    status = (await api.get(started["status_url"])).json()
    film = tmp_path / "film.mp4"
    film.write_bytes((await api.get(status["result"])).content)
    assert [number for _, number in read_numbers(film)] == FRAMES
    after = await pieces_committed(engine, run)
    assert len(after) == len(set(after))
    assert {name: after[name] for name in stood} == stood
    tries = [one for one in await engine.tries(ended) if one.status == "completed"]
    assert len({one.stage for one in tries}) == len(tries)
    await assert_left_nothing(engine, victims, run)


async def test_a_render_that_is_cancelled_leaves_no_process_and_no_file(
    engine: Engine, worker: object, api: httpx.AsyncClient, clock: Path
) -> None:
    victims = Victims(engine, [])
    started = await begun(api, clock)
    async with asyncio.timeout(_STOP_SECONDS):
        while not victims.children():
            await asyncio.sleep(0.02)
    await api.post(f"/api/render/{started['job_id']}/cancel")
    ended = await engine.ended(started["job_id"], timeout=_STOP_SECONDS)
    assert ended.status == "cancelled"
    status = (await api.get(started["status_url"])).json()
    assert (status["status"], status["error"], status["output_url"]) == ("failed", "cancelled", None)
    await assert_left_nothing(engine, victims, started["job_id"])


async def test_where_to_look_is_kept_though_a_render_was_broken_off(
    engine: Engine, worker: object, api: httpx.AsyncClient, clock: Path
) -> None:
    project, _ = await consenting(api, clock)
    await saved(api, project, *({"name": f"s{n}", "start": a, "end": b} for n, (a, b) in enumerate(RANGES)))
    upright = DRAFT | {"preset": "vertical"}
    for broken_off, asked in ((True, {}), (False, {"watermark": True})):
        started = (await api.post(f"/api/render/{project}", json=upright | asked)).json()
        if broken_off:
            await at_work(engine, started["job_id"], "RENDER_SEGMENTS")
            await api.post(f"/api/render/{started['job_id']}/cancel")
        await engine.ended(started["job_id"])
    await engine.left_nothing(await engine.run(started["job_id"]), timeout=_STOP_SECONDS)
    kept = [one.name async for one in engine.environment.store.list("projects/") if "/framing/" in one.name]
    assert len(kept) == len(RANGES)


async def test_a_render_whose_video_is_deleted_fails_and_names_the_segment(
    engine: Engine, worker: object, api: httpx.AsyncClient, clock: Path
) -> None:
    victims = Victims(engine, [])
    started = await begun(api, clock)
    await at_work(engine, started["job_id"], "RENDER_SEGMENTS")
    video = (await api.get("/api/videos")).json()["items"][0]["identifier"]
    assert (await api.delete(f"/api/videos/{video}")).status_code in {202, 204}
    status = (await api.get(started["status_url"])).json()
    assert (status["status"], status["output_url"]) == ("failed", None)
    assert re.match(r"storage\.not_found: Segment s\d: ", status["error"])
    assert 25 <= status["progress"] <= 70
    async with asyncio.timeout(_STOP_SECONDS):
        while (await api.get(f"/api/runs/{started['job_id']}")).status_code != 404 or victims.children():
            await finish_deletions(engine.environment)
            await asyncio.sleep(0.1)
    assert (await api.get(started["status_url"])).json() == status


async def assert_left_nothing(engine: Engine, victims: Victims, run: str) -> None:
    """No native process, nothing in scratch, no staged object, nothing of it in Redis, one film at most."""
    await engine.left_nothing(await engine.run(run), timeout=_STOP_SECONDS)
    async with asyncio.timeout(_STOP_SECONDS):
        while victims.children() or any(engine.settings.scratch.glob("*")):
            await asyncio.sleep(0.1)
    names = [one.name async for one in engine.environment.store.list("projects/")]
    assert [name for name in names if f"/staging/{run}/" in name] == []
    assert len([name for name in names if f"/final/{run}" in name]) <= 1
