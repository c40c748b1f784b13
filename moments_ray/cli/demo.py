"""``moments demo``: a talk of our own through the whole pipeline, and how close the moments came to its topics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from moments_ray.cli.listing import results
from moments_ray.cli.run import RunArguments, run_video
from moments_ray.cli.source import require_writable
from moments_ray.demo.comparison import compare
from moments_ray.demo.talk import make_talk
from moments_ray.moments.options import RunOptions
from moments_ray.settings import Settings


async def run_demo(out: Path, settings: Settings, console: Console, *, quiet: bool) -> tuple[dict[str, Any], int]:
    """Make the talk, run it, print the moments beside the topics they should meet; ``quiet`` keeps stdout free.

    Raises:
        MomentsError: the talk or the run could not be made.
    """
    require_writable(out)
    console.print("making a short talk to find moments in")
    talk = await make_talk(out / "talk", settings)
    document, status = await run_video(RunArguments(str(talk.path), out, RunOptions()), settings, console)
    comparison = compare(talk.topics, document["moments"])
    table = Table("moment", "time", "topic", "how close", title=talk.title, title_justify="left", box=None)
    for match in comparison.matches:
        table.add_row(*match.row())
    shown = console if quiet else results()
    shown.print(table)
    shown.print(comparison.summary(), soft_wrap=True)
    shown.print(f"open {out / 'report.html'} in a browser", soft_wrap=True)
    return document, status
