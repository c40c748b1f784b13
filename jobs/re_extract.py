"""Cuts the clips of the moments that users see again, such as for another preset or after a change of the cutter.

    python -m jobs.re_extract --preset vertical --burn-captions
    python -m jobs.re_extract --only-stale

The moments themselves stay as they are.
"""

from __future__ import annotations

import sys

import typer

from jobs.following import DryRun, Following, InFlight, Limit, Name, Strict, ordered, perform
from jobs.selection import LongerThan, Source, Titled, selected
from moments_ray.cli.app import run_app
from moments_ray.cli.calling import Json
from moments_ray.cli.options import takes
from moments_ray.corpus.options import IN_FLIGHT, BackfillOrder
from moments_ray.engine.environment import Environment
from moments_ray.http.schemas.options import Priority
from moments_ray.moments.options import ExtractClipsOptions

application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class ReExtractOptions(ExtractClipsOptions):
    """How clips are cut, at a low priority."""

    priority: Priority = 1


@application.command()
@takes(ReExtractOptions, without={"moment_ids"})
def re_extract(
    options: ReExtractOptions,
    titled: Titled = None,
    source: Source = None,
    longer_than: LongerThan = None,
    in_flight: InFlight = IN_FLIGHT,
    limit: Limit = None,
    name: Name = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Cut the clips of videos again. The same command again follows the same backfill."""

    async def order(_: Environment) -> BackfillOrder:
        return ordered(
            options,
            selected(titled, source, longer_than, has_moments=True),
            name=name,
            in_flight=in_flight,
            limit=limit,
            pipeline="clips",
            mode="rederive",
        )

    perform(order, Following(strict=strict, dry_run=dry_run, as_json=as_json))


if __name__ == "__main__":
    sys.exit(run_app(sys.argv[1:], application))
