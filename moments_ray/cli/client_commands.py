"""The commands that talk to a server, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moments_ray.cli.calling import (
    Count,
    GenerationModel,
    Json,
    MaxSeconds,
    MinSeconds,
    Prompt,
    RefinementModel,
    Transcriber,
    call,
    console,
    finish,
    settings,
)
from moments_ray.moments.options import ExportFormat

commands = typer.Typer()

Server = Annotated[str | None, typer.Option("--server", help="Its URL; default MOMENTS_SERVER_URL, or this machine's.")]
Subject = Annotated[str, typer.Argument(help="Identifier of a run, or of a video for its newest one.")]


@commands.command()
def submit(
    source: Annotated[str, typer.Argument(help="A video file, which is uploaded, or a URL.")],
    count: Count = None,
    min_seconds: MinSeconds = None,
    max_seconds: MaxSeconds = None,
    prompt: Prompt = None,
    transcriber: Transcriber = None,
    generation_model: GenerationModel = None,
    refinement_model: RefinementModel = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and show how it goes on.")] = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Hand a video to a server, which finds its moments."""
    given = {
        "count": count,
        "min_seconds": min_seconds,
        "max_seconds": max_seconds,
        "prompt": prompt,
        "transcriber": transcriber,
        "generation_model": generation_model,
        "refinement_model": refinement_model,
    }
    options = {name: value for name, value in given.items() if value is not None}
    client = call("client:connect", server, settings())
    finish(call("client:submit", client, source, options, console, watching=watch, as_json=as_json), as_json=as_json)


@commands.command()
def status(subject: Subject, server: Server = None, as_json: Json = False) -> None:
    """Tell how a run stands; the exit status is that of `run` once it is finished."""
    client = call("client:connect", server, settings())
    finish(call("client:status", client, subject, as_json=as_json), as_json=as_json)


@commands.command()
def watch(subject: Subject, server: Server = None, as_json: Json = False) -> None:
    """Follow a run to its end."""
    client = call("client:connect", server, settings())
    finish(call("client:watch", client, subject, console, as_json=as_json), as_json=as_json)


@commands.command()
def cancel(subject: Subject, server: Server = None, as_json: Json = False) -> None:
    """Stop a run."""
    client = call("client:connect", server, settings())
    finish(call("client:cancel", client, subject, as_json=as_json), as_json=as_json)


@commands.command()
def retry(subject: Subject, server: Server = None, as_json: Json = False) -> None:
    """Continue a run from what failed."""
    client = call("client:connect", server, settings())
    finish(call("client:retry", client, subject, as_json=as_json), as_json=as_json)


@commands.command()
def export(
    video: Annotated[str, typer.Argument(help="Identifier of a video.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="What for.")] = "json",
    out: Annotated[Path | None, typer.Option("--out", help="File to write; default stdout.")] = None,
    server: Server = None,
) -> None:
    """Write a video's moments for another program."""
    call("client:export", call("client:connect", server, settings()), video, form, out)
