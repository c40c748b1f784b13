"""What is loaded from a bucket when clips are cut: a source that is here not at all, a long one in parts."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from moments_ray.engine.context import Context
from moments_ray.library.stages.download import download_video
from moments_ray.library.values import Source, SourceVideo
from moments_ray.media.cut import CutRange
from moments_ray.media.probe import probe
from moments_ray.moments.stages.clips import cut_and_stage, publish_clip
from moments_ray.moments.values import StagedClip
from moments_ray.settings import DownloadSettings, Settings
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.object_store import SignedUrl
from moments_ray.testing.media import make_video
from moments_ray.testing.stages import stage_context
from tests.far_store import FarStore
from tests.integration.media.test_cut_url import Server

MORE_BYTES = 130 * 1024**2


class ServedStore(FarStore):
    """A far store that signs links to a server."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.server: Server | None = None

    async def signed_url(self, name: str, seconds: int, *, filename: str | None = None) -> SignedUrl:  # noqa: ARG002
        assert self.server is not None
        return SignedUrl(url=self.server.url, expires_at=datetime.now(UTC))


@pytest.fixture
def store(tmp_path: Path) -> ServedStore:
    return ServedStore(tmp_path / "store")


@pytest.fixture
async def context(store: ServedStore, tmp_path: Path) -> Context:
    """A stage on a node whose store is far away."""
    settings = Settings(
        _env_file=None,
        home=tmp_path / "home",
        database_url=SecretStr("postgresql://nobody@127.0.0.1:9/none"),
        redis_url=SecretStr("redis://127.0.0.1:9/0"),
        download=DownloadSettings(allow_private_addresses=True),
    )
    context = stage_context(tmp_path, subject="v", settings=settings)
    cache = NodeCache(store, tmp_path / "cache", 10**9)
    context.environment = dataclasses.replace(context.environment, store=store, cache=cache)
    return context


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("film") / "film.mp4", seconds=20, gop=25)


@pytest.fixture
def long_film(film: Path, tmp_path: Path) -> Path:
    """The film in a file that is long for its clips: what else a file may hold stands after it."""
    path = tmp_path / "long.mp4"
    path.write_bytes(film.read_bytes())
    with path.open("ab") as file:
        file.write(MORE_BYTES.to_bytes(4, "big") + b"free")
        file.truncate(path.stat().st_size + MORE_BYTES)
    return path


@pytest.fixture
def server(store: ServedStore, long_film: Path) -> Iterator[Server]:
    server = Server(long_film)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store.server = server
    yield server
    server.shutdown()
    server.server_close()


async def stored(context: Context, path: Path) -> SourceVideo:
    put = await context.store.put_file("videos/v/source-1.mp4", path, content_type="video/mp4")
    info = await probe(path, context.settings.media)
    return SourceVideo(video="v", name=put.name, title="", checksum=put.checksum, info=info, captions=())


async def cut(context: Context, video: SourceVideo, start: float, end: float) -> StagedClip:
    (clip,) = await cut_and_stage(context, video, [CutRange(name="moment", start=start, end=end)])
    assert isinstance(clip, StagedClip), clip
    return clip


async def test_a_small_part_of_a_long_source_is_cut_without_loading_it(
    context: Context, store: ServedStore, server: Server, long_film: Path
) -> None:
    clip = await cut(context, await stored(context, long_film), 4.0, 7.0)
    assert clip.end_time - clip.start_time == pytest.approx(3.0, abs=0.1)
    assert store.downloads == 0
    assert 0 < server.sent < MORE_BYTES / 10


async def test_most_of_a_long_source_is_cut_from_the_nodes_copy_which_stays(
    context: Context, store: ServedStore, server: Server, long_film: Path
) -> None:
    video = await stored(context, long_film)
    await cut(context, video, 2.0, 18.0)
    await cut(context, video, 4.0, 7.0)
    assert (store.downloads, server.sent) == (1, 0)


async def test_a_clips_picture_is_made_of_the_file_that_was_cut(
    context: Context, store: ServedStore, film: Path
) -> None:
    video = await stored(context, film)
    clip = await cut(context, video, 4.0, 7.0)
    downloads = store.downloads
    published = await publish_clip(context, video, "moment", "source", clip)
    assert store.downloads == downloads == 1
    assert (await store.read_range(published.thumbnail, 0, 3)) == b"\xff\xd8\xff"


async def test_a_source_that_was_fetched_here_is_not_loaded_here(
    context: Context, store: ServedStore, film: Path
) -> None:
    class Answer(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Answer, directory=str(film.parent))) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{web.server_port}/{film.name}"
        video = await download_video.run(context, source=Source(video="v", url=url))
        web.shutdown()
    assert isinstance(video, SourceVideo)
    await cut(context, video, 4.0, 7.0)
    assert store.downloads == 0
