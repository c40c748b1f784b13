"""What only a directory can suffer: other writers, kill -9, full disks and curious hands."""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moments_ray.errors import DiskFull, ObjectCorrupted, ObjectExists, ObjectMissing
from moments_ray.settings import Settings
from moments_ray.storage.directory import DirectoryStore
from moments_ray.storage.factory import open_store
from moments_ray.storage.object_files import ObjectFiles
from moments_ray.storage.signing import UrlSigner

WRITER = """
import os, signal, sys
from pathlib import Path
from moments_ray.storage.object_files import ObjectFiles, Record
from moments_ray.storage.object_store import Checksum

root, step, action = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
files = ObjectFiles(root)
steps = 0

def die_at(event, arguments):
    global steps
    if event in ("os.rename", "os.remove") and str(root) in str(arguments[0]):
        steps += 1
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die_at)
if action == "put":
    with files.staged() as (path, descriptor):
        os.write(descriptor, b"new")
        checksum = Checksum()
        checksum.update(b"new")
        record = Record(name="a/b", bytes=3, checksum=str(checksum), content_type="text/plain",
                        moved_from=str(path.relative_to(root)))
        files.publish(record, if_absent=False)
else:
    files.promote("staged/b", "a/b")
"""


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return reopened(tmp_path / "store")


def reopened(root: Path) -> DirectoryStore:
    return DirectoryStore(root, UrlSigner(b"k" * 32, "http://127.0.0.1:7005"))


def files_under(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


async def put(store: DirectoryStore, name: str, data: bytes) -> None:
    await store.put_bytes(name, data, content_type="text/plain")


async def get(store: DirectoryStore, name: str) -> bytes:
    return b"".join([piece async for piece in store.open_range(name)])


async def test_an_object_is_a_file_of_its_own_name(store: DirectoryStore, tmp_path: Path) -> None:
    await put(store, "videos/1/source-a.mp4", b"moving")
    assert (tmp_path / "store" / "objects" / "videos" / "1" / "source-a.mp4").read_bytes() == b"moving"
    path = await store.in_place("videos/1/source-a.mp4")
    assert path == tmp_path / "store" / "objects" / "videos" / "1" / "source-a.mp4"


@pytest.mark.parametrize("step", range(1, 6))
@pytest.mark.parametrize("action", ["put", "promote"])
async def test_a_writer_killed_at_any_step_leaves_the_old_object_or_the_new(
    store: DirectoryStore, tmp_path: Path, step: int, action: str
) -> None:
    await put(store, "a/b", b"old")
    await put(store, "staged/b", b"new")
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", WRITER, str(tmp_path / "store"), str(step), action], check=False
    )
    assert ended.returncode in {0, -signal.SIGKILL}
    content = await get(store, "a/b")  # verified against its record
    assert content in {b"old", b"new"}
    assert ended.returncode != 0 or content == b"new"
    if action == "promote":
        await store.promote("staged/b", "a/b")  # doing it again is right whatever was done
        assert await get(store, "a/b") == b"new"
        assert not await store.exists("staged/b")
    again = reopened(tmp_path / "store")
    assert await get(again, "a/b") in {b"old", b"new"}
    assert files_under(tmp_path / "store" / "staging") == []


async def test_a_killed_upload_is_cleared_away_and_a_living_one_is_not(store: DirectoryStore, tmp_path: Path) -> None:
    root = tmp_path / "store"
    (root / "staging" / "of-a-dead-writer").write_bytes(b"half")
    with ObjectFiles(root).staged() as (path, _):
        reopened(root)
        assert files_under(root / "staging") == [path.name]


