"""Writes the moments that users see as Parquet, for training: with their words, figures and the names of their clips.

    python -m jobs.export_dataset november
    python -m jobs.export_dataset november --out data/november

Without ``--out`` it goes to ``datasets/NAME/`` of the store. Stopped, the same command goes on after the last part.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.following import connected
from moments_ray.cli.app import run_app
from moments_ray.cli.calling import Json, console, finish, settings
from moments_ray.cli.stopping import Stopped, unless_stopped
from moments_ray.corpus.dataset import DirectoryTarget, StoreTarget, export_dataset
from moments_ray.settings import Settings
from moments_ray.storage.object_store import checked_name

application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@application.command()
def export(
    name: Annotated[str, typer.Argument(help="Of the data set: letters, digits, dots, dashes and underscores.")],
    out: Annotated[Path | None, typer.Option("--out", help="Directory of this machine to write to.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write parts again that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Write the moments that users see as Parquet."""
    try:
        document = asyncio.run(unless_stopped(_export(name, out, settings(), force=force)))
    except Stopped as stopped:
        console.print("the same command goes on after the last whole part", soft_wrap=True)
        raise typer.Exit(stopped.status) from None
    finish((document, 0), as_json=as_json)


async def _export(name: str, out: Path | None, given: Settings, *, force: bool) -> dict[str, Any]:
    folder = checked_name(f"datasets/{name}")
    async with connected(given) as environment:
        store = environment.store
        target = StoreTarget(store, folder) if out is None else DirectoryTarget(out)
        place = store.uri(folder) if out is None else str(out)
        parts = []
        async for part in export_dataset(environment.database, target, force=force):
            parts.append(part)
            done = "was there" if part.moments is None else f"{part.moments:,} moments"
            console.print(f"{part.name}: {done}", markup=False, soft_wrap=True)
    console.print(f"{len(parts):,} parts in {place}", markup=False, soft_wrap=True)
    return {"place": place, "parts": [part._asdict() for part in parts]}


if __name__ == "__main__":
    sys.exit(run_app(sys.argv[1:], application))
