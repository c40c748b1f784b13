"""Clips play in Chromium: every picture around a seam is the right one when it is sought."""

from __future__ import annotations

import asyncio
import json
import queue
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from moments_ray.media.cut import Clip, CutRange, cut_clips
from moments_ray.settings import MediaSettings
from moments_ray.testing.numbered import BITS, make_numbered_video, read_numbers

pytestmark = pytest.mark.browser

# Seeks to every time asked for, draws the picture, reads its number from the bars, and sends all of them back.
PAGE = """<!doctype html><video muted src="/clip.mp4"></video><script>
const wanted = WANTED, video = document.querySelector("video"), found = [];
const send = body => fetch("/found", {method: "POST", body: JSON.stringify(body)});
const number = () => {
  const canvas = Object.assign(document.createElement("canvas"), {width: video.videoWidth, height: video.videoHeight});
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  let read = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const x = Math.floor((bit + 0.5) * canvas.width / BITS), y = Math.floor(canvas.height / 8);
    if (context.getImageData(x, y, 1, 1).data[1] > 128) read |= 1 << bit;
  }
  return read;
};
const next = () => {
  if (found.length === wanted.length) return send({found, duration: video.duration});
  // Not "seeked": that may come before the picture is there to be drawn.
  video.requestVideoFrameCallback(() => { found.push(number()); next(); });
  video.currentTime = wanted[found.length];
};
video.onerror = () => send({error: video.error.message});
video.onloadeddata = next;
</script>"""


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        clip = self.path == "/clip.mp4"
        data = self.server.clip if clip else self.server.page
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if clip else None
        begin = int(asked[1]) if asked else 0
        end = int(asked[2]) if asked and asked[2] else len(data) - 1
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", "video/mp4" if clip else "text/html")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end + 1 - begin))
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{end}/{len(data)}")
        self.end_headers()
        self.wfile.write(data[begin : end + 1])

    def do_POST(self) -> None:
        self.server.found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.found = queue.Queue()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


async def shown_in_chromium(server: Any, clip: Path, times: list[float], profile: Path) -> dict[str, Any]:
    """Open a page with the clip and return what it saw."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium here")
    server.clip = clip.read_bytes()
    server.page = PAGE.replace("WANTED", json.dumps(times)).replace("BITS", str(BITS)).encode()
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", f"--user-data-dir={profile}"]
    process = await asyncio.create_subprocess_exec(
        chromium,
        *flags,
        f"http://127.0.0.1:{server.server_port}/",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        answer: dict[str, Any] = await asyncio.to_thread(server.found.get, timeout=60)
        return answer
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize(
    ("name", "making"),
    [
        ("a.mp4", {"options": {"preset": "veryfast", "g": "50", "keyint_min": "50", "sc_threshold": "0", "bf": "3"}}),
        ("a.mkv", {"options": {"profile": "baseline", "bf": "0", "g": "50", "keyint_min": "50"}}),
        ("a.webm", {"codec": "libvpx-vp9", "options": {"cpu-used": "5", "g": "50"}, "sound": "libopus"}),
    ],
)
async def test_every_picture_is_found_where_it_belongs(
    name: str, making: dict[str, Any], server: Any, tmp_path: Path
) -> None:
    source = make_numbered_video(tmp_path / name, frames=200, **making)
    wanted = [CutRange(name="clip", start=1.23, end=6.66)]
    (clip,) = await cut_clips(source, wanted, tmp_path, settings=MediaSettings(), threads=1, timeout=60)
    assert isinstance(clip, Clip)
    assert clip.method == "smart"
    pictures = read_numbers(clip.path)
    # The first, the last, and those around the key frames, where heads and tails are joined.
    around = [at for at, (_, number) in enumerate(pictures) if number % 50 in {48, 49, 0, 1, 2}]
    places = sorted({0, 1, *around, *range(len(pictures) - 8, len(pictures))})
    times = [float(pictures[at][0]) + 0.02 for at in places]
    seen = await shown_in_chromium(server, clip.path, times, tmp_path / "profile")
    assert seen.get("found") == [pictures[at][1] for at in places], seen
    assert seen["duration"] == pytest.approx(clip.duration, abs=0.03)
