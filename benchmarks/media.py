"""What probing, sound and pictures of a source cost, and how much of a remote one a cut reads.

    python -m benchmarks.media FOLDER [--seconds 180]

FOLDER is the one of ``benchmarks.cut``, whose sources it shares. The remote source is served on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
import threading
import time
from collections.abc import Awaitable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.cut import ranges
from benchmarks.footage import make_footage
from moments_ray.media import signals
from moments_ray.media.audio import extract_audio
from moments_ray.media.cut import Clip, CutRange, cut_clips_of_url
from moments_ray.media.probe import probe
from moments_ray.media.thumbnails import storyboard, thumbnail
from moments_ray.settings import DownloadSettings, Settings

CLIPS = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="benchmark of media reading")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=180)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    source = make_footage(options.folder / f"h264-gop60-{options.seconds}.mp4", "h264-gop60", options.seconds)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        asyncio.run(measure(source, Path(scratch), options.seconds))


async def measure(source: Path, scratch: Path, seconds: int) -> None:
    """Run every operation once and print its time; then cut from a URL and print its bytes."""
    settings = Settings(download=DownloadSettings(allow_private_addresses=True))
    media = settings.media
    table = Table("operation", "wall s", title=f"{seconds} s of 1080p30")
    info, took = await timed(probe(source, media))
    table.add_row("probe", f"{took:.2f}")
    _, took = await timed(extract_audio(source, info, scratch / "a.wav", settings=media, threads=1, timeout=600))
    table.add_row("sound as 16 kHz WAV", f"{took:.2f}")
    _, took = await timed(thumbnail(source, seconds / 2, scratch / "t.jpg", settings=media))
    table.add_row("one exact picture", f"{took:.2f}")
    _, took = await timed(storyboard(source, info, scratch, settings=media))
    table.add_row("storyboard of 12", f"{took:.2f}")
    _, took = await timed(signals.measure(source, info, settings=media, threads=1, timeout=600))
    table.add_row("loudness, pauses, shots", f"{took:.2f}")
    Console().print(table)
    await remote(source, scratch, settings, seconds)


async def timed(work: Awaitable[Any]) -> tuple[Any, float]:
    """Await something and return it with the seconds it took."""
    started = time.monotonic()
    return await work, time.monotonic() - started


async def remote(source: Path, scratch: Path, settings: Settings, seconds: int) -> None:
    """Cut from a URL and print the bytes read against those of the file, the clips and the index."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Ranges)
    server.data = source.read_bytes()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    spans = ranges(CLIPS, seconds, 28, 31)
    wanted = [CutRange(name=f"clip-{number}", start=a, end=b) for number, (a, b) in enumerate(spans)]
    url = f"http://127.0.0.1:{server.server_port}/source.mp4"
    answer = await cut_clips_of_url(url, wanted, scratch, settings=settings, threads=1, timeout=600)
    server.shutdown()
    server.server_close()
    covered = union([(clip.start_time, clip.end_time) for clip in answer.clips if isinstance(clip, Clip)])
    index = len(server.data) - server.data.rindex(b"moov")
    needed = len(server.data) * covered / seconds + index
    fetched, whole = answer.fetched_bytes / 1e6, answer.source_bytes / 1e6
    print(f"{len(answer.clips)} clips from a URL: {fetched:.1f} MB of {whole:.1f} MB")
    print(f"that is {answer.fetched_bytes / needed:.2f} x the bytes of the clips and the index")


def union(spans: list[tuple[float, float]]) -> float:
    """Return how many seconds are covered by at least one span."""
    covered, reached = 0.0, 0.0
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


class _Ranges(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        begin, end = (int(edge) for edge in re.findall(r"\d+", self.headers["Range"]))
        part = self.server.data[begin : end + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {begin}-{begin + len(part) - 1}/{len(self.server.data)}")
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    main()
