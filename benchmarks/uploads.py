"""What an upload costs the API's process and Serve's proxy in memory.

    python -m benchmarks.uploads [--megabytes 300 5120] [--cut-every 1] [--form]

Serves a home of its own as `moments up` does, without workers, and uploads a video that a `free` box makes so large:
in parts and, with ``--form``, a form of the largest size that is taken. With ``--cut-every`` the line is cut in the
middle of every so-manieth part, and the upload has to go on; what is stored is then compared with the file. Memory is
what each process has for itself, looked at five times a second; growth is its peak less what it was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.own_ray import own_ray
from moments_ray import runtime
from moments_ray.cli.address import require_answer
from moments_ray.client.connection import Connection
from moments_ray.client.upload import upload
from moments_ray.ids import new_identifier
from moments_ray.library.upload import FORM_BYTES
from moments_ray.settings import Settings
from moments_ray.testing.media import make_video
from serve_app.app import ServeArgs
from serve_app.serving import serving
from tests.chaos.proxy import FaultProxy

_PORT = 7067
_MEBIBYTE = 1024**2
_PARTS = {"API": "ServeReplica:moments:api", "proxy": "ProxyActor"}
_POLL_SECONDS = 0.2
_INTO_A_PART_SECONDS = 0.03  # while a part is on its way
_SETTLE_SECONDS = 3.0


def processes(directory: Path) -> dict[str, int]:
    """Return the process of each part by its title; a Ray of ours has them below the raylet of its directory."""
    found: dict[str, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                title = (entry / "cmdline").read_bytes().decode(errors="replace")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if str(directory) in Path(f"/proc/{parent}/cmdline").read_bytes().decode(errors="replace"):
                    found |= {part: int(entry.name) for part, words in _PARTS.items() if words in title}
    return found


def memory(pid: int) -> float:
    """Return what a process has for itself in MiB, without its share of files that others have open, too.

    That share grows whenever one of them ends: an idle worker does within a long upload.
    """
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))) / 1024


@dataclass
class Watch:
    """The memory of the parts, in MiB: before, and the most since."""

    pids: Mapping[str, int]
    before: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look all the while."""
        self.before = {part: memory(pid) for part, pid in self.pids.items()}
        self.most = dict(self.before)
        task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            task.cancel()

    async def _look(self) -> None:
        while True:
            for part, pid in self.pids.items():
                self.most[part] = max(self.most[part], memory(pid))
            await asyncio.sleep(_POLL_SECONDS)


def enlarge(video: Path, target: Path, size: int, salt: bytes) -> None:
    """Write an MP4 of so many bytes: the video, and a box that players skip; ``salt`` makes it another file."""
    content = video.read_bytes()
    with target.open("wb") as file:
        file.write(content)
        file.write(struct.pack(">I4sQ", 1, b"free", size - len(content)) + salt)
        left = size - file.tell()
        piece = os.urandom(_MEBIBYTE)
        while left > 0:
            left -= file.write(piece[:left])


class Line:
    """A way to the server that is cut while every so-manieth part is on it; 0: never."""

    def __init__(self, port: int, every: int) -> None:
        self._proxy = FaultProxy(lambda: asyncio.open_connection("127.0.0.1", port))
        self._every = every
        self._parts = 0
        self.cuts = 0

    async def send(self, path: Path) -> httpx.Response:
        """Upload a file as the client does."""
        await self._proxy.start()
        connection = Connection(f"http://127.0.0.1:{self._proxy.port}", None, 60.0, None)
        try:
            return await upload(connection, path, {}, new_identifier(), self._sent)
        finally:
            await connection.close()
            await self._proxy.stop()

    def _sent(self, there: int, whole: int) -> None:
        self._parts += 1
        if self._every and self._parts % self._every == 0 and there < whole:
            self.cuts += 1
            asyncio.get_running_loop().call_later(_INTO_A_PART_SECONDS, self._proxy.cut)


async def in_parts(path: Path, every: int, home: Path) -> None:
    line = Line(_PORT, every)
    answer = await line.send(path)
    if answer.status_code != httpx.codes.ACCEPTED:
        raise SystemExit(f"answered {answer.status_code}: {answer.text[:300]}")
    if line.cuts:
        stored = stored_at(home, answer.json()["video"]["identifier"])
        same = await asyncio.to_thread(digest, stored) == await asyncio.to_thread(digest, path)
        print(f"{'':<8}cut {line.cuts} times; what is stored is {'the file' if same else 'ANOTHER FILE'}")


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored_at(home: Path, video: str) -> Path:
    """Return where the directory store of a home has a video that was uploaded."""
    (path,) = (home / "store" / "objects" / "videos" / video).glob("source-*")
    return path


async def as_form(path: Path) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{_PORT}", timeout=600, trust_env=False) as client:
        with path.open("rb") as file:
            answer = await client.post("/api/videos/upload", files={"file": ("a.mp4", file)})
    if answer.status_code != httpx.codes.ACCEPTED:
        raise SystemExit(f"answered {answer.status_code}: {answer.text[:300]}")


async def measure(
    directory: Path, home: Path, pids: Mapping[str, int], sizes: list[int], every: int, *, form: bool
) -> None:
    video = make_video(directory / "short.mp4", seconds=2)
    watch = Watch(pids)
    print(f"{'way':<8}{'MiB':>7}{'seconds':>9}" + "".join(f"{part:>10} before  growth" for part in watch.pids))
    work = [("parts", size) for size in (8, *sizes)] + ([("form", FORM_BYTES // _MEBIBYTE)] if form else [])
    for number, (way, size) in enumerate(work):
        path = directory / "large.mp4"
        enlarge(video, path, size * _MEBIBYTE, bytes([number]))
        await asyncio.sleep(_SETTLE_SECONDS)
        async with watch.looking():
            began = time.perf_counter()
            await (in_parts(path, every, home) if way == "parts" else as_form(path))
            seconds = time.perf_counter() - began
        grown = "".join(
            f"{watch.before[part]:>17.0f}{watch.most[part] - watch.before[part]:>8.0f}" for part in watch.pids
        )
        print(f"{way:<8}{size:>7}{seconds:>9.1f}{grown}", flush=True)
        path.unlink()


async def served(sizes: list[int], every: int, *, form: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as home:
        settings = Settings(
            _env_file=None,
            home=Path(home),
            database_url=None,
            redis_url=None,
            gcs_bucket_name=None,
            ray_address=None,
        )
        async with runtime.services(settings) as resolved:
            with own_ray(resolved) as ray, serving(ServeArgs(settings=resolved), "127.0.0.1", _PORT):
                await require_answer(f"http://127.0.0.1:{_PORT}")
                with tempfile.TemporaryDirectory(prefix="moments-videos-") as directory:
                    pids = processes(ray.directory or Path(home))
                    await measure(Path(directory), Path(home), pids, sizes, every, form=form)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", type=int, nargs="+", default=[300])
    parser.add_argument("--cut-every", type=int, default=0)
    parser.add_argument("--form", action="store_true")
    asked = parser.parse_args(sys.argv[1:])
    asyncio.run(served(asked.megabytes, asked.cut_every, form=asked.form))


if __name__ == "__main__":
    main()
