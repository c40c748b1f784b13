"""The commands that talk to a server, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moments_ray.cli.calling import Json, console, finish, perform, settings
from moments_ray.cli.options import takes
from moments_ray.http.schemas.runs import StartOptions
from moments_ray.moments.options import ExportFormat, RunOptions

commands = typer.Typer()

Server = Annotated[str | None, typer.Option("--server", help="Its URL; default MOMENTS_SERVER_URL, or this machine's.")]
Watch = Annotated[bool, typer.Option("--watch", help="Stay, and show how it goes on.")]
Subject = Annotated[str, typer.Argument(help="Identifier of a run, or of a video for its newest one.")]


@commands.command()
@takes(RunOptions)
def submit(
    source: Annotated[str, typer.Argument(help="A video file, which is uploaded, or a URL.")],
    options: RunOptions,
    watch: Watch = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Hand a video to a server, which finds its moments."""
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    finish(
        perform(client.submit(connection, source, options, console, watching=watch, as_json=as_json)), as_json=as_json
    )


@commands.command()
@takes(StartOptions)
def start(
    pipeline: Annotated[str, typer.Argument(help="Name of a pipeline that the server knows.")],
    request: Annotated[Path, typer.Option("--json", help="File of what the pipeline takes; - is stdin.")],
    options: StartOptions,
    watch: Watch = False,
    server: Server = None,
) -> None:
    """Start any pipeline on a server, and print its run as JSON."""
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    finish(perform(client.start(connection, pipeline, request, options, console, watching=watch)), as_json=True)


@commands.command()
def status(subject: Subject, server: Server = None, as_json: Json = False) -> None:
    """Tell how a run stands; the exit status is that of `run` once it is finished."""
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    finish(perform(client.status(connection, subject, as_json=as_json)), as_json=as_json)


@commands.command()
def watch(subject: Subject, server: Server = None, as_json: Json = False) -> None:
    """Follow a run to its end."""
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    finish(perform(client.watch(connection, subject, console, as_json=as_json)), as_json=as_json)


@commands.command()
def cancel(subject: Subject, server: Server = None, as_json: Json = False) -> None:
    """Stop a run."""
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    finish(perform(client.cancel(connection, subject, as_json=as_json)), as_json=as_json)


@commands.command()
def retry(subject: Subject, server: Server = None, as_json: Json = False) -> None:
    """Continue a run from what failed."""
    from moments_ray.cli import client

    connection = client.connect(server, settings())
    finish(perform(client.retry(connection, subject, as_json=as_json)), as_json=as_json)


@commands.command()
def export(
    video: Annotated[str, typer.Argument(help="Identifier of a video.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="What for.")] = "json",
    out: Annotated[Path | None, typer.Option("--out", help="File to write; default stdout.")] = None,
    server: Server = None,
) -> None:
    """Write a video's moments for another program."""
    from moments_ray.cli import client

    perform(client.export(client.connect(server, settings()), video, form, out))
