"""The tools that ``benchmarks.cut`` compares, each run as a process of its own and measured by the kernel."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av

from benchmarks.footage import RATE, is_kept, shown_at
from moments_ray.media.cut import Clip, CutRange, cut_clips
from moments_ray.media.process import ffmpeg_executable
from moments_ray.settings import MediaSettings
from moments_ray.testing.numbered import number_of

Span = tuple[float, float]
Command = Callable[[Path, Span, Path], list[str]]

_MOVIEPY = """
import sys
from moviepy import VideoFileClip
source, start, end, target = sys.argv[1:]
VideoFileClip(source).subclipped(float(start), float(end)).write_videofile(target, logger=None)
"""
# A child's peak begins with its parent's size at the fork; this parent is a small one.
_LAUNCHER = """
import json, os, subprocess, sys, time
started = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


@dataclass(frozen=True)
class Cost:
    """What a process and its children took: seconds on the clock and of CPU, megabytes at their peak."""

    wall: float
    cpu: float
    peak: float


def measured(command: Sequence[str]) -> Cost:
    """Run a command to its end and return what the kernel says it took."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", _LAUNCHER, *command], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} … ended with {done.returncode}: {done.stderr[-2000:].decode()}")
    return Cost(*json.loads(done.stdout))


def commands(peers: str | None) -> dict[str, Command]:
    """Return the peers by name; MoviePy and smartcut where an interpreter that has them is given."""

    def encode(preset: str) -> Command:
        how = ["-c:v", "libx264", "-preset", preset, "-crf", "20", "-c:a", "aac"]
        return lambda source, span, target: [*_ffmpeg(source, span), *how, str(target)]

    found: dict[str, Command] = {
        "ffmpeg veryfast": encode("veryfast"),
        "ffmpeg -c copy": lambda source, span, target: [*_ffmpeg(source, span), "-c", "copy", str(target)],
        "ffmpeg medium": encode("medium"),
    }
    if peers is not None:
        smartcut = str(Path(peers).with_name("smartcut"))
        found["smartcut"] = lambda source, span, target: [
            smartcut, str(source), str(target), "--keep", f"{span[0]},{span[1]}"
        ]  # fmt: skip
        found["MoviePy"] = lambda source, span, target: [
            peers, "-c", _MOVIEPY, str(source), str(span[0]), str(span[1]), str(target)
        ]  # fmt: skip
    return found


def ours(source: Path, spans: Sequence[Span], folder: Path) -> list[str]:
    """Return the command by which one process of ours cuts every range in one call."""
    return [sys.executable, "-m", __name__, str(source), json.dumps(spans), str(folder)]


def _ffmpeg(source: Path, span: Span) -> list[str]:
    start, end = span
    head = [ffmpeg_executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    return [*head, "-ss", str(start), "-i", str(source), "-t", str(end - start)]


def frames_off(clip: Path, kind: str, span: Span) -> int:
    """Return by how many frames a clip's edges differ from those asked for, the first and the last added up."""
    start, end = (Fraction(str(edge)) for edge in span)
    there = [(number, shown_at(kind, number)) for number in range(int(end + 1) * RATE) if is_kept(kind, number)]
    asked = [number for number, shown in there if start <= shown < end]
    with av.open(str(clip)) as container:
        video = container.streams.video[0]
        begins = number_of(next(container.decode(video)))
        container.seek(
            int((cast("int", container.duration) / av.time_base - 0.5) / cast("Fraction", video.time_base)),
            stream=video,
        )
        *_, final = container.decode(video)
        ends = number_of(final)
    return abs(begins - asked[0]) + abs(ends - asked[-1])


async def _cut(source: Path, spans: Sequence[Span], folder: Path) -> None:
    wanted = [CutRange(name=f"clip-{number:02}", start=start, end=end) for number, (start, end) in enumerate(spans)]
    for outcome in await cut_clips(source, wanted, folder, settings=MediaSettings(), threads=1, timeout=3600):
        if not isinstance(outcome, Clip):
            raise SystemExit(str(outcome))
        print(outcome.method, outcome.fallback_reason or "", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(_cut(Path(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])))
