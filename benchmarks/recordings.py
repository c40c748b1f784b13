"""How every recording of a folder is cut where it hurts, as the table of ``docs/cutting.md``.

    python -m benchmarks.recordings FOLDER …

Every picture of every clip is compared with what the whole source decodes to.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from moments_ray.errors import MomentsError
from moments_ray.media.cut import Clip, CutFailure, CutRange, cut_clips
from moments_ray.settings import MediaSettings
from moments_ray.testing.recordings import Pictures, awkward_ranges, difference

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")
COLUMNS = ("first frame", "last frame", "from 0 on", "two frames", "second frame on", "to the end")


async def main(folders: list[Path]) -> None:
    """Cut and print."""
    print("| file | codec | " + " | ".join(COLUMNS) + " | why not copied |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for path in sorted(path for folder in folders for path in folder.iterdir() if path.suffix in SUFFIXES):
        pictures = Pictures(path)
        with tempfile.TemporaryDirectory() as scratch:
            cells, reasons = await cut(path, pictures, Path(scratch))
        shown = [cells.get(column, "") for column in COLUMNS]
        print(f"| {path.name} | {pictures.codec} | {' | '.join(shown)} | {'; '.join(sorted(reasons))} |", flush=True)


async def cut(path: Path, pictures: Pictures, scratch: Path) -> tuple[dict[str, str], set[str]]:
    """Return what became of each range, and why clips were encoded."""
    ranges = awkward_ranges(pictures.positions())
    wanted = [CutRange(name=label.replace(" ", "-"), start=a, end=b) for label, (a, b) in ranges.items()]
    try:
        outcomes = await cut_clips(path, wanted, scratch, settings=MediaSettings(), threads=1, timeout=600)
    except MomentsError as error:
        return dict.fromkeys(ranges, "refused"), {str(error)}
    cells, reasons = {}, set()
    for (label, (start, end)), outcome in zip(ranges.items(), outcomes, strict=True):
        cells[label] = "refused" if isinstance(outcome, CutFailure) else judged(outcome, pictures, start, end)
        reason = outcome.message if isinstance(outcome, CutFailure) else outcome.fallback_reason
        reasons |= {reason} if reason else set()
    return cells, reasons


def judged(clip: Clip, pictures: Pictures, start: float, end: float) -> str:
    """Return how a clip was made, or in which way it is wrong."""
    wrong = difference(clip, pictures, start, end)
    how = {"smart": "copied", "reencode": "encoded"}[clip.method]
    return how if wrong is None else f"WRONG: {wrong}"


if __name__ == "__main__":
    asyncio.run(main([Path(folder) for folder in sys.argv[1:]]))
