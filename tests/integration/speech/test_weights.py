from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from moments_ray.errors import RecogniserUnavailable, SpeechError
from moments_ray.settings import Settings, SpeechSettings
from moments_ray.speech.parakeet import ParakeetLocal
from moments_ray.speech.weights import Weights, fetch_weights, find_weights

WEIGHTS = Weights("owner/tiny", ("vocab.txt", "model.onnx"), megabytes=1)
VOCABULARY = b"hello 0\n"
MODEL = bytes(range(256)) * 8192


class Hub(BaseHTTPRequestHandler):
    """As much of a Hugging Face hub as a fetch sees: small files direct, large ones by a redirect with their digest."""

    files: ClassVar[dict[str, bytes]]
    ranges: ClassVar[list[str | None]]
    digest: ClassVar[str]

    def do_GET(self) -> None:
        if self.path == "/owner/tiny/resolve/main/model.onnx":
            self.send_response(302)
            self.send_header("Location", "/elsewhere/model.onnx")
            self.send_header("X-Linked-ETag", f'"{self.digest}"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = self.files.get(self.path)
        wanted = self.headers.get("Range")
        self.ranges.append(wanted)
        self.send_response(404 if content is None else 206 if wanted else 200)
        body = (content or b"")[int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0 :]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's name
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.files = {"/owner/tiny/resolve/main/vocab.txt": VOCABULARY, "/elsewhere/model.onnx": MODEL}
    Hub.digest = hashlib.sha256(MODEL).hexdigest()
    Hub.ranges = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def settings(home: Path, url: str) -> Settings:
    return Settings(_env_file=None, home=home, speech=SpeechSettings(weights_url=url, weights_timeout_seconds=10.0))


async def test_weights_are_fetched_once_into_the_home_with_progress(tmp_path: Path, hub: str) -> None:
    configured = settings(tmp_path, hub)
    progress: list[float] = []
    assert find_weights(WEIGHTS, configured) is None

    await fetch_weights(WEIGHTS, configured, progress.append)

    directory = tmp_path / "models" / "tiny"
    assert find_weights(WEIGHTS, configured) == directory
    assert (directory / "vocab.txt").read_bytes() == VOCABULARY
    assert (directory / "model.onnx").read_bytes() == MODEL
    assert sorted(path.name for path in directory.iterdir()) == [".lock", "model.onnx", "vocab.txt"]
    assert progress


async def test_a_fetch_that_was_broken_off_goes_on_where_it_was(tmp_path: Path, hub: str) -> None:
    directory = tmp_path / "models" / "tiny"
    directory.mkdir(parents=True)
    (directory / "model.onnx.partial").write_bytes(MODEL[:1_000_000])

    await fetch_weights(WEIGHTS, settings(tmp_path, hub))

    assert "bytes=1000000-" in Hub.ranges
    assert (directory / "model.onnx").read_bytes() == MODEL


async def test_damaged_weights_are_thrown_away(tmp_path: Path, hub: str) -> None:
    Hub.digest = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(RecogniserUnavailable, match="came damaged; try again"):
        await fetch_weights(WEIGHTS, settings(tmp_path, hub))
    assert find_weights(WEIGHTS, settings(tmp_path, hub)) is None
    assert not (tmp_path / "models" / "tiny" / "model.onnx.partial").exists()


async def test_a_host_without_the_files_is_named(tmp_path: Path, hub: str) -> None:
    Hub.files = {}
    with pytest.raises(RecogniserUnavailable, match=r"vocab\.txt answered 404"):
        await fetch_weights(WEIGHTS, settings(tmp_path, hub))


async def test_weights_in_the_hubs_cache_are_found(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--owner--tiny"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    for name in WEIGHTS.files:
        (snapshot / name).write_bytes(b"")
    assert find_weights(WEIGHTS, settings(tmp_path / "home", "http://127.0.0.1:9")) == snapshot


async def test_weights_that_are_no_model_fail_with_a_sentence(tmp_path: Path) -> None:
    configured = settings(tmp_path, "http://127.0.0.1:9")
    directory = tmp_path / "models" / "parakeet-tdt-0.6b-v3-onnx"
    directory.mkdir(parents=True)
    (directory / "config.json").write_text('{"model_type": "nemo-conformer-tdt"}')
    (directory / "vocab.txt").write_text("<blk> 0\n")
    for name in ("encoder-model.int8.onnx", "decoder_joint-model.int8.onnx"):
        (directory / name).write_bytes(b"not onnx")
    recogniser = ParakeetLocal()
    assert recogniser.availability(configured).ok
    with pytest.raises(SpeechError, match="Parakeet failed"):
        await recogniser.transcribe(tmp_path / "a.wav", configured, 60.0)
