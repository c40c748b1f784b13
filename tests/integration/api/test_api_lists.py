"""Lists as a library of thousands needs them: filtered, sorted, counted, with what is shown of each entry."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem


async def titles(api: httpx.AsyncClient, **asked: Any) -> list[str]:
    answer = await api.get("/api/videos", params=asked)
    assert answer.status_code == 200, answer.text
    return [video["title"] for video in answer.json()["items"]]


async def test_videos_are_found_by_title_state_and_what_they_have(api: httpx.AsyncClient, library: Library) -> None:
    first, second = await library.video("Bread & butter"), await library.video("100% rye")
    lost = await library.video("Lost", content=None)
    await library.finish(await library.run(lost), RunStatus.FAILED, error={"code": "download.failed", "message": "no"})
    await library.moment(first, 10, 20)
    await library.finish(await library.run(second))
    assert await titles(api, q="BREAD") == ["Bread & butter"]
    assert await titles(api, q="100%") == ["100% rye"]  # the sign stands for itself
    assert await titles(api, status="failed") == ["Lost"]
    assert await titles(api, status=["ready", "failed"]) == ["Lost", "100% rye", "Bread & butter"]
    assert await titles(api, run_status="completed") == ["100% rye"]
    assert await titles(api, has_moments=True) == ["Bread & butter"]
    assert await titles(api, source="example.org", min_duration=60) == ["100% rye", "Bread & butter"]
    assert await titles(api, source="org.evil") == []
    assert await titles(api, created_before="2001-01-01T00:00:00Z") == []
    problem(await api.get("/api/videos", params={"created_after": "yesterday"}), 422, "input.invalid")


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["C", "b", "A"]),
        ("oldest", ["A", "b", "C"]),
        ("title", ["A", "b", "C"]),
        ("longest", ["b", "C", "A"]),
        ("shortest", ["A", "C", "b"]),
        ("last_run", ["A", "C", "b"]),
    ],
)
async def test_videos_come_sorted_by_pages_with_their_number(
    api: httpx.AsyncClient, library: Library, sort: str, expected: list[str]
) -> None:
    made = [await library.video(title) for title in ("A", "b", "C")]
    async with library.database.begin() as session:
        for video, seconds in zip(made, (10.0, 30.0, 20.0), strict=True):
            await session.execute(
                text("UPDATE videos SET duration = :s WHERE id = :key"), {"s": seconds, "key": video.id}
            )
    await library.run(made[0])
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        asked: dict[str, Any] = {"sort": sort, "limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await api.get("/api/videos", params=asked)).json()
        assert (page["total"], page["total_is_exact"]) == (3, True)
        seen += [video["title"] for video in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (expected if sort != "last_run" else ["A", "C", "b"], None)


async def test_a_cursor_of_another_order_is_refused(api: httpx.AsyncClient, library: Library) -> None:
    for title in ("A", "B"):
        await library.video(title)
    cursor = (await api.get("/api/videos", params={"limit": 1})).json()["next_cursor"]
    for wrong in (cursor, "W10", "bm9uZQ", "WyJ0aXRsZSIsIHsiYSI6IDF9LCAxXQ"):
        problem(await api.get("/api/videos", params={"cursor": wrong, "sort": "title"}), 422, "input.invalid")


async def test_a_card_is_one_request(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    moment = await library.moment(video, 10, 20)
    await library.moment(video, 10, 19, parent=moment)
    await library.clip(video, moment)
    run = await library.run(video)
    asked = {"include": ["run", "counts", "thumbnail"]}
    (card,) = (await api.get("/api/videos", params=asked)).json()["items"]
    assert card["counts"] == {"moments": 1, "clips": 0}  # the clip is of a moment that another stands in the place of
    assert (card["run"]["identifier"], card["run"]["status"]) == (run.identifier, "queued")
    assert (await api.get(card["thumbnail"]["url"])).content == b"jpg"
    one = (await api.get(f"/api/videos/{video.identifier}", params=asked)).json()
    assert one["counts"] == card["counts"]
    (bare,) = (await api.get("/api/videos")).json()["items"]
    assert (bare["run"], bare["counts"], bare["thumbnail"]) == (None, None, None)


async def test_runs_are_found_by_several_states_words_and_time(api: httpx.AsyncClient, library: Library) -> None:
    video, other = await library.video("Bread"), await library.video("Butter")
    failed = await library.run(video)
    await library.finish(failed, RunStatus.FAILED)
    done = await library.run(video)
    await library.finish(done)
    waiting = await library.run(other)

    async def found(**asked: Any) -> list[str]:
        answer = (await api.get("/api/runs", params=asked)).json()
        assert answer["total"] == len(answer["items"])
        return [run["identifier"] for run in answer["items"]]

    assert await found(status=["failed", "completed"]) == [done.identifier, failed.identifier]
    assert await found(active=True) == [waiting.identifier]
    assert await found(active=False, status="queued") == []
    assert await found(q="bread", status="completed") == [done.identifier]
    assert await found(q=waiting.identifier[:8]) == [waiting.identifier]
    assert await found(video=other.identifier, priority=5) == [waiting.identifier]
    assert await found(since="2999-01-01T00:00:00Z") == []
    assert await found(sort="oldest") == [failed.identifier, done.identifier, waiting.identifier]
    (shown,) = (await api.get("/api/runs", params={"active": True, "include": "stages"})).json()["items"]
    assert shown["video"] == {"identifier": other.identifier, "title": "Butter"}
    assert [stage["status"] for stage in shown["stages"]] == ["pending"] * 8


async def test_a_run_says_what_it_was_asked_in_the_words_of_the_request(
    api: httpx.AsyncClient, library: Library
) -> None:
    video = await library.video()
    asked = {"count": 3, "topic": "bread", "metadata": {"ticket": 7}, "webhook": None}
    started = await api.post(f"/api/pipeline/{video.identifier}/start", json=asked)
    run = started.json()["run"]
    assert run["options"] == {"count": 3, "topic": "bread"}
    shown = (await api.get(f"/api/runs/{run['identifier']}")).json()
    assert (shown["options"], shown["metadata"]) == (run["options"], {"ticket": 7})
    assert shown["video"]["title"] == "A talk"


async def test_what_did_not_change_is_not_sent_again(api: httpx.AsyncClient, library: Library) -> None:
    await library.video()
    first = await api.get("/api/videos")
    same = await api.get("/api/videos", headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    await library.video()
    assert (await api.get("/api/videos", headers={"If-None-Match": first.headers["etag"]})).status_code == 200


async def test_a_video_that_came_by_another_address_is_found_by_its_content(
    api: httpx.AsyncClient, library: Library
) -> None:
    first, again, _ = [await library.video(title, bytes(title[:1], "ascii") * 100) for title in ("Reef", "Reef 2", "X")]
    shown = (await api.get(f"/api/videos/{again.identifier}", params={"include": "same"})).json()
    assert [each["identifier"] for each in shown["same"]] == [first.identifier]
    assert (await api.get(f"/api/videos/{again.identifier}")).json()["same"] is None
    listed = (await api.get("/api/videos", params={"include": ["same"]})).json()["items"]
    assert [len(each["same"]) for each in listed] == [0, 1, 1]
