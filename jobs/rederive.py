"""Finds the moments of the library's videos again, as candidates that are compared and promoted afterwards.

    python -m jobs.rederive --generation-model qwen3_omni --name "qwen3, November"

What was fetched, heard and transcribed stands and is not made again; moments alone are, unless --clips asks for clips.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from jobs.backfill import BackfillOptions
from jobs.following import DryRun, Following, InFlight, Limit, Name, Strict, ordered, perform
from jobs.selection import LongerThan, Source, Titled, selected
from moments_ray.cli.app import run_app
from moments_ray.cli.calling import Json
from moments_ray.cli.options import takes
from moments_ray.corpus.options import IN_FLIGHT, BackfillOrder, SetName
from moments_ray.engine.environment import Environment

application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@application.command()
@takes(BackfillOptions)
def rederive(
    options: BackfillOptions,
    titled: Titled = None,
    source: Source = None,
    longer_than: LongerThan = None,
    show_as: Annotated[
        SetName, typer.Option("--as", help="candidate: users see it once it is promoted.")
    ] = "candidate",
    clips: Annotated[bool, typer.Option("--clips", help="Refine and cut what is found, too.")] = False,
    in_flight: InFlight = IN_FLIGHT,
    limit: Limit = None,
    name: Name = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Find the moments of videos again. The same command again follows the same backfill."""

    async def order(_: Environment) -> BackfillOrder:
        return ordered(
            options,
            selected(titled, source, longer_than),
            name=name,
            in_flight=in_flight,
            limit=limit,
            pipeline="moments" if clips else "generation",
            mode="rederive",
            show_as=show_as,
        )

    perform(order, Following(strict=strict, dry_run=dry_run, as_json=as_json))


if __name__ == "__main__":
    sys.exit(run_app(sys.argv[1:], application))
