"""Model weights: where they are kept, and fetching them from a host that may not be there."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import httpx
from pydantic import JsonValue

from moments_ray.errors import MediaTimeout, MomentsError, RecogniserUnavailable
from moments_ray.media.process import run_python
from moments_ray.process.file_lock import FileLock
from moments_ray.settings import Settings
from moments_ray.speech.recogniser import Progress

_FETCH_SECONDS = 3600.0
_CHUNK_BYTES = 1 << 20
_SHA256_DIGITS = 64


@dataclass(frozen=True)
class Weights:
    """Files of a model on a Hugging Face hub."""

    repository: str
    files: tuple[str, ...]
    megabytes: int

    @property
    def name(self) -> str:
        """The repository without its owner."""
        return self.repository.rpartition("/")[2]


def find_weights(weights: Weights, settings: Settings) -> Path | None:
    """Return the directory that holds all the files: under ``settings.home``, else in the user's hub cache."""
    directory = settings.home / "models" / weights.name
    if all((directory / file).is_file() for file in weights.files):
        return directory
    return cached_files(weights.repository, weights.files)


def cached_files(repository: str, files: Sequence[str]) -> Path | None:
    """Return the directory in the user's hub cache that holds all these files of a repository."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - takes half a second
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415

    try:
        cached = [try_to_load_from_cache(repository, file) for file in files]
    except HFValidationError:
        return None
    return Path(cached[0]).parent if all(isinstance(path, str) for path in cached) and cached[0] else None


async def fetch_weights(weights: Weights, settings: Settings, progress: Progress | None = None) -> None:
    """Fetch the files into ``settings.home``, going on where an earlier fetch was broken off.

    A host that does not answer is given up after ``settings.speech.weights_timeout_seconds``: the asking, name
    resolution included, is done by a child process that is then killed.

    Raises:
        RecogniserUnavailable: the host cannot be reached or does not have the files.
    """
    timeout = settings.speech.weights_timeout_seconds
    base = f"{settings.speech.weights_url.rstrip('/')}/{weights.repository}/resolve/main"
    directory = settings.home / "models" / weights.name
    payload: JsonValue = {
        "urls": [f"{base}/{file}" for file in weights.files],
        "directory": str(directory),
        "timeout": timeout,
    }
    try:
        await run_python(f"{__name__}:ask", payload, timeout=timeout, settings=settings.media, network=True)
        directory.mkdir(parents=True, exist_ok=True)
        await run_python(
            f"{__name__}:fetch",
            payload,
            timeout=_FETCH_SECONDS,
            settings=settings.media,
            network=True,
            on_progress=progress,
        )
    except MediaTimeout as error:
        raise _unavailable(weights, settings, f"{settings.speech.weights_url} did not answer in time") from error
    except (MomentsError, OSError) as error:
        raise _unavailable(weights, settings, str(error).rstrip(".")) from error


def ask(payload: dict[str, Any], _report_progress: Callable[[float], None]) -> JsonValue:
    """Ask the host for the first file's headers: what a child process runs first."""
    with _client(payload["timeout"]) as client, _stream(client, payload["urls"][0], {}):
        return None


def fetch(payload: dict[str, Any], report_progress: Callable[[float], None]) -> JsonValue:
    """Fetch what is missing of ``urls`` into ``directory``: what a child process runs then; progress is a file's."""
    directory = Path(payload["directory"])
    urls: Sequence[str] = payload["urls"]
    with FileLock(directory / ".lock") as lock, _client(payload["timeout"]) as client:
        lock.wait()
        for url in urls:
            target = directory / url.rpartition("/")[2]
            if not target.is_file():
                _fetch_file(client, url, target, report_progress)
    return None


def _fetch_file(client: httpx.Client, url: str, target: Path, report: Callable[[float], None]) -> None:
    partial = target.with_name(f"{target.name}.partial")
    have = partial.stat().st_size if partial.exists() else 0
    with _stream(client, url, {"Range": f"bytes={have}-"} if have else {}) as response:
        goes_on = response.status_code == httpx.codes.PARTIAL_CONTENT
        total = int(response.headers.get("Content-Length", 0)) + (have if goes_on else 0)
        with partial.open("ab" if goes_on else "wb") as file:
            for chunk in response.iter_bytes(_CHUNK_BYTES):
                file.write(chunk)
                if total:
                    report(file.tell() / total)
            file.flush()
            os.fsync(file.fileno())
        wanted = _sha256_named_by_host(response)
    with partial.open("rb") as file:
        if wanted is not None and _sha256(file) != wanted:
            partial.unlink()
            raise RecogniserUnavailable(f"{url} came damaged; try again.")
    partial.replace(target)


def _client(timeout: float) -> httpx.Client:
    return httpx.Client(timeout=timeout, follow_redirects=True)


@contextmanager
def _stream(client: httpx.Client, url: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
    # Compressed bytes could not be gone on with, nor their length compared.
    try:
        with client.stream("GET", url, headers={**headers, "Accept-Encoding": "identity"}) as response:
            response.raise_for_status()
            yield response
    except httpx.HTTPStatusError as error:
        raise RecogniserUnavailable(f"{url} answered {error.response.status_code}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RecogniserUnavailable(f"{url} cannot be fetched: {error or type(error).__name__}.") from error


def _sha256_named_by_host(response: httpx.Response) -> str | None:
    """Return the digest the hub names for large files, on its own answer or on the redirect to where they lie."""
    for answer in (*response.history, response):
        digest: str = answer.headers.get("X-Linked-ETag", "").strip('"')
        if len(digest) == _SHA256_DIGITS:
            return digest
    return None


def _sha256(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _unavailable(weights: Weights, settings: Settings, reason: str) -> RecogniserUnavailable:
    return RecogniserUnavailable(
        f"The weights of {weights.name} ({weights.megabytes} MB) cannot be fetched: {reason}; "
        f"put its files into {settings.home / 'models' / weights.name}, or set MOMENTS_SPEECH__WEIGHTS_URL to a mirror."
    )
