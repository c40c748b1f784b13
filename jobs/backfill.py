"""Has the videos of a list worked on, as a backfill that is followed; killed and begun again, it is taken up.

    python -m jobs.backfill urls.txt
    ray job submit --working-dir . -- python -m jobs.backfill videos.parquet --column address --in-flight 50

It talks to the database itself, so that no API need run; workers do the work.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.following import (
    DryRun,
    Following,
    InFlight,
    Limit,
    Name,
    Strict,
    ordered,
    perform,
    stored_list,
)
from moments_ray.cli.app import run_app
from moments_ray.cli.calling import Json
from moments_ray.cli.options import takes
from moments_ray.corpus.options import IN_FLIGHT, BackfillOrder, BackfillSource, Mode
from moments_ray.engine.environment import Environment
from moments_ray.http.schemas.options import Priority
from moments_ray.moments.options import RunOptions

application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class BackfillOptions(RunOptions):
    """How the moments of each video are found, at a low priority; the webhook is of the end of all."""

    priority: Priority = 1


@application.command()
@takes(BackfillOptions)
def backfill(
    path: Annotated[Path, typer.Argument(help="URLs: text, one a line; or CSV or Parquet, a column of them.")],
    options: BackfillOptions,
    column: Annotated[str, typer.Option("--column", help="The column of a CSV or Parquet file.")] = "url",
    mode: Annotated[Mode, typer.Option("--mode", help="Which of them: see docs/operating.md.")] = "new",
    in_flight: InFlight = IN_FLIGHT,
    limit: Limit = None,
    name: Name = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Have the videos of a list worked on. The same command again follows the same backfill."""

    async def order(environment: Environment) -> BackfillOrder:
        source = BackfillSource(manifest=await stored_list(environment, path), column=column)
        named = name or path.name[:200]
        return ordered(options, source, name=named, in_flight=in_flight, limit=limit, mode=mode)

    perform(order, Following(strict=strict, dry_run=dry_run, as_json=as_json))


if __name__ == "__main__":
    sys.exit(run_app(sys.argv[1:], application))
