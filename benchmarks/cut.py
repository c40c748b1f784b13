"""What a clip costs here and elsewhere, and whether it is the clip that was asked for.

    python -m benchmarks.cut FOLDER [--kinds KIND,…] [--clips 12] [--slow-clips 3] [--peers-python PYTHON] [--growth]

Makes its sources in FOLDER (1080p30 with the number of every frame in its pixels), cuts the same ranges of about 30 s
with every tool, one after another in turn, and prints medians a clip. MoviePy and smartcut take part if PYTHON is an
interpreter of an environment that has them. ``--growth`` prints how cost grows with the source and the number of clips.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.cut_tools import Cost, Span, commands, frames_off, measured, ours
from benchmarks.footage import ENCODERS, make_footage
from moments_ray.media.process import ffmpeg_executable

SLOW = ("ffmpeg medium", "MoviePy")
LENGTHS_MINUTES = (10, 30, 120)
COUNTS = (1, 5, 10, 20, 40)
# The clips of one call are cut again before every so many of the others' turns.
EACH_TOGETHER = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="benchmark of clip cutting")
    parser.add_argument("folder", type=Path, help="where sources are made and kept")
    parser.add_argument("--kinds", default="h264-gop250,h264-gop60")
    parser.add_argument("--seconds", type=int, default=180, help="length of a source")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--slow-clips", type=int, default=3, help=f"how many of them for {' and '.join(SLOW)}")
    parser.add_argument("--peers-python")
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for kind in filter(None, options.kinds.split(",")):
        source = options.folder / f"{kind}-{options.seconds}.{ENCODERS[kind][0]}"
        compare(kind, make_footage(source, kind, options.seconds), options)
    if options.growth:
        growth(options.folder)


def compare(kind: str, source: Path, options: argparse.Namespace) -> None:
    """Cut the same ranges with every tool and print what each took."""
    spans = ranges(options.clips, options.seconds, 28, 31)
    peers = commands(options.peers_python)
    costs: dict[str, list[Cost]] = {name: [] for name in ["ours", *peers]}
    wrong: dict[str, list[int]] = {name: [] for name in costs}
    together: list[Cost] = []
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        folder = Path(scratch)
        for at, span in enumerate(spans):
            if at % EACH_TOGETHER == 0:
                together.append(measured(ours(source, spans, folder)))
                wrong["ours"] = [frames_off(folder / f"clip-{n:02}.mp4", kind, each) for n, each in enumerate(spans)]
            costs["ours"].append(measured(ours(source, [span], folder)))
            for name, command in peers.items():
                if name in SLOW and at >= options.slow_clips:
                    continue
                target = folder / f"peer{source.suffix if 'copy' in name else '.mp4'}"
                costs[name].append(measured(command(source, span, target)))
                wrong[name].append(frames_off(target, kind, span))
    whole = middle(together)
    share = Cost(whole.wall / len(spans), whole.cpu / len(spans), whole.peak)
    table = Table("tool", "wall s", "CPU s", "peak MB", "frames off", "CPU / ours", title=f"{kind}, a clip")
    table.add_row(f"ours, {len(spans)} clips in one call", *_cells(share, wrong["ours"]), "1.0")
    for name, found in costs.items():
        if not found:
            continue
        usual = middle(found)
        label = "ours, one clip a call" if name == "ours" else name
        table.add_row(label, *_cells(usual, wrong[name][: len(found)]), f"{usual.cpu / share.cpu:.1f}")
    Console().print(table)


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    columns = zip(*((cost.wall, cost.cpu, cost.peak) for cost in costs), strict=True)
    return Cost(*(statistics.median(column) for column in columns))


def _cells(cost: Cost, wrong: Sequence[int]) -> list[str]:
    exact = sum(not off for off in wrong)
    return [f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.peak:.0f}", f"{max(wrong)} ({exact}/{len(wrong)} exact)"]


def ranges(count: int, seconds: float, shortest: float, longest: float) -> list[Span]:
    """Return ranges off the frame grid, the same every time."""
    choice = random.Random(11)
    starts = [choice.uniform(0, seconds - longest - 1) for _ in range(count)]
    return [(round(start, 3), round(start + choice.uniform(shortest, longest), 3)) for start in starts]


def growth(folder: Path) -> None:
    """Print cost against the length of the source and the number of clips."""
    unit = make_footage(folder / "light-60.mp4", "h264-light", 60)
    table = Table(
        "minutes", "clips", "CPU s a clip", "wall s", "peak MB", title="5 s clips, growing sources and counts"
    )
    for minutes in LENGTHS_MINUTES:
        source = repeated(unit, folder / f"light-{minutes * 60}.mp4", minutes)
        for count in COUNTS if minutes == LENGTHS_MINUTES[0] else (5,):
            spans = ranges(count, minutes * 60, 4.5, 5.5)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                cost = measured(ours(source, spans, Path(scratch)))
            table.add_row(str(minutes), str(count), f"{cost.cpu / count:.2f}", f"{cost.wall:.1f}", f"{cost.peak:.0f}")
    Console().print(table)


def repeated(unit: Path, target: Path, times: int) -> Path:
    """Write a source that plays another one over and over."""
    if target.exists():
        return target
    part = target.with_name(f"part-{target.name}")
    head = [ffmpeg_executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    subprocess.run([*head, "-stream_loop", str(times - 1), "-i", str(unit), "-c", "copy", str(part)], check=True)
    shutil.move(part, target)
    return target


if __name__ == "__main__":
    main()
