"""The node's cache over a store that is elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from moments_ray.errors import DiskFull, ObjectCorrupted, ObjectMissing, StorageError
from moments_ray.process.file_lock import FileLock
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.directory import DirectoryStore
from tests.far_store import SIGNER, FarStore

ROOT = Path(__file__).parents[3]
READER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from moments_ray.storage.cache import NodeCache
from tests.far_store import FarStore

async def main():
    store = FarStore(Path(sys.argv[2]))
    async with NodeCache(store, Path(sys.argv[3]), 10_000).open(store.uri("a")) as path:
        print(len(path.read_bytes()), store.downloads, flush=True)
        await asyncio.sleep(float(sys.argv[4]))

asyncio.run(main())
"""


@pytest.fixture
def far(tmp_path: Path) -> FarStore:
    return FarStore(tmp_path / "store")


async def put(store: DirectoryStore, name: str, size: int) -> str:
    return (await store.put_bytes(name, name[:1].encode() * size, content_type="video/mp4")).uri


def cache_of(far: FarStore, tmp_path: Path, max_bytes: int = 10_000) -> NodeCache:
    return NodeCache(far, tmp_path / "cache", max_bytes)


def held(tmp_path: Path) -> int:
    return sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def use(cache: NodeCache, uri: str) -> bytes:
    async with cache.open(uri) as path:
        return path.read_bytes()


async def test_a_directorys_object_is_given_in_place(tmp_path: Path) -> None:
    near = DirectoryStore(tmp_path / "store", SIGNER)
    uri = await put(near, "videos/1/a.mp4", 100)
    async with NodeCache(near, tmp_path / "cache", 10).open(uri) as path:
        assert path == await near.in_place("videos/1/a.mp4")
    assert not (tmp_path / "cache").exists()


async def test_an_object_is_fetched_once_and_keeps_its_suffix(far: FarStore, tmp_path: Path) -> None:
    uri = await put(far, "videos/1/a.mp4", 100)
    cache = cache_of(far, tmp_path)
    for _ in range(3):
        async with cache.open(uri) as path:
            assert path.suffix == ".mp4"
            assert path.read_bytes() == b"v" * 100
    assert far.downloads == 1


async def test_a_replaced_object_is_fetched_again(far: FarStore, tmp_path: Path) -> None:
    uri = await put(far, "a", 100)
    cache = cache_of(far, tmp_path)
    await use(cache, uri)
    await put(far, "a", 200)
    assert len(await use(cache, uri)) == 200


async def test_what_was_stored_from_a_file_here_is_never_loaded(far: FarStore, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"m" * 100)
    cache = cache_of(far, tmp_path)
    stored = await far.put_file("videos/1/made.mp4", made, content_type="video/mp4")
    assert await cache.bytes_to_load(stored.uri) == 100
    await cache.keep(stored, made)
    made.unlink()
    assert await cache.bytes_to_load(stored.uri) == 0
    assert await use(cache, stored.uri) == b"m" * 100
    assert far.downloads == 0


async def test_what_is_published_later_is_kept_under_the_name_that_it_will_have(far: FarStore, tmp_path: Path) -> None:
    made, near = tmp_path / "made", DirectoryStore(tmp_path / "near", SIGNER)
    made.write_bytes(b"m" * 100)
    for store in (near, far):
        cache = NodeCache(store, tmp_path / "cache", 10_000)
        stored = await store.put_file("staging/made.mp4", made, content_type="video/mp4")
        await cache.keep(stored, made, "videos/1/made.mp4")
        published = await store.promote("staging/made.mp4", "videos/1/made.mp4")
        assert await cache.bytes_to_load(published.uri) == 0
        assert await use(cache, published.uri) == b"m" * 100
    assert far.downloads == 0


async def test_what_has_no_room_is_not_kept_and_no_error(far: FarStore, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"m" * 100)
    stored = await far.put_file("made", made, content_type="video/mp4")
    for max_bytes in (50, 150):
        cache = cache_of(far, tmp_path, max_bytes)
        async with cache.open(await put(far, "a", 40)), cache.open(await put(far, "b", 10)):
            await cache.keep(stored, made)
            assert (await cache.bytes_to_load(stored.uri) == 0) == (max_bytes == 150)


async def test_many_at_once_in_several_processes_fetch_once(far: FarStore, tmp_path: Path) -> None:
    uri = await put(far, "a", 100)
    here = [use(cache_of(far, tmp_path), uri) for _ in range(5)]
    elsewhere = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", READER, str(ROOT), str(tmp_path / "store")),
            *(str(tmp_path / "cache"), "0"),
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    await asyncio.gather(*here)
    said = [(await process.communicate())[0].decode().split() for process in elsewhere]
    assert {size for size, _ in said} == {"100"}
    assert far.downloads + sum(int(downloads) for _, downloads in said) == 1


