"""Uploads in parts, after tus 1.0: what is here stays, whatever breaks off, and the last part makes the video."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.library.resumable import PART_BYTES, remove_expired_uploads
from moments_ray.library.upload import FORM_BYTES
from tests.integration.api.conftest import Library, problem

TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


def said(**fields: str) -> str:
    """An Upload-Metadata header."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items())


async def begun(api: httpx.AsyncClient, size: int, **fields: str) -> str:
    """Begin an upload and return where it is."""
    answer = await api.post(
        "/api/uploads", headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": said(**fields)}
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["upload-offset"] == "0"
    return answer.headers["location"]


async def send(api: httpx.AsyncClient, place: str, offset: int, content: bytes, **more: str) -> httpx.Response:
    """Send a part; names of headers are written with underscores."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return await api.patch(place, content=content, headers={**PART, "Upload-Offset": str(offset), **headers})


async def offset(api: httpx.AsyncClient, place: str) -> int:
    answer = await api.head(place, headers=TUS)
    assert (answer.status_code, answer.content) == (200, b"")
    return int(answer.headers["upload-offset"])


async def objects(library: Library) -> list[str]:
    """What is in the store of unfinished uploads."""
    return [each.name async for each in library.store.list("uploads/")]


async def test_what_is_spoken_is_told(api: httpx.AsyncClient) -> None:
    answer = await api.options("/api/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,expiration,termination,checksum"
    assert "sha1" in answer.headers["tus-checksum-algorithm"]
    assert answer.headers["tus-max-size"] == "3000000"
    assert f"max-append-size={PART_BYTES}" in answer.headers["upload-limit"]


async def test_parts_make_the_video_that_one_upload_makes(
    api: httpx.AsyncClient, library: Library, short_video: bytes
) -> None:
    third = len(short_video) // 3
    place = await begun(api, len(short_video), filename="../talk.mp4", type="video/mp4")
    for start in (0, third):
        answer = await send(api, place, start, short_video[start : start + third])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(start + third))
        assert answer.headers["upload-expires"].endswith("GMT")
    assert len(await objects(library)) == 2
    last = await send(api, place, 2 * third, short_video[2 * third :], accept="application/json")
    assert (last.status_code, last.headers["upload-offset"]) == (202, str(len(short_video)))
    assert last.headers["location"] == f"/api/runs/{last.json()['run']['identifier']}"
    video = last.json()["video"]
    assert video["title"] == "talk"
    (stored,) = [each async for each in library.store.list(f"videos/{video['identifier']}/")]
    assert b"".join([piece async for piece in library.store.open_range(stored.name)]) == short_video
    assert await objects(library) == []
    shown = (await api.get(place)).json()
    assert (shown["received"], shown["video"]["identifier"]) == (len(short_video), video["identifier"])
    assert shown["run"]["identifier"] == last.json()["run"]["identifier"]
    same = await api.post("/api/videos/upload", files={"file": ("b.mp4", short_video)})
    assert (same.status_code, same.json()["video"]["identifier"]) == (200, video["identifier"])


async def test_the_last_part_is_answered_as_the_protocol_says_unless_json_is_wanted(
    api: httpx.AsyncClient, short_video: bytes
) -> None:
    place = await begun(api, len(short_video))
    last = await send(api, place, 0, short_video)
    assert (last.status_code, last.content) == (204, b"")
    assert last.headers["location"].startswith("/api/runs/")
    assert await offset(api, place) == len(short_video)
    assert (await send(api, place, len(short_video), b"")).status_code == 204


async def test_options_start_the_whole_pipeline(api: httpx.AsyncClient, short_video: bytes) -> None:
    place = await begun(
        api, len(short_video), title="Mine", process="true", options=json.dumps({"count": 3, "priority": 7})
    )
    answer = (await send(api, place, 0, short_video, accept="application/json")).json()
    assert (answer["video"]["title"], answer["run"]["pipeline"], answer["run"]["priority"]) == ("Mine", "moments", 7)


async def test_a_webhook_keeps_its_secret_until_the_last_part(
    api: httpx.AsyncClient, library: Library, short_video: bytes
) -> None:
    secret = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
    webhook = {"url": "http://127.0.0.1:9/hook", "secret": secret}
    place = await begun(api, len(short_video), process="true", options=json.dumps({"webhook": webhook}))
    answer = await send(api, place, 0, short_video, accept="application/json")
    assert answer.status_code == 202, answer.text
    assert secret not in answer.text
    async with library.database.read() as session:
        run = await Runs(session).get(answer.json()["run"]["identifier"])
    assert (run.webhook_url, run.webhook_secret) == (webhook["url"], secret)


async def test_the_same_key_gives_the_same_run(api: httpx.AsyncClient, short_video: bytes) -> None:
    runs = set()
    for _ in range(2):
        headers = {**TUS, "Upload-Length": str(len(short_video)), "Idempotency-Key": "k", "Upload-Metadata": ""}
        place = (await api.post("/api/uploads", headers=headers)).headers["location"]
        runs.add((await send(api, place, 0, short_video)).headers["location"])
    assert len(runs) == 1


async def test_a_part_at_the_wrong_place_is_told_where_it_goes_on(api: httpx.AsyncClient, library: Library) -> None:
    place = await begun(api, 1000)
    await send(api, place, 0, b"x" * 300)
    for wrong in (0, 299, 301, 999):
        assert problem(await send(api, place, wrong, b"y" * 10), 409, "upload.offset")["offset"] == 300
    assert await offset(api, place) == 300
    problem(await send(api, place, 300, b"y" * 701), 413, "download.too_large")
    assert await offset(api, place) == 300
    assert len(await objects(library)) == 1


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
async def test_a_part_that_changed_on_its_way_is_not_taken(api: httpx.AsyncClient, algorithm: str) -> None:
    place = await begun(api, 1000)
    digest = base64.b64encode(hashlib.new(algorithm, b"x" * 300).digest()).decode()
    problem(await send(api, place, 0, b"y" * 300, upload_checksum=f"{algorithm} {digest}"), 460, "upload.checksum")
    assert await offset(api, place) == 0
    assert (await send(api, place, 0, b"x" * 300, upload_checksum=f"{algorithm} {digest}")).status_code == 204
    problem(await send(api, place, 300, b"x", upload_checksum="crc7 AAAA"), 400, "http.bad_request")


async def test_what_is_no_video_leaves_nothing(api: httpx.AsyncClient, library: Library) -> None:
    place = await begun(api, 5000)
    await send(api, place, 0, b"x" * 3000)
    problem(await send(api, place, 3000, b"x" * 2000), 422, "media.unsupported")
    assert await objects(library) == []
    assert (await api.head(place, headers=TUS)).status_code == 404


async def test_a_removed_upload_is_gone(api: httpx.AsyncClient, library: Library) -> None:
    place = await begun(api, 5000)
    await send(api, place, 0, b"x" * 3000)
    override = await api.post(place, headers={**TUS, "X-HTTP-Method-Override": "DELETE"})
    assert (override.status_code, override.headers["tus-resumable"]) == (204, "1.0.0")
    assert await objects(library) == []
    for answer in (await api.delete(place, headers=TUS), await send(api, place, 3000, b"x"), await api.get(place)):
        problem(answer, 404, "object.not_found")
        assert answer.headers["tus-resumable"] == "1.0.0"


async def test_an_upload_that_nobody_goes_on_with_is_cleared_away(
    api: httpx.AsyncClient, container: Container, library: Library
) -> None:
    old, young = await begun(api, 5000), await begun(api, 5000)
    for place in (old, young):
        await send(api, place, 0, b"x" * 3000)
    async with container.environment.database.begin() as session:
        expire = text("UPDATE uploads SET expires_at = now() - interval '1 s' WHERE identifier = :old")
        await session.execute(expire, {"old": old.rsplit("/", 1)[1]})
    problem(await send(api, old, 3000, b"x"), 404, "object.not_found")
    await remove_expired_uploads(container.environment)
    assert [name.split("/")[1] for name in await objects(library)] == [young.rsplit("/", 1)[1]]
    assert await offset(api, young) == 3000


@pytest.mark.parametrize(
    ("headers", "status", "told"),
    [
        ({"Upload-Length": "3000001"}, 413, "3,000,000"),
        ({"Upload-Length": "0"}, 422, "empty"),
        ({"Upload-Length": "many"}, 422, "upload-length"),
        ({"Upload-Length": "5", "Upload-Metadata": said(colour="red")}, 422, "colour"),
        ({"Upload-Length": "5", "Upload-Metadata": "title ???"}, 422, "'title'"),
        ({"Upload-Length": "5", "Upload-Metadata": said(options='{"cuont": 3}')}, 422, "cuont"),
        (
            {"Upload-Length": "5", "Upload-Metadata": said(options='{"min_seconds": 9, "max_seconds": 1}')},
            422,
            "minimum",
        ),
        ({"Upload-Length": "5", "Tus-Resumable": "0.2.2"}, 412, "1.0.0"),
    ],
)
async def test_what_cannot_be_taken_is_refused_before_the_first_byte(
    api: httpx.AsyncClient, headers: dict[str, str], status: int, told: str
) -> None:
    answer = await api.post("/api/uploads", headers={**TUS, **headers})
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert told in body["detail"]
    assert status != 412 or answer.headers["tus-version"] == "1.0.0"


async def test_a_part_is_bounded_and_so_is_a_form_which_names_the_other_way(api: httpx.AsyncClient) -> None:
    place = await begun(api, 3_000_000)
    problem(await send(api, place, 0, b"x" * (PART_BYTES + 1)), 413, "http.request_entity_too_large")
    problem(
        await api.patch(place, content=b"x", headers={**TUS, "Upload-Offset": "0"}), 415, "http.unsupported_media_type"
    )
    announced = {"content-type": "multipart/form-data; boundary=x", "content-length": str(FORM_BYTES * 2)}
    refused = problem(
        await api.post("/api/videos/upload", content=b"x", headers=announced), 413, "http.request_entity_too_large"
    )
    assert "/api/uploads" in refused["detail"]
