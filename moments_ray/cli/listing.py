"""What a person reads on stdout: moments as a table, and where the rest is."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from moments_ray.moments.finding.moment import clock

_FILE_WIDTH = 160  # columns where there is no terminal to ask


def results() -> Console:
    """Return the console for results: stdout, and not folded into 80 columns where nobody watches."""
    width = None if sys.stdout.isatty() else _FILE_WIDTH
    return Console(highlight=False, markup=False, width=width)


def list_moments(moments: Sequence[Mapping[str, Any]]) -> None:
    """Print moments in time order, or that there are none."""
    if not moments:
        results().print("nothing found that is worth a moment")
        return
    table = Table("start", "end", "score", "title", "why", box=None)
    for moment in moments:
        table.add_row(
            clock(moment["start_time"]),
            clock(moment["end_time"]),
            f"{moment['score']:.0f}",
            moment["title"],
            moment["reason"],
        )
    results().print(table)


def list_clips(document: Mapping[str, Any]) -> None:
    """Print the clips that were cut, a line each; what could not be cut goes to stderr."""
    for clip in document["clips"]:
        times = f"{clip['start_time']:.3f}-{clip['end_time']:.3f} s, {clip['frames']} frames, {clip['method']}"
        typer.echo(f"{clip['path']}  {times}")
    for warning in document["warnings"]:
        typer.echo(f"warning: {warning}", err=True)
    for error in document["errors"]:
        typer.echo(f"error: {error['message']} [{error['code']}]", err=True)


def list_run(document: Mapping[str, Any], out: Path) -> None:
    """Print what a run came to."""
    list_moments(document["moments"])
    for note in document["transcript"].get("notes", ()):
        results().print(f"note: {note}", soft_wrap=True)
    for warning in document["transcript"].get("warnings", ()):
        results().print(f"warning: the transcript is suspect: {warning}", soft_wrap=True)
    if shortfall := document["quality"].get("shortfall"):
        results().print(f"note: {shortfall}", soft_wrap=True)
    for error in document["errors"]:
        results().print(f"error: {error['stage']}: {error['message']} [{error['code']}]", soft_wrap=True)
    results().print(f"open {out / 'report.html'} in a browser", soft_wrap=True)
