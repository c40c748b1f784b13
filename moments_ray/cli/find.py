"""``moments find``: moments from a transcript alone."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from moments_ray.cli.listing import list_moments
from moments_ray.cli.source import read_captions_file
from moments_ray.models.registry import choose, defaults
from moments_ray.moments.find import find_moments
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
    choose(defaults(), generation_model)
    found = find_moments(read_captions(read_captions_file(transcript)), None, duration, options)
    moments = [moment.model_dump(mode="json", include=_SHOWN) for moment in found.moments]
    if as_json:
        document = {"moments": moments, "quality": found.quality.model_dump(mode="json")}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        list_moments(moments)