async def test_a_cancelled_upload_leaves_nothing(store: DirectoryStore, tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(2 * 1024**3)
    upload = asyncio.create_task(store.put_file("a", big, content_type="video/mp4"))
    while not any(path.stat().st_size for path in (tmp_path / "store" / "staging").iterdir()):
        await asyncio.sleep(0.01)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert files_under(tmp_path / "store" / "staging") == []
    assert not await store.exists("a")


async def test_a_failed_download_leaves_nothing(store: DirectoryStore, tmp_path: Path) -> None:
    await put(store, "a", b"right")
    (tmp_path / "store" / "objects" / "a").write_bytes(b"wrong")
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(ObjectCorrupted, match="do not match their checksum"):
        await store.get_file("a", target / "file")
    assert files_under(target) == []


@pytest.mark.parametrize("found", [b"wrong", b"righ", b"right and more", b""])
async def test_changed_bytes_are_noticed_when_the_whole_object_is_read(
    store: DirectoryStore, tmp_path: Path, found: bytes
) -> None:
    await put(store, "a", b"right")
    (tmp_path / "store" / "objects" / "a").write_bytes(found)
    with pytest.raises(ObjectCorrupted):
        await get(store, "a")


async def test_a_file_without_a_record_or_a_record_without_a_file_is_no_object(
    store: DirectoryStore, tmp_path: Path
) -> None:
    await put(store, "a", b"a")
    await put(store, "b", b"b")
    (tmp_path / "store" / "objects" / "a").unlink()
    (tmp_path / "store" / "records" / "b.json").unlink()
    assert [found.name async for found in store.list()] == []
    for name in ("a", "b"):
        with pytest.raises(ObjectMissing):
            await store.stat(name)
        await store.put_bytes(name, b"new", content_type="text/plain", if_absent=True)
        assert await get(store, name) == b"new"


async def test_a_name_is_an_objects_or_a_folders(store: DirectoryStore) -> None:
    await put(store, "a/b", b"1")
    for clashing in ("a", "a/b/c"):
        with pytest.raises(ObjectExists, match="cannot be stored"):
            await put(store, clashing, b"2")
    assert not await store.exists("a/b/c")
    await store.delete("a")
    await store.delete("a/b/c")
    assert await get(store, "a/b") == b"1"


async def test_folders_go_with_their_last_object(store: DirectoryStore, tmp_path: Path) -> None:
    await put(store, "videos/1/a", b"1")
    await put(store, "videos/2/a", b"2")
    await store.delete("videos/1/a")
    assert sorted(path.name for path in (tmp_path / "store" / "objects" / "videos").iterdir()) == ["2"]
    await store.delete_prefix("videos/")
    assert [*(tmp_path / "store" / "objects").iterdir(), *(tmp_path / "store" / "records").iterdir()] == []


async def test_writers_of_one_name_do_not_mix(store: DirectoryStore) -> None:
    contents = [bytes([number]) * (number + 1) for number in range(20)]
    await asyncio.gather(*(put(store, "a", content) for content in contents))
    assert await get(store, "a") in contents


async def test_readers_get_one_version_while_another_is_written(store: DirectoryStore) -> None:
    await put(store, "a", b"x")

    async def write() -> None:
        for number in range(20):
            await put(store, "a", bytes([number]) * 1000)

    writing = asyncio.create_task(write())
    while not writing.done():
        await get(store, "a")  # verified
    await writing


async def test_a_disk_that_is_full_is_said_to_be_and_nothing_stays(store: DirectoryStore, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        with pytest.raises(DiskFull, match=r"no space for 100,000 bytes"):
            await put(store, "a", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files_under(tmp_path / "store") == ["lock"]


async def test_room_is_looked_for_before_anything_is_written(store: DirectoryStore, tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(8 * 1024**4)
    with pytest.raises(DiskFull, match="MOMENTS_HOME"):
        await store.put_file("a", huge, content_type="video/mp4")


async def test_the_settings_store_is_under_home_and_signs_with_its_key(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path / "home", "backend_port": 7123, "gcs_bucket_name": None})
    store = open_store(settings)
    await store.put_bytes("a", b"x", content_type="text/plain")
    assert (tmp_path / "home" / "store" / "objects" / "a").exists()
    signed = await store.signed_url("a", 60)
    assert signed.url.startswith("http://127.0.0.1:7123/objects/a?expires=")
    assert (tmp_path / "home" / "signing.key").exists()


async def pieces(iterator: AsyncIterator[bytes]) -> list[int]:
    return [len(piece) async for piece in iterator]


async def test_streams_come_in_pieces_of_at_most_a_mebibyte(store: DirectoryStore) -> None:
    await put(store, "a", b"x" * (2 * 1024**2 + 5))
    assert await pieces(store.open_range("a")) == [1024**2, 1024**2, 5]
    assert await pieces(store.open_range("a", 3, 1024**2 + 1)) == [1024**2, 1]
