"""Finding words in titles and in what was said."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from moments_ray.library.deletion import Deletion
from tests.integration.api.conftest import Library, problem


async def found(api: httpx.AsyncClient, words: str) -> list[tuple[Any, ...]]:
    items = (await api.get("/api/search", params={"q": words})).json()["items"]
    return sorted((hit["kind"], hit["start_time"], hit["text"]) for hit in items)


async def test_words_are_found_where_they_were_said(api: httpx.AsyncClient, library: Library) -> None:
    video, other = await library.video("Life on a reef"), await library.video("Deserts")
    await library.transcript(video, "The reef is bright. Fish hide here.")
    await library.transcript(other, "Sand is warm.")
    parent = await library.moment(video, 10, 30, title="Reef at dawn")
    child = await library.moment(video, 12, 28, title="Reef at night", parent=parent)
    assert await found(api, "REEF") == [
        ("moment", 12.0, "Reef at night"),
        ("title", None, "Life on a reef"),
        ("transcript", 0.0, "The reef is bright. Fish hide here."),
    ]
    assert await found(api, '"fish hide" -sand') == [("transcript", 0.0, "The reef is bright. Fish hide here.")]
    assert await found(api, "reef sand") == []
    (hit,) = (await api.get("/api/search", params={"q": "night"})).json()["items"]
    assert (hit["video"], hit["moment"], hit["end_time"]) == (video.identifier, child.identifier, 28.0)


async def test_a_hit_tells_when_its_word_is_spoken(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video("Talk")
    await library.transcript(video, "One two three. Unfish, FISH! hide here, fish.")
    (hit,) = (await api.get("/api/search", params={"q": "fish"})).json()["items"]
    assert (hit["start_time"], hit["word_time"]) == (0.0, 4.0)
    (phrase,) = (await api.get("/api/search", params={"q": '"hide here"'})).json()["items"]
    assert phrase["word_time"] == 5.0
    (title,) = (await api.get("/api/search", params={"q": "talk"})).json()["items"]
    assert title["word_time"] is None


async def test_what_was_heard_again_or_deleted_is_found_no_more(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video("Talk")
    await library.transcript(video, "first words")
    await library.transcript(video, "second thoughts")
    assert await found(api, "words") == []
    assert len(await found(api, "thoughts")) == 1
    await Deletion(library.container.environment, library.container.redis).delete(video.identifier)
    assert await found(api, "thoughts") == []


async def test_hits_come_by_pages(api: httpx.AsyncClient, library: Library) -> None:
    made = {(await library.video(f"reef {number}")).identifier for number in range(5)}
    first = (await api.get("/api/search", params={"q": "reef", "limit": 3})).json()
    rest = (await api.get("/api/search", params={"q": "reef", "limit": 3, "cursor": first["next_cursor"]})).json()
    assert {hit["video"] for hit in [*first["items"], *rest["items"]]} == made
    assert (len(rest["items"]), rest["next_cursor"]) == (2, None)


@pytest.mark.parametrize("words", ["'; DROP TABLE videos; --", "a & | ! <-> b:*", '"', "%_\\", "😀", "or or -"])
async def test_no_words_are_a_command(api: httpx.AsyncClient, library: Library, words: str) -> None:
    await library.video()
    assert (await api.get("/api/search", params={"q": words})).status_code == 200


async def test_words_that_cannot_be_looked_up_are_refused(api: httpx.AsyncClient) -> None:
    for words in ("", "a\x00b", "x" * 501):
        problem(await api.get("/api/search", params={"q": words}), 422, "input.invalid")
