"""What every object store does, whichever it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moments_ray.errors import InvalidRequest, ObjectExists, ObjectMissing
from moments_ray.storage.object_store import Checksum, ObjectStore

BYTES = bytes(range(256)) * 20


async def put(store: ObjectStore, name: str, data: bytes = b"x") -> None:
    await store.put_bytes(name, data, content_type="application/octet-stream")


async def read(store: ObjectStore, name: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.open_range(name, start, length)])


async def names(store: ObjectStore, prefix: str = "") -> list[str]:
    return [found.name async for found in store.list(prefix)]


def checksum(data: bytes) -> str:
    value = Checksum()
    value.update(data)
    return str(value)


def files_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_what_is_put_is_what_is_got(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(BYTES)
    stored = await store.put_file("videos/1/source-a.mp4", source, content_type="video/mp4")
    assert (stored.name, stored.bytes, stored.content_type) == ("videos/1/source-a.mp4", len(BYTES), "video/mp4")
    assert stored.checksum == checksum(BYTES)
    assert await store.get_file("videos/1/source-a.mp4", target) == stored
    assert target.read_bytes() == BYTES
    assert await store.stat("videos/1/source-a.mp4") == stored
    assert files_in(tmp_path) == ["source", "target"]


@pytest.mark.parametrize("size", [0, 1, 262_144, 3_000_001])
async def test_objects_of_any_size_come_back(store: ObjectStore, tmp_path: Path, size: int) -> None:
    data = (BYTES * (size // len(BYTES) + 1))[:size]
    stored = await store.put_bytes("a", data, content_type="text/plain")
    assert (stored.bytes, stored.checksum) == (size, checksum(data))
    assert await read(store, "a") == data
    await store.get_file("a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == data


async def test_a_later_object_replaces_an_earlier_one_unless_absence_is_asked(store: ObjectStore) -> None:
    await put(store, "a", b"first")
    await put(store, "a", b"second")
    with pytest.raises(ObjectExists, match="'a'"):
        await store.put_bytes("a", b"third", content_type="text/plain", if_absent=True)
    assert await read(store, "a") == b"second"
    await store.put_bytes("b", b"first", content_type="text/plain", if_absent=True)
    assert await read(store, "b") == b"first"


async def test_of_those_who_ask_for_absence_at_once_one_wins(store: ObjectStore) -> None:
    async def claim(number: int) -> int | None:
        try:
            await store.put_bytes("a", str(number).encode(), content_type="text/plain", if_absent=True)
        except ObjectExists:
            return None
        return number

    winners = [number for number in await asyncio.gather(*map(claim, range(8))) if number is not None]
    assert [str(winner).encode() for winner in winners] == [await read(store, "a")]


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, 10, BYTES[:10]),
        (5000, 50, BYTES[5000:5050]),
        (len(BYTES) - 3, 100, BYTES[-3:]),
        (len(BYTES), 1, b""),
        (len(BYTES) + 7, 5, b""),
        (3, 0, b""),
        (0, len(BYTES), BYTES),
    ],
)
async def test_ranges_end_where_the_object_ends(store: ObjectStore, start: int, length: int, expected: bytes) -> None:
    await put(store, "a", BYTES)
    assert await store.read_range("a", start, length) == expected
    assert await read(store, "a", start, length) == expected
    assert await read(store, "a", start) == BYTES[start:]


async def test_what_is_not_there_is_missing(store: ObjectStore, tmp_path: Path) -> None:
    assert not await store.exists("no/such")
    for attempt in (
        store.stat("no/such"),
        store.read_range("no/such", 0, 1),
        store.get_file("no/such", tmp_path / "file"),
        store.promote("no/such", "target"),
        read(store, "no/such"),
    ):
        with pytest.raises(ObjectMissing, match="no/such"):
            await attempt
    assert files_in(tmp_path) == []


async def test_deleting_twice_is_deleting_once(store: ObjectStore) -> None:
    await put(store, "a")
    await store.delete("a")
    await store.delete("a")
    assert not await store.exists("a")


async def test_objects_are_listed_by_prefix_in_the_order_of_their_names(store: ObjectStore) -> None:
    for name in ("v/1/b", "v/1/a", "v/1-x", "v/10/a", "v/1.json", "w"):
        await put(store, name)
    assert await names(store) == ["v/1-x", "v/1.json", "v/1/a", "v/1/b", "v/10/a", "w"]
    assert await names(store, "v/1/") == ["v/1/a", "v/1/b"]
    assert await names(store, "v/1") == ["v/1-x", "v/1.json", "v/1/a", "v/1/b", "v/10/a"]
    assert await names(store, "nothing/here") == []
    listed = [found async for found in store.list("w")]
    assert listed == [await store.stat("w")]


async def test_a_folder_is_deleted_without_its_neighbours(store: ObjectStore) -> None:
    for name in ("v/1/a", "v/1/b/c", "v/10/a", "v/1x"):
        await put(store, name)
    assert await store.delete_prefix("v/1/") == 2
    assert await store.delete_prefix("v/1/") == 0
    assert await names(store) == ["v/10/a", "v/1x"]
    with pytest.raises(InvalidRequest, match="slash"):
        await store.delete_prefix("v/1")


async def test_a_staged_object_is_promoted_once_however_often_it_is_asked(store: ObjectStore) -> None:
    staged = await store.put_bytes("staged/a", BYTES, content_type="video/mp4")
    promoted = await store.promote("staged/a", "final/a")
    assert (promoted.name, promoted.checksum, promoted.content_type) == ("final/a", staged.checksum, "video/mp4")
    assert await names(store) == ["final/a"]
    assert await store.promote("staged/a", "final/a") == promoted
    assert await read(store, "final/a") == BYTES


async def test_promotion_replaces_what_was_there(store: ObjectStore) -> None:
    await put(store, "final/a", b"old")
    await put(store, "staged/a", b"new")
    await store.promote("staged/a", "final/a")
    assert await read(store, "final/a") == b"new"


async def test_a_uri_leads_back_to_its_name_in_its_store_only(store: ObjectStore) -> None:
    stored = await store.put_bytes("videos/1/a.mp4", b"x", content_type="video/mp4")
    assert stored.uri == store.uri("videos/1/a.mp4")
    assert store.name_of(stored.uri) == "videos/1/a.mp4"
    for foreign in ("https://example.com/a", "gs://another-bucket/a", "file-store://host/a", "file:///etc/passwd", "a"):
        with pytest.raises(InvalidRequest):
            store.name_of(foreign)
    with pytest.raises(InvalidRequest):
        store.name_of(store.uri("a") + "/../../b")


async def test_names_are_checked_by_every_method(store: ObjectStore, tmp_path: Path) -> None:
    bad = "a/../../b"
    for attempt in (
        store.put_bytes(bad, b"", content_type="text/plain"),
        store.get_file(bad, tmp_path / "file"),
        store.read_range(bad, 0, 1),
        read(store, bad),
        store.stat(bad),
        store.exists(bad),
        names(store, bad),
        store.delete(bad),
        store.delete_prefix(bad + "/"),
        store.promote(bad, "a"),
        store.promote("a", bad),
        store.signed_url(bad, 60),
        store.in_place(bad),
    ):
        with pytest.raises(InvalidRequest):
            await attempt


async def test_a_signed_url_names_the_object_and_its_end(store: ObjectStore) -> None:
    await put(store, "videos/1/a.mp4")
    signed = await store.signed_url("videos/1/a.mp4", 600, filename='my "talk".mp4')
    assert "videos/1/a.mp4" in signed.url
    assert signed.expires_at.tzinfo is not None
    assert signed.url != (await store.signed_url("videos/1/a.mp4", 600)).url
