"""``moments find``: moments from a transcript alone."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from moments_ray.errors import SourceNotFound
from moments_ray.models.registry import model
from moments_ray.moments.find import Found, find_moments
from moments_ray.moments.moment import clock
from moments_ray.moments.options import find_options
from moments_ray.speech.captions import read_captions

_SHOWN = {"title", "start_time", "end_time", "score", "reason"}


def find(
    transcript: Path,
    *,
    duration: float | None,
    count: int | None,
    min_seconds: float | None,
    max_seconds: float | None,
    generation_model: str | None,
    as_json: bool,
) -> None:
    """Find moments in a transcript file and print them.

    Raises:
        InputError: the file or an option is no good.
    """
    options = find_options(count=count, min_seconds=min_seconds, max_seconds=max_seconds)
    model(generation_model)
    try:
        data = transcript.read_bytes()
    except OSError as error:
        raise SourceNotFound(f"the transcript {transcript} cannot be read: {error.strerror}") from error
    found = find_moments(read_captions(data), None, duration, options)
    if as_json:
        moments = [moment.model_dump(mode="json", include=_SHOWN) for moment in found.moments]
        typer.echo(
            json.dumps({"moments": moments, "quality": found.quality.model_dump()}, ensure_ascii=False, indent=2)
        )
    else:
        _print(found)


def _print(found: Found) -> None:
    if not found.moments:
        typer.echo("nothing found that is worth a moment")
        return
    table = Table("start", "end", "score", "title", "why", box=None)
    for moment in found.moments:
        table.add_row(
            clock(moment.start_time), clock(moment.end_time), f"{moment.score:.0f}", moment.title, moment.reason
        )
    Console(highlight=False, markup=False).print(table)
