"""What the API shows of videos, moments, transcripts and clips."""

from __future__ import annotations

import importlib.util
from urllib.parse import urlsplit

import httpx
import pytest

from moments_ray.engine.queries.journal import Journal
from moments_ray.states import ClipStatus
from tests.integration.api.conftest import Library, problem


async def test_a_list_comes_by_pages_newest_first_and_ends(api: httpx.AsyncClient, library: Library) -> None:
    made = [(await library.video(f"talk {number}")).identifier for number in range(5)]
    seen, cursor = [], None
    while True:
        page = (await api.get("/api/videos", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += [video["identifier"] for video in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    problem(await api.get("/api/videos", params={"cursor": "bm9uZQ"}), 422, "input.invalid")
    problem(await api.get("/api/videos", params={"limit": 0}), 422, "input.invalid")


async def test_a_video_is_shown_by_its_identifier_alone(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    shown = (await api.get(f"/api/videos/{video.identifier}")).json()
    assert (shown["title"], shown["status"], shown["duration"], shown["fps"]) == ("A talk", "ready", 120.0, 25.0)
    assert shown["created_at"].endswith("Z")
    problem(await api.get(f"/api/videos/{video.id}"), 404, "object.not_found")
    problem(await api.get("/api/videos/%00"), 422, "input.invalid")


async def test_a_refined_moment_stands_in_the_place_of_its_parent(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    first, late = await library.moment(video, 10, 30), await library.moment(video, 60, 80)
    older = await library.moment(video, 11, 29, parent=first)
    child = await library.moment(video, 12, 28, parent=first)
    address = f"/api/videos/{video.identifier}/moments"
    shown = (await api.get(address)).json()["items"]
    assert [moment["identifier"] for moment in shown] == [child.identifier, late.identifier]
    assert (shown[0]["parent_id"], shown[0]["is_refined"]) == (first.identifier, True)
    everything = (await api.get(address, params={"include": "all"})).json()["items"]
    expected = [first.identifier, older.identifier, child.identifier, late.identifier]
    assert [moment["identifier"] for moment in everything] == expected
    one = (await api.get(f"{address}/{child.identifier}")).json()
    assert one["provenance"][-1] == {
        "step": "snap",
        "start_time": 12.0,
        "end_time": 28.0,
        "reason": "to sentences",
        "title": None,
    }
    other = await library.video()
    problem(await api.get(f"/api/videos/{other.identifier}/moments/{child.identifier}"), 404, "object.not_found")


@pytest.mark.parametrize(
    ("kind", "media_type", "part"),
    [
        ("txt", "text/plain", "Hello there."),
        ("srt", "application/x-subrip", "00:00:00,000 --> "),
        ("vtt", "text/vtt", "WEBVTT"),
    ],
)
async def test_a_transcript_comes_in_the_formats_of_players(
    api: httpx.AsyncClient, library: Library, kind: str, media_type: str, part: str
) -> None:
    video = await library.video()
    address = f"/api/videos/{video.identifier}/transcript"
    problem(await api.get(address), 404, "object.not_found")
    await library.transcript(video)
    assert (await api.get(address)).json()["word_timestamps"][1] == {"word": "there.", "start": 1.0, "end": 1.8}
    answer = await api.get(address, params={"format": kind})
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert part in answer.text


async def test_media_is_reached_by_a_link_that_expires(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video(content=bytes(range(100)))
    moment = await library.moment(video, 1, 2)
    address = f"/api/videos/{video.identifier}"
    problem(await api.get(f"/api/clips/{moment.identifier}/stream"), 404, "object.not_found")
    await library.clip(video, moment)
    for path, content in (
        (f"{address}/stream", bytes(range(100))),
        (f"{address}/thumbnail", b"jpg"),
        (f"/api/clips/{moment.identifier}/stream", b"clip"),
    ):
        answer = await api.get(path)
        assert answer.status_code == 307
        assert (await api.get(answer.headers["location"])).content == content
        link = (await api.get(path, params={"redirect": "false"})).json()
        assert link.keys() == {"url", "expires_at"}
        assert (await api.get(link["url"])).content == content


async def test_a_link_serves_the_range_that_is_asked_for(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video(content=bytes(range(100)))
    link = (await api.get(f"/api/videos/{video.identifier}/stream")).headers["location"]
    for asked, start, end in (("bytes=10-19", 10, 20), ("bytes=90-", 90, 100), ("bytes=-5", 95, 100)):
        answer = await api.get(link, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, bytes(range(start, end)))
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/100"
    whole = await api.get(link, headers={"Range": "bytes=0-1,5-6"})
    assert (whole.status_code, len(whole.content), whole.headers["content-type"]) == (200, 100, "video/mp4")
    beyond = await api.get(link, headers={"Range": "bytes=100-"})
    problem(beyond, 416, "http.requested_range_not_satisfiable")
    assert beyond.headers["content-range"] == "bytes */100"
    changed = await api.get(link, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert changed.status_code == 200
    head = await api.head(link)
    assert (head.headers["content-length"], head.content) == ("100", b"")


async def test_a_link_that_was_changed_opens_nothing(api: httpx.AsyncClient, library: Library) -> None:
    video, other = await library.video(), await library.video()
    link = (await api.get(f"/api/videos/{video.identifier}/stream")).headers["location"]
    for changed in (
        link.replace(video.identifier, other.identifier),
        link.replace("expires=", "expires=9"),
        f"{link}&filename=evil.html",
    ):
        problem(await api.get(changed), 403, "link.invalid")
    problem(await api.get(urlsplit(link).path), 422, "input.invalid")


async def test_a_clip_s_captions_are_what_is_said_in_it_from_its_own_start(
    api: httpx.AsyncClient, library: Library
) -> None:
    video = await library.video()
    moment = await library.moment(video, 1.0, 3.0)
    problem(await api.get(f"/api/clips/{moment.identifier}/captions"), 404, "object.not_found")
    await library.transcript(video)
    await library.clip(video, moment)
    answer = await api.get(f"/api/clips/{moment.identifier}/captions", params={"format": "srt"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-subrip")
    assert answer.text == (
        "1\n00:00:00,000 --> 00:00:00,800\nHello there.\n\n2\n00:00:01,000 --> 00:00:02,000\nMoments are found.\n\n"
    )
    assert (await api.get(f"/api/clips/{moment.identifier}/captions")).text.startswith("WEBVTT")


async def test_clips_are_counted_by_how_they_stand(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    done, failed, none = [await library.moment(video, at, at + 5) for at in (0, 10, 20)]
    await library.clip(video, done)
    await library.clip(video, failed, status=ClipStatus.FAILED, error={"code": "cut.verify_failed"}, cloud_url=None)
    told = (await api.get(f"/api/videos/{video.identifier}/clip-extraction-status")).json()
    assert (told["status"], told["total"], told["completed"], told["failed"]) == ("pending", 3, 1, 1)
    by_moment = {clip["moment_id"]: clip for clip in told["clips"]}
    assert by_moment[failed.identifier]["error"] == {"code": "cut.verify_failed"}
    assert by_moment[none.identifier]["clip_id"] is None
    claim = await library.claim(await library.run(video))
    async with library.database.begin() as session:
        journal = Journal(session, claim)
        await journal.plan_items("CLIP_EXTRACTION", [(none.identifier, {})])
        await journal.fail_item("CLIP_EXTRACTION", none.identifier, {"code": "media.failed", "message": "no"}, of=1)
    told = (await api.get(f"/api/videos/{video.identifier}/clip-extraction-status")).json()
    assert (told["status"], told["failed"]) == ("failed", 2)
    assert told["clips"][-1]["error"]["code"] == "media.failed"


@pytest.mark.parametrize(
    ("kind", "media_type", "part"),
    [
        ("json", "application/json", '"title": "A moment"'),
        ("csv", "text/csv", "A moment,10.0,30.0"),
        ("srt", "application/x-subrip", "00:00:10,000 --> 00:00:30,000"),
        ("vtt", "text/vtt", "WEBVTT"),
        ("edl", "text/plain", "00:00:10:00 00:00:30:00"),
        ("otio", "application/vnd.opentimelineio+json", "Timeline.1"),
        ("fcpxml", "application/xml", "<fcpxml"),
        ("chapters", "text/plain", "0:10 A moment"),
    ],
)
async def test_moments_leave_for_other_programs(
    api: httpx.AsyncClient, library: Library, kind: str, media_type: str, part: str
) -> None:
    video = await library.video()
    await library.moment(video, 10, 30)
    answer = await api.get(f"/api/videos/{video.identifier}/moments/export", params={"format": kind})
    if kind in {"edl", "otio", "fcpxml"} and importlib.util.find_spec("opentimelineio") is None:
        problem(answer, 501, "export.unavailable")
        return
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert part in answer.text
    problem(await api.get(f"/api/videos/{video.identifier}/moments/export?format=exe"), 422, "input.invalid")
