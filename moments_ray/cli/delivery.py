"""Writing a run's results into a directory: the document, the clips, the thumbnails, the report."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from moments_ray.cli.document import RunDocument
from moments_ray.engine.environment import Environment
from moments_ray.errors import MomentsError
from moments_ray.media.thumbnails import storyboard
from moments_ray.moments.finding.moment import clock
from moments_ray.moments.report.render import render_report
from moments_ray.moments.values import RefinedMoment
from moments_ray.storage.blocking import file_errors

_DOCUMENT = "moments.json"


async def deliver(document: RunDocument, environment: Environment, out: Path) -> dict[str, Any]:
    """Write everything and return the document, with the paths of what was written.

    Raises:
        StorageError: something cannot be read or written.
    """
    with file_errors(out):
        return await _deliver(document, environment, out)


async def _deliver(document: RunDocument, environment: Environment, out: Path) -> dict[str, Any]:
    await asyncio.to_thread(_clear, out)
    for rank, (entry, moment) in enumerate(document.shown, start=1):
        if not isinstance(moment, RefinedMoment) or moment.clip is None:
            continue
        stem = f"{rank:02}-{_stem_time(moment.start_time)}"  # never the title: a model or a stranger wrote it
        clip, picture = f"clips/{stem}.mp4", f"thumbnails/{stem}.jpg"
        await environment.store.get_file(moment.clip.name, out / clip)
        await environment.store.get_file(moment.clip.thumbnail, out / picture)
        entry["clip"] = {
            "path": clip,
            **moment.clip.model_dump(
                include={"start_time", "end_time", "method", "fallback_reason", "bytes", "frames"}
            ),
        }
        entry["thumbnail"] = picture
    await asyncio.to_thread(_write_document, document.document, out)
    await _report(document, environment, out)
    return document.document


def _stem_time(seconds: float) -> str:
    """Write a position as a file's name can hold it: ``0m42``, ``1h02m03``."""
    parts = clock(seconds).split(":")
    return parts[0] + "".join(unit + part for unit, part in zip("hm"[-len(parts) + 1 :], parts[1:], strict=True))


def _clear(out: Path) -> None:
    """Make the directories, and remove what an earlier document there says it wrote: nothing else is ours."""
    for name in ("clips", "thumbnails"):
        (out / name).mkdir(parents=True, exist_ok=True)
    try:
        earlier = json.loads((out / _DOCUMENT).read_text("utf-8"))
        entries = [(moment.get("clip") or {}).get("path") for moment in earlier["moments"]]
        entries += [moment.get("thumbnail") for moment in earlier["moments"]]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return  # none, or not one of ours
    for entry in entries:
        path = out / str(entry)
        if entry and path.parent.name in {"clips", "thumbnails"} and path.resolve().is_relative_to(out.resolve()):
            path.unlink(missing_ok=True)


def _write_document(document: dict[str, Any], out: Path) -> None:
    partial = out / f".{_DOCUMENT}.part"
    partial.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
    partial.replace(out / _DOCUMENT)


async def _report(document: RunDocument, environment: Environment, out: Path) -> None:
    signals = document.signals
    with tempfile.TemporaryDirectory() as scratch:
        pictures: list[Path] = []
        if document.source is not None:
            source = environment.store.uri(document.source.name)
            try:
                async with environment.cache.open(source) as path:
                    sheet = await storyboard(
                        path, document.source.info, Path(scratch), settings=environment.settings.media
                    )
                pictures = [picture.path for picture in sheet]
            except MomentsError:
                pictures = []  # a report without its strip of pictures is still one
        await asyncio.to_thread(
            render_report,
            document.document,
            transcript=document.transcript,
            waveform=[10 ** (level / 20) for level in signals.loudness] if signals and signals.loudness else None,
            storyboard=pictures or None,
            directory=out,
        )
