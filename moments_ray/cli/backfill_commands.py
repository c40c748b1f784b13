"""The commands of ``moments backfill``, and their options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from moments_ray.cli.calling import Json, console, finish, perform, settings
from moments_ray.cli.client_commands import Server
from moments_ray.cli.options import takes
from moments_ray.corpus.options import BackfillArguments, BackfillOrder, BackfillSource
from moments_ray.errors import InvalidRequest
from moments_ray.http.schemas.options import checked

backfill = typer.Typer(name="backfill", help="One pipeline over many videos.", rich_markup_mode=None)

Identifier = Annotated[str, typer.Argument(help="Identifier of a backfill.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and do nothing.")]


@backfill.command()
@takes(BackfillArguments)
def create(
    options: BackfillArguments,
    listed: Annotated[Path | None, typer.Argument(help="List of URLs: text, CSV or Parquet.")] = None,
    url: Annotated[list[str] | None, typer.Option("--url", help="A URL; may be repeated.")] = None,
    select: Annotated[
        str | None, typer.Option("--select", metavar="JSON", help="Videos of the library, by its filters; {} is all.")
    ] = None,
    column: Annotated[str, typer.Option("--column", help="The column of a CSV or Parquet file.")] = "url",
    key: Annotated[str | None, typer.Option("--key", help="Idempotency key: given again, it makes nothing.")] = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Make a backfill; workers bring it on."""
    from moments_ray.cli import backfill as commands
    from moments_ray.cli import client

    def order(manifest: str | None) -> BackfillOrder:
        source: dict[str, Any] = {"urls": url or None, "manifest": manifest, "column": column}
        if select is not None:
            source["videos"] = _json("--select", select)
        return options.order(checked(BackfillSource, source))

    connection = client.connect(server, settings())
    finish(perform(commands.create(connection, order, listed, key, as_json=as_json)), as_json=as_json)


@backfill.command("list")
def list_backfills(server: Server = None, as_json: Json = False) -> None:
    """List backfills, the newest first."""
    from moments_ray.cli import backfill as commands
    from moments_ray.cli import client

    finish(perform(commands.list_all(client.connect(server, settings()), as_json=as_json)), as_json=as_json)


@backfill.command()
def show(identifier: Identifier, server: Server = None, as_json: Json = False) -> None:
    """Tell how a backfill stands."""
    from moments_ray.cli import backfill as commands
    from moments_ray.cli import client

    finish(perform(commands.show(client.connect(server, settings()), identifier, as_json=as_json)), as_json=as_json)


@backfill.command()
def items(
    identifier: Identifier,
    status: Annotated[list[str] | None, typer.Option("--status", help="Only these; may be repeated.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Items to print.")] = 50,
    out: Annotated[Path | None, typer.Option("--out", help="CSV file to write all of them to.")] = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """List what became of the items of a backfill."""
    from moments_ray.cli import backfill as commands
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    work = commands.items(connection, identifier, status or [], limit, out, as_json=as_json)
    finish(perform(work), as_json=as_json)


@backfill.command()
def pause(identifier: Identifier, server: Server = None, as_json: Json = False) -> None:
    """Start nothing more for now; runs under way end."""
    _act(identifier, "pause", server, as_json=as_json)


@backfill.command()
def resume(identifier: Identifier, server: Server = None, as_json: Json = False) -> None:
    """Go on with a backfill that is paused."""
    _act(identifier, "resume", server, as_json=as_json)


@backfill.command()
def cancel(identifier: Identifier, server: Server = None, as_json: Json = False) -> None:
    """Start nothing more, and stop the runs under way."""
    _act(identifier, "cancel", server, as_json=as_json)


@backfill.command()
def retry(
    identifier: Identifier,
    code: Annotated[list[str] | None, typer.Option("--code", help="Only what failed so; may be repeated.")] = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Start the failed items again."""
    from moments_ray.cli import backfill as commands
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    finish(perform(commands.retry(connection, identifier, code or [], as_json=as_json)), as_json=as_json)


@backfill.command()
def diff(identifier: Identifier, server: Server = None, as_json: Json = False) -> None:
    """Compare what a backfill found with what users see, or saw before."""
    from moments_ray.cli import backfill as commands
    from moments_ray.cli import client

    finish(perform(commands.diff(client.connect(server, settings()), identifier, as_json=as_json)), as_json=as_json)


@backfill.command()
def promote(identifier: Identifier, dry_run: DryRun = False, server: Server = None, as_json: Json = False) -> None:
    """Have users see what a backfill found."""
    _change_sets(identifier, "promote", server, dry_run=dry_run, as_json=as_json)


@backfill.command()
def rollback(identifier: Identifier, dry_run: DryRun = False, server: Server = None, as_json: Json = False) -> None:
    """Have users see again what they saw before."""
    _change_sets(identifier, "rollback", server, dry_run=dry_run, as_json=as_json)


def _act(identifier: str, action: str, server: str | None, *, as_json: bool) -> None:
    from moments_ray.cli import backfill as commands
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    finish(perform(commands.act(connection, identifier, action, as_json=as_json)), as_json=as_json)


def _change_sets(identifier: str, sets_to: str, server: str | None, *, dry_run: bool, as_json: bool) -> None:
    from moments_ray.cli import backfill as commands
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    work = commands.change_sets(connection, identifier, sets_to, console, dry_run=dry_run, as_json=as_json)
    finish(perform(work), as_json=as_json)


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The option {option} is not JSON: {error}.") from error
