"""A store over another one: reads fall through, writes do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.errors import ObjectExists, ObjectMissing
from moments_ray.storage.directory import DirectoryStore
from moments_ray.storage.overlay import OverlayStore
from moments_ray.storage.signing import UrlSigner, signing_key


@pytest.fixture
def base(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "base", UrlSigner(signing_key(tmp_path / "key"), "http://127.0.0.1"))


@pytest.fixture
def overlay(base: DirectoryStore, tmp_path: Path) -> OverlayStore:
    signer = UrlSigner(signing_key(tmp_path / "key"), "http://127.0.0.1")
    return OverlayStore(base, DirectoryStore(tmp_path / "written", signer))


async def put(store: DirectoryStore | OverlayStore, name: str, data: bytes) -> None:
    await store.put_bytes(name, data, content_type="text/plain")


async def test_what_is_written_covers_what_is_below_and_leaves_it(base: DirectoryStore, overlay: OverlayStore) -> None:
    await put(base, "a/1", b"below")
    await put(base, "a/2", b"below too")
    await put(overlay, "a/2", b"written")
    await put(overlay, "a/3", b"new")
    assert [one.name async for one in overlay.list("a/")] == ["a/1", "a/2", "a/3"]
    assert [await overlay.read_range(name, 0, 9) for name in ("a/1", "a/2", "a/3")] == [b"below", b"written", b"new"]
    assert await base.read_range("a/2", 0, 9) == b"below too"
    assert not await base.exists("a/3")
    with pytest.raises(ObjectExists):
        await overlay.put_bytes("a/1", b"", content_type="text/plain", if_absent=True)
    await overlay.delete_prefix("a/")
    assert [one.name async for one in overlay.list()] == ["a/1", "a/2"]


async def test_an_object_is_promoted_from_either(base: DirectoryStore, overlay: OverlayStore) -> None:
    await put(base, "staging/1", b"staged below")
    await put(overlay, "staging/2", b"staged here")
    assert (await overlay.promote("staging/1", "final/1")).bytes == 12
    await overlay.promote("staging/2", "final/2")
    assert await overlay.read_range("final/1", 0, 20) == b"staged below"
    assert await base.exists("staging/1")
    assert not await base.exists("final/1")
    assert (await overlay.promote("staging/2", "final/2")).bytes == 11  # done already is done
    with pytest.raises(ObjectMissing):
        await overlay.promote("staging/3", "final/3")
