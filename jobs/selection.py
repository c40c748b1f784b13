"""Which videos of the library a job works on, as options of its command."""

from __future__ import annotations

from typing import Annotated

import typer

from moments_ray.corpus.options import BackfillSource, VideoSelection

Titled = Annotated[str | None, typer.Option("--titled", help="Only videos with this in their title.")]
Source = Annotated[str | None, typer.Option("--source", help="Only videos of this host, or `upload`.")]
LongerThan = Annotated[float | None, typer.Option("--longer-than", min=0, help="Only videos of so many seconds.")]


def selected(
    titled: str | None, source: str | None, longer_than: float | None, *, has_moments: bool | None = None
) -> BackfillSource:
    """Return the videos that are here and that the options choose, as a backfill's source."""
    return BackfillSource(
        videos=VideoSelection(
            q=titled, source=source, min_duration=longer_than, has_moments=has_moments, status=["ready"]
        )
    )
