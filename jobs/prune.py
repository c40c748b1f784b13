"""Deletes the moments, with their clips, of sets that were replaced or never promoted, and nobody would go back to.

    python -m jobs.prune --days 90 --dry-run

The set that users see stays, and the one that a rollback would bring back. What is deleted can be restored for 30 days,
like all moments; then its objects go, too.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Annotated, Any

import typer

from jobs.following import DryRun, connected
from moments_ray.cli.app import run_app
from moments_ray.cli.calling import Json, console, finish, settings
from moments_ray.cli.stopping import Stopped, unless_stopped
from moments_ray.corpus.queries.pruning import Pruning
from moments_ray.settings import Settings

_BATCH = 500

application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@application.command()
def prune(
    days: Annotated[int, typer.Option("--days", min=0, help="Only what was replaced so long ago.")] = 90,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Delete outdated sets of moments; stopped, the same command goes on."""
    try:
        document = asyncio.run(unless_stopped(_prune(timedelta(days=days), settings(), dry_run=dry_run)))
    except Stopped as stopped:
        raise typer.Exit(stopped.status) from None
    finish((document, 0), as_json=as_json)


async def _prune(age: timedelta, given: Settings, *, dry_run: bool) -> dict[str, Any]:
    async with connected(given) as environment:
        async with environment.database.read() as session:
            found = await Pruning(session).outdated(age)
        left = found.sets
        while left and not dry_run:
            async with environment.database.begin() as session:
                deleted = await Pruning(session).delete(age, _BATCH)
            left = left - deleted if deleted else 0
            console.print(f"{left:,} sets left", soft_wrap=True)
    what = "would be deleted" if dry_run else "deleted"
    console.print(
        f"{found.sets:,} sets {what}: {found.moments:,} moments, {found.clips:,} clips of {found.bytes:,} bytes",
        soft_wrap=True,
    )
    return {"dry_run": dry_run, **found._asdict()}


if __name__ == "__main__":
    sys.exit(run_app(sys.argv[1:], application))
