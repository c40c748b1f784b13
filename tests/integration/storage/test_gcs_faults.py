"""A bucket behind a network that fails: what arrives is right, or the error says what is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud import storage

from moments_ray.errors import (
    ObjectCorrupted,
    ObjectExists,
    ObjectMissing,
    StorageError,
    StorageForbidden,
)
from moments_ray.settings import Settings
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.factory import open_store
from moments_ray.storage.gcs import GoogleStore
from moments_ray.storage.gcs_media import RetryLimits

if TYPE_CHECKING:
    from tests.integration.storage.conftest import FaultyNetwork

PIECE = 256 * 1024
BYTES = bytes(range(256)) * (5 * PIECE // 512)  # two pieces and a half
SESSION = "upload_id="
MEDIA = "alt=media"


async def put(bucket: GoogleStore, *, if_absent: bool = False) -> None:
    stored = await bucket.put_bytes("a", BYTES, content_type="video/mp4", if_absent=if_absent)
    assert stored.bytes == len(BYTES)


async def content(bucket: GoogleStore) -> bytes:
    return b"".join([piece async for piece in bucket.open_range("a")])


@pytest.mark.parametrize("status", [408, 429, 500, 503])
@pytest.mark.parametrize(("method", "where"), [("POST", "uploadType"), ("PUT", SESSION)])
async def test_an_upload_survives_a_service_that_is_busy(
    bucket: GoogleStore, network: FaultyNetwork, status: int, method: str, where: str
) -> None:
    network.answer(status, method, where, times=2)
    await put(bucket)
    assert await content(bucket) == BYTES


@pytest.mark.parametrize("arrived", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("if_absent", [False, True])
async def test_an_upload_goes_on_where_its_connection_broke(
    bucket: GoogleStore, network: FaultyNetwork, arrived: float, if_absent: bool
) -> None:
    network.reset("PUT", SESSION, arrived=arrived)
    await put(bucket, if_absent=if_absent)
    assert await content(bucket) == BYTES
    sent = sum(len(request.body) for request in network.requests if request.method == "PUT")
    assert sent == len(BYTES) + int(PIECE * (1 - arrived))  # what had arrived is not sent again


@pytest.mark.parametrize("if_absent", [False, True])
async def test_an_upload_whose_last_answer_was_lost_is_done(
    bucket: GoogleStore, network: FaultyNetwork, if_absent: bool
) -> None:
    network.reset("PUT", SESSION, arrived=1.0)
    stored = await bucket.put_bytes("a", b"small", content_type="text/plain", if_absent=if_absent)
    assert (await bucket.stat("a")).checksum == stored.checksum
    with pytest.raises(ObjectExists):
        await bucket.put_bytes("a", b"small", content_type="text/plain", if_absent=True)


async def test_an_upload_that_stalls_is_begun_again_at_what_arrived(
    network: FaultyNetwork, account: Credentials, bucket: GoogleStore
) -> None:
    hasty = store_of(bucket, account, silence_seconds=0.5)
    network.stall("PUT", SESSION)
    await put(hasty)
    assert await content(hasty) == BYTES
    await hasty.close()


async def test_bytes_changed_on_the_way_up_never_become_an_object(bucket: GoogleStore, network: FaultyNetwork) -> None:
    network.flip("PUT", SESSION)
    await put(bucket)
    assert await content(bucket) == BYTES
    await bucket.delete("a")
    network.flip("PUT", SESSION, times=100)
    with pytest.raises(ObjectCorrupted, match="gs://moments-test/a"):
        await put(bucket)
    assert not await bucket.exists("a")


async def test_bytes_changed_on_the_way_down_are_fetched_again_and_never_kept(
    bucket: GoogleStore, network: FaultyNetwork, tmp_path: Path
) -> None:
    await put(bucket)
    network.flip("GET", MEDIA)
    await bucket.get_file("a", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BYTES
    network.flip("GET", MEDIA, times=100)
    with pytest.raises(ObjectCorrupted, match="do not match"):
        await bucket.get_file("a", tmp_path / "other")
    with pytest.raises(ObjectCorrupted):
        await content(bucket)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


async def test_a_download_goes_on_where_its_connection_broke(bucket: GoogleStore, network: FaultyNetwork) -> None:
    await put(bucket)
    network.answer(503, "GET", MEDIA)
    network.reset("GET", MEDIA)
    network.cut_short("GET", MEDIA)
    assert await content(bucket) == BYTES
    assert network.count("GET", MEDIA) == 3 + 3


async def test_a_download_that_stalls_is_asked_again(
    network: FaultyNetwork, account: Credentials, bucket: GoogleStore
) -> None:
    await put(bucket)
    hasty = store_of(bucket, account, silence_seconds=0.5)
    network.stall("GET", MEDIA)
    assert await hasty.read_range("a", 100, 50) == BYTES[100:150]
    await hasty.close()


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_access_is_not_tried_again(bucket: GoogleStore, network: FaultyNetwork, status: int) -> None:
    await put(bucket)
    network.requests.clear()
    network.answer(status, "GET", MEDIA)
    with pytest.raises(StorageForbidden, match="GCS_CREDENTIALS_PATH") as caught:
        await bucket.read_range("a", 0, 1)
    assert not caught.value.retryable
    network.answer(403, "PUT", SESSION)
    with pytest.raises(StorageForbidden):
        await put(bucket)
    network.answer(403, "POST", "uploadType")
    with pytest.raises(StorageForbidden):
        await put(bucket)
    assert (network.count("GET", MEDIA), network.count("PUT", SESSION)) == (1, 1)


async def test_a_service_that_stays_away_is_a_retryable_error_after_a_bounded_time(
    bucket: GoogleStore, network: FaultyNetwork
) -> None:
    network.answer(503, "PUT", SESSION, times=100)
    network.answer(503, "GET", "/o/", times=100)
    for attempt in (put(bucket), bucket.stat("a"), bucket.read_range("a", 0, 1)):
        with pytest.raises(StorageError, match="Google Cloud Storage failed") as caught:
            await attempt
        assert caught.value.retryable


async def test_an_upload_whose_session_is_lost_gets_another(bucket: GoogleStore, network: FaultyNetwork) -> None:
    network.answer(410, "PUT", SESSION)
    await put(bucket)
    assert await content(bucket) == BYTES
    network.answer(404, "PUT", SESSION, times=100)
    with pytest.raises(StorageError, match="lost 3 uploads") as caught:
        await put(bucket)
    assert caught.value.retryable


async def test_a_cancelled_transfer_ends(bucket: GoogleStore, network: FaultyNetwork) -> None:
    await bucket.put_bytes("b", BYTES, content_type="video/mp4")
    network.stall("PUT", SESSION)
    network.stall("GET", MEDIA)
    for transfer in (put(bucket), bucket.read_range("b", 0, 10)):
        running = asyncio.create_task(transfer)
        await asyncio.sleep(0.3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert not await bucket.exists("a")


async def test_a_bucket_that_is_not_there_is_named(network: FaultyNetwork, bucket: GoogleStore) -> None:
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]  # theirs
    client = storage.Client(project="-", credentials=anonymous, client_options={"api_endpoint": network.url})
    elsewhere = GoogleStore(client, anonymous, "no-such-bucket", RetryLimits(attempts=1))
    with pytest.raises(StorageForbidden, match=r"no-such-bucket.*GCS_BUCKET_NAME"):
        [found async for found in elsewhere.list()]
    network.answer(404, "POST", "uploadType")
    with pytest.raises(StorageForbidden, match=r"moments-test.*GCS_BUCKET_NAME"):
        await put(bucket)
    await elsewhere.close()


async def test_a_signed_url_is_version_four_and_lasts_a_week_at_most(bucket: GoogleStore) -> None:
    signed = await bucket.signed_url("videos/1/a.mp4", 600, filename='ä "b".mp4')
    query = parse_qs(urlsplit(signed.url).query)
    assert urlsplit(signed.url).path == "/moments-test/videos/1/a.mp4"
    assert query["X-Goog-Algorithm"] == ["GOOG4-RSA-SHA256"]
    assert query["X-Goog-Expires"] == ["600"]
    assert query["response-content-disposition"] == ["attachment; filename*=UTF-8''%C3%A4%20%22b%22.mp4"]
    long = await bucket.signed_url("a", 30 * 24 * 3600)
    assert parse_qs(urlsplit(long.url).query)["X-Goog-Expires"] == [str(7 * 24 * 3600)]
    assert (long.expires_at - signed.expires_at).days == 6


async def test_the_node_caches_a_buckets_object(bucket: GoogleStore, network: FaultyNetwork, tmp_path: Path) -> None:
    stored = await bucket.put_bytes("videos/1/a.mp4", BYTES, content_type="video/mp4")
    cache = NodeCache(bucket, tmp_path / "cache", 10 * len(BYTES))
    for _ in range(2):
        async with cache.open(stored.uri) as path:
            assert path.suffix == ".mp4"
            assert path.read_bytes() == BYTES
    assert network.count("GET", MEDIA) == 3
    with pytest.raises(ObjectMissing):
        async with cache.open(bucket.uri("b")):
            pass


async def test_a_named_emulator_needs_no_credentials(network: FaultyNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", network.url)
    store = open_store(Settings.model_validate({"gcs_bucket_name": "moments-test"}))
    assert isinstance(store, GoogleStore)
    await store.put_bytes("a", BYTES, content_type="video/mp4")
    assert await content(store) == BYTES
    assert (await store.signed_url("a", 60)).url == f"{network.url}/moments-test/a"
    await store.close()


def test_a_key_that_cannot_be_used_is_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    (tmp_path / "key.json").write_text("{}")
    for path in (tmp_path / "key.json", tmp_path / "none.json"):
        settings = Settings.model_validate({"gcs_bucket_name": "moments-test", "gcs_credentials_path": path})
        with pytest.raises(StorageForbidden, match="GCS_CREDENTIALS_PATH"):
            open_store(settings)


def store_of(bucket: GoogleStore, account: Credentials, silence_seconds: float) -> GoogleStore:
    """The same bucket, with a shorter read timeout."""
    limits = replace(bucket._limits, silence_seconds=silence_seconds)
    return GoogleStore(bucket._calls.client, account, bucket._bucket_name, limits)
