"""What a backfill derives again waits as candidates: compared, promoted and taken back, right to the row."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from moments_ray.corpus.attending import attend_to_backfills
from moments_ray.corpus.promotion import change_sets
from moments_ray.corpus.queries.backfills import Backfills
from moments_ray.corpus.service import BackfillService
from moments_ray.database.tables import MomentSet, Video
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.moments.queries.sets import MomentSets
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library

VIDEOS = 5


class DiedError(Exception):
    """Nothing catches it, and what it cuts off is rolled back, as when a process dies."""


class Derivation:
    """Videos with what was found of them before, and a backfill that found something else."""

    def __init__(self, api: httpx.AsyncClient, container: Container, library: Library) -> None:
        self.api = api
        self.container = container
        self.library = library
        self.videos: list[Video] = []
        self.backfill = ""

    async def derive(self) -> None:
        for _ in range(VIDEOS):
            video = await self.library.video()
            run = await self.library.run(video)
            await self.library.found(video, run, (10.0, 20.0), (30.0, 40.0))
            await self.library.finish(run)
            self.videos.append(video)
        body = {"source": {"videos": {}}, "pipeline": "generation", "mode": "rederive", "as": "candidate"}
        self.backfill = (await self.api.post("/api/backfills", json=body)).headers["Location"]
        await attend_to_backfills(self.container.environment)
        for item in (await self.api.get(f"{self.backfill}/items")).json()["items"]:
            await self._made(item)
        await attend_to_backfills(self.container.environment)
        assert (await self.api.get(self.backfill)).json()["status"] == "completed"

    async def _made(self, item: dict[str, Any]) -> None:
        async with self.library.database.read() as session:
            run = await Runs(session).get(item["run"])
        assert run.config["generation"]["candidate"] is True
        video = next(each for each in self.videos if each.identifier == item["video"])
        await self.library.found(video, run, (10.0, 20.0), (32.0, 40.0), (50.0, 60.0), candidate=True)
        await self.library.finish(run, RunStatus.COMPLETED)

    async def shown(self) -> list[list[float]]:
        """The starts of the moments that users see, a list a video."""
        pages = [await self.api.get(f"/api/videos/{video.identifier}/moments") for video in self.videos]
        return [[each["start_time"] for each in page.json()["items"]] for page in pages]

    async def statuses(self) -> list[list[str]]:
        """How sets stand, the newest first, a list a video."""
        pages = [await self.api.get(f"/api/videos/{video.identifier}/moment-sets") for video in self.videos]
        return [[each["status"] for each in page.json()["items"]] for page in pages]


OLD, NEW = [10.0, 30.0], [10.0, 32.0, 50.0]


@pytest.fixture
async def derivation(api: httpx.AsyncClient, container: Container, library: Library) -> Derivation:
    made = Derivation(api, container, library)
    await made.derive()
    return made


async def test_candidates_are_compared_shown_and_taken_back(derivation: Derivation) -> None:
    api, backfill = derivation.api, derivation.backfill
    assert await derivation.shown() == [OLD] * VIDEOS
    page = (await api.get(f"{backfill}/diff", params={"limit": 2})).json()
    per_video = {"kept": 1, "moved": 1, "new": 1, "gone": 0}
    assert page["totals"] == {
        **{name: count * VIDEOS for name, count in per_video.items()},
        "videos": VIDEOS,
        "changed": VIDEOS,
    }
    assert [each["video"] for each in page["items"]] == [each.identifier for each in derivation.videos[:2]]
    first = page["items"][0]
    assert {name: first[name] for name in per_video} == per_video
    assert (first["moved_moments"][0]["before"]["start_time"], first["new_moments"][0]["start_time"]) == (30.0, 50.0)
    following = (await api.get(f"{backfill}/diff", params={"limit": 9, "cursor": page["next_cursor"]})).json()
    assert (len(following["items"]), following["totals"], following["next_cursor"]) == (VIDEOS - 2, None, None)

    dry = await api.post(f"{backfill}/promote", json={"dry_run": True})
    assert (dry.status_code, dry.json()) == (202, {"left": VIDEOS, "dry_run": True})
    assert await derivation.shown() == [OLD] * VIDEOS
    assert (await api.post(f"{backfill}/promote")).json() == {"left": 0, "dry_run": False}
    assert await derivation.shown() == [NEW] * VIDEOS
    after = (await api.get(f"{backfill}/diff")).json()
    assert {name: after["totals"][name] for name in per_video} == {name: page["totals"][name] for name in per_video}

    assert (await api.post(f"{backfill}/rollback")).json() == {"left": 0, "dry_run": False}
    assert await derivation.shown() == [OLD] * VIDEOS
    assert (await api.post(f"{backfill}/rollback")).json() == {"left": 0, "dry_run": False}
    assert await derivation.shown() == [OLD] * VIDEOS
    assert (await api.post(f"{backfill}/promote")).json()["left"] == 0
    assert await derivation.shown() == [NEW] * VIDEOS


async def test_a_promotion_that_died_goes_on_where_it_was_left(
    derivation: Derivation, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = derivation.container.environment
    identifier = derivation.backfill.rpartition("/")[2]
    promote, promoted = MomentSets.promote, []

    async def dying(self: MomentSets, row: MomentSet) -> None:
        await promote(self, row)
        promoted.append(row.id)
        if len(promoted) == 3:
            raise DiedError  # within the transaction of the third

    monkeypatch.setattr(MomentSets, "promote", dying)
    service = BackfillService(environment, derivation.container.run_service)
    with pytest.raises(DiedError):
        await service.change_sets(identifier, "promote", dry_run=False)
    monkeypatch.undo()
    assert sorted(await derivation.statuses()) == [["candidate", "current"]] * 3 + [["current", "retired"]] * 2
    async with environment.database.read() as session:
        backfill = await Backfills(session).get(identifier)
    assert await change_sets(environment, backfill, time.monotonic() + 60) is True
    assert await derivation.statuses() == [["current", "retired"]] * VIDEOS
    assert (await derivation.api.get(derivation.backfill)).json()["sets_to"] is None


async def test_what_found_nothing_takes_nothing_away(derivation: Derivation, library: Library) -> None:
    async with library.database.read() as session:
        found = await MomentSets(session).of_video(derivation.videos[0].id)
    made = next(each.row for each in found if each.row.status == "candidate")
    await library.remove_moments(made)
    assert (await derivation.api.post(f"{derivation.backfill}/promote")).json()["left"] == 0
    assert await derivation.shown() == [OLD] + [NEW] * (VIDEOS - 1)