async def test_the_least_recently_used_goes_first(far: FarStore, tmp_path: Path) -> None:
    cache = cache_of(far, tmp_path, 250)
    uris = [await put(far, name, 100) for name in ("a", "b", "c")]
    for uri in (*uris[:2], uris[0]):
        await use(cache, uri)
        await asyncio.sleep(0.02)  # later than the tick of the file system's clock
    await use(cache, uris[2])
    assert held(tmp_path) == 200
    far.downloads = 0
    await use(cache, uris[0])
    assert far.downloads == 0
    await use(cache, uris[1])
    assert far.downloads == 1


async def test_what_is_in_use_stays_and_what_does_not_fit_beside_it_can_be_tried_later(
    far: FarStore, tmp_path: Path
) -> None:
    cache = cache_of(far, tmp_path, 250)
    first, second, third = [await put(far, name, 100) for name in ("a", "b", "c")]
    async with cache.open(first) as one, cache.open(second) as two:
        with pytest.raises(StorageError, match="full of objects in use") as caught:
            await use(cache, third)
        assert caught.value.retryable
        assert one.exists()
        assert two.exists()
    assert await use(cache, third) == b"c" * 100


async def test_what_another_process_uses_stays_until_it_dies(far: FarStore, tmp_path: Path) -> None:
    await put(far, "a", 100)
    other = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", READER, str(ROOT), str(tmp_path / "store")),
        *(str(tmp_path / "cache"), "60"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert other.stdout
    await other.stdout.readline()
    cache = cache_of(far, tmp_path, 150)
    uri = await put(far, "b", 100)
    with pytest.raises(StorageError, match="in use"):
        await use(cache, uri)
    other.kill()
    await other.communicate()
    assert await use(cache, uri) == b"b" * 100
    assert held(tmp_path) == 100


async def test_two_downloads_at_once_keep_the_bound_together(far: FarStore, tmp_path: Path) -> None:
    cache = cache_of(far, tmp_path, 150)
    uris = [await put(far, name, 100) for name in ("a", "b")]
    outcomes = await asyncio.gather(*(use(cache, uri) for uri in uris), return_exceptions=True)
    assert sorted(isinstance(outcome, StorageError) for outcome in outcomes) == [False, True]


async def test_an_object_larger_than_the_cache_is_refused_with_the_cure(far: FarStore, tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="MOMENTS_STORAGE__CACHE_BYTES"):
        await use(cache_of(far, tmp_path, 50), await put(far, "a", 100))


async def test_a_failed_download_leaves_nothing_and_is_tried_again(far: FarStore, tmp_path: Path) -> None:
    uri = await put(far, "a", 100)
    cache = cache_of(far, tmp_path)
    file = tmp_path / "store" / "objects" / "a"
    right = file.read_bytes()
    file.write_bytes(b"x" * 100)
    with pytest.raises(ObjectCorrupted):
        await use(cache, uri)
    assert held(tmp_path) == 0
    file.write_bytes(right)
    assert await use(cache, uri) == right
    with pytest.raises(ObjectMissing):
        await use(cache, far.uri("b"))


async def test_a_killed_download_is_cleared_away(far: FarStore, tmp_path: Path) -> None:
    uri = await put(far, "a", 100)
    cache = cache_of(far, tmp_path, 150)
    await use(cache, uri)
    entry = next(path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    os.truncate(entry / "object", 10)
    (entry / "reserved").write_bytes(b"")
    (entry / ".object.0.part").write_bytes(b"half")
    dead = tmp_path / "cache" / "dead"
    dead.mkdir()
    (dead / "reserved").write_bytes(b"x" * 140)
    assert await use(cache, uri) == b"a" * 100
    assert held(tmp_path) == 100


async def test_a_cancelled_wait_or_download_holds_nothing(far: FarStore, tmp_path: Path) -> None:
    uri = await put(far, "a", 100)
    cache = cache_of(far, tmp_path)
    first, second = asyncio.create_task(use(cache, uri)), asyncio.create_task(use(cache, uri))
    await until(lambda: any((tmp_path / "cache").glob("*/reserved")))
    for task in (second, first):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    for lock in (tmp_path / "cache").rglob("lock"):
        with FileLock(lock) as free:
            assert free.try_acquire()
    assert held(tmp_path) == 0
