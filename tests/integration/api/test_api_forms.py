"""A small file comes as a form: looked at, stored under a name of ours, refused at its limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.integration.api.conftest import Library, problem


async def test_an_upload_is_looked_at_and_stored_under_a_name_of_ours(
    api: httpx.AsyncClient, library: Library, short_video: bytes
) -> None:
    form: dict[str, Any] = {"files": {"file": ("../../-i 'evil'.mp4", short_video, "text/html")}}
    first = await api.post("/api/videos/upload", **form)
    assert first.status_code == 202, first.text
    video = first.json()["video"]
    assert video["title"] == "-i 'evil'"
    (stored,) = [each async for each in library.store.list(f"videos/{video['identifier']}/")]
    assert (stored.bytes, stored.content_type) == (len(short_video), "video/mp4")
    assert stored.name.rsplit("/", 1)[1].startswith("source-")
    again = await api.post("/api/videos/upload", files={"file": ("other.mp4", short_video)}, data={"title": "B"})
    assert (again.status_code, again.json()["video"]["identifier"]) == (200, video["identifier"])


async def test_an_upload_that_is_no_video_leaves_nothing(api: httpx.AsyncClient) -> None:
    for content in (b"#EXTM3U\nfile:///etc/passwd", b"x" * 5000):
        problem(await api.post("/api/videos/upload", files={"file": ("a.mp4", content)}), 422, "media.unsupported")
    problem(await api.post("/api/videos/upload", data={"title": "no file"}), 422, "input.invalid")
    assert (await api.get("/api/videos")).json()["items"] == []


async def test_an_option_that_is_no_field_of_the_form_is_refused_by_name(
    api: httpx.AsyncClient, short_video: bytes
) -> None:
    form: dict[str, Any] = {"files": {"file": ("a.mp4", short_video)}, "data": {"count": "3", "process": "true"}}
    assert "'count'" in problem(await api.post("/api/videos/upload", **form), 422, "input.invalid")["detail"]
    assert "'titel'" in problem(await api.get("/api/videos?titel=a"), 422, "input.invalid")["detail"]
    assert (await api.get("/api/videos")).json()["items"] == []


async def test_a_body_over_its_limit_is_refused_announced_or_not(api: httpx.AsyncClient) -> None:
    too_large = b"x" * 3_200_000
    answer = await api.post("/api/videos/upload", files={"file": ("a.mp4", too_large)})
    problem(answer, 413, "http.request_entity_too_large")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    headers = {"content-type": "application/json"}
    problem(await api.post("/api/videos", content=endless(), headers=headers), 413, "http.request_entity_too_large")
