"""Moments as people change them: clips that are out of date, two people at once, every way back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from moments_ray.database.tables import MomentRow, Video
from moments_ray.moments.editing import purge_deleted_moments
from tests.integration.api.conftest import Library, problem


@pytest.fixture
async def video(library: Library) -> Video:
    """A video with its bytes."""
    return await library.video()


@pytest.fixture
async def moment(library: Library, video: Video) -> MomentRow:
    """A moment that was refined, with its clip."""
    generated = await library.moment(video, 10, 30)
    refined = await library.moment(video, 12, 28, parent=generated)
    await library.clip(video, refined)
    return refined


class Desk:
    """Changes one moment as a page does."""

    def __init__(self, api: httpx.AsyncClient, video: Video, moment: MomentRow) -> None:
        self.list = f"/api/videos/{video.identifier}/moments"
        self.address = f"{self.list}/{moment.identifier}"
        self._api = api

    async def read(self) -> dict[str, Any]:
        shown: dict[str, Any] = (await self._api.get(self.address)).json()
        return shown

    async def shown(self) -> list[float]:
        return [each["start_time"] for each in (await self._api.get(self.list)).json()["items"]]

    async def patch(self, **changes: Any) -> dict[str, Any]:
        answer = await self._api.patch(self.address, json=changes)
        assert answer.status_code == 200, answer.text
        changed: dict[str, Any] = answer.json()
        return changed

    async def revert(self, to: str | int) -> dict[str, Any]:
        answer = await self._api.post(f"{self.address}/revert", json={"to": to})
        assert answer.status_code == 200, answer.text
        changed: dict[str, Any] = answer.json()
        return changed


@pytest.fixture
def desk(api: httpx.AsyncClient, video: Video, moment: MomentRow) -> Desk:
    return Desk(api, video, moment)


async def test_a_clip_is_stale_while_its_moment_has_other_edges(
    api: httpx.AsyncClient, library: Library, video: Video, desk: Desk
) -> None:
    extract = f"/api/videos/{video.identifier}/extract-clips"
    told = problem(await api.post(extract, json={"only_stale": True}), 422, "input.nothing_to_do")
    assert "out of date" in told["detail"]
    assert [clip["stale"] for clip in (await desk.read())["clips"]] == [False]
    assert [clip["stale"] for clip in (await desk.patch(title="Other words"))["clips"]] == [False]
    assert [clip["stale"] for clip in (await desk.patch(start_time=13.5))["clips"]] == [True]
    first = await api.post(extract, json={"only_stale": True})
    assert first.status_code == 202
    run = (await library.container.run_service.cancel(first.json()["run"]["identifier"])).identifier
    assert [clip["stale"] for clip in (await desk.revert("edits"))["clips"]] == [False]
    await desk.patch(start_time=13.5)  # the same edges again are another version: they are cut again
    second = await api.post(extract, json={"only_stale": True})
    assert (second.status_code, second.json()["run"]["identifier"] == run) == (202, False)


async def test_a_change_of_edges_has_the_newest_clip_cut_again_unless_a_run_is_active(
    api: httpx.AsyncClient, library: Library, video: Video, moment: MomentRow, desk: Desk
) -> None:
    await library.clip(video, moment, "vertical")
    only_titled = await api.patch(desk.address, params={"recut": True}, json={"title": "Other words"})
    assert (only_titled.status_code, "location" in only_titled.headers) == (200, False)
    moved = await api.patch(desk.address, params={"recut": True}, json={"start_time": 13.5})
    assert [clip["stale"] for clip in moved.json()["clips"]] == [True, True]
    run = (await api.get(moved.headers["location"])).json()
    assert (run["options"]["preset"], run["options"]["moment_ids"]) == ("vertical", [moment.identifier])
    refused = await api.patch(desk.address, params={"recut": True}, json={"start_time": 15.0})
    assert problem(refused, 409, "run.active")["run"] == run["identifier"]
    assert (await desk.read())["start_time"] == 13.5


async def test_a_change_that_did_not_see_the_last_one_is_refused(api: httpx.AsyncClient, desk: Desk) -> None:
    read = await api.get(desk.address)
    assert (await api.get(desk.address, headers={"If-None-Match": read.headers["etag"]})).status_code == 304
    changed = await api.patch(desk.address, json={"title": "Mine"}, headers={"If-Match": read.headers["etag"]})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    for late in (read.headers["etag"], '"1"', "nonsense"):
        headers = {"If-Match": late}
        told = problem(await api.patch(desk.address, json={"title": "Yours"}, headers=headers), 412, "object.changed")
        assert told["version"] == 2
        problem(await api.post(f"{desk.address}/revert", headers=headers), 412, "object.changed")
        problem(await api.delete(desk.address, headers=headers), 412, "object.changed")
    assert (await desk.read())["title"] == "Mine"
    assert (await api.delete(desk.address, headers={"If-Match": '"2"'})).status_code == 204


async def test_a_moment_goes_back_to_any_of_its_steps_and_forward_again(desk: Desk) -> None:
    await desk.patch(title="Better", start_time=14)
    await desk.patch(end_time=26)
    generated = await desk.revert("generated")
    assert (generated["start_time"], generated["end_time"], generated["title"]) == (10.0, 30.0, "A moment")
    refined = await desk.revert(1)
    assert (refined["start_time"], refined["end_time"], refined["title"]) == (12.0, 28.0, "A moment")
    edited = await desk.revert(3)
    assert (edited["start_time"], edited["end_time"], edited["title"]) == (14.0, 26.0, "Better")
    steps = [step["step"] for step in edited["provenance"]]
    assert steps == ["snap", "snap", "edit", "edit", "edit", "edit", "edit"]
    assert (await desk.revert("edits"))["start_time"] == 12.0
    answer = await desk._api.post(f"{desk.address}/revert", json={"to": 40})
    problem(answer, 422, "input.invalid")


async def test_what_was_deleted_comes_back_and_is_gone_for_good_after_thirty_days(
    api: httpx.AsyncClient, library: Library, video: Video, desk: Desk
) -> None:
    assert (await api.delete(desk.address)).status_code == 204
    assert await desk.shown() == [10.0]  # in its place stands what it was refined from
    problem(await api.get(desk.address), 404, "object.not_found")
    (gone,) = (await api.get(desk.list, params={"include": "deleted"})).json()["items"]
    assert gone["deleted_at"] is not None
    assert (await api.post(f"{desk.address}/restore")).json()["deleted_at"] is None
    assert await desk.shown() == [12.0]
    assert (await api.delete(desk.address, params={"parents": True})).status_code == 204
    assert await desk.shown() == []
    await api.post(f"{desk.address}/restore")
    assert await desk.shown() == [12.0]
    await api.delete(desk.address, params={"parents": True})
    clips = f"videos/{video.identifier}/clips/"
    await purge_deleted_moments(library.container.environment)
    assert [each.name async for each in library.store.list(clips)] != []
    async with library.database.begin() as session:
        await session.execute(text("UPDATE moments SET deleted_at = deleted_at - interval '31 days'"))
    await purge_deleted_moments(library.container.environment)
    assert [each.name async for each in library.store.list(clips)] == []
    problem(await api.post(f"{desk.address}/restore"), 404, "object.not_found")


async def test_clips_come_with_links_and_a_picture(
    api: httpx.AsyncClient, library: Library, video: Video, moment: MomentRow, desk: Desk
) -> None:
    picture = await library.store.put_bytes(
        f"videos/{video.identifier}/thumbnails/clip-1.jpg", b"frame", content_type="image/jpeg"
    )
    problem(await api.get(f"/api/clips/{moment.identifier}/thumbnail"), 404, "object.not_found")
    async with library.database.begin() as session:
        await session.execute(
            text("INSERT INTO thumbnails (clip_id, cloud_url) SELECT id, :uri FROM clips"), {"uri": picture.uri}
        )
    ((clip,),) = [each["clips"] for each in (await api.get(desk.list, params={"links": True})).json()["items"]]
    assert (await api.get(clip["url"])).content == b"clip"
    assert (await api.get(clip["thumbnail_url"])).content == b"frame"
    redirect = await api.get(f"/api/clips/{moment.identifier}/thumbnail")
    assert (await api.get(redirect.headers["location"])).content == b"frame"
