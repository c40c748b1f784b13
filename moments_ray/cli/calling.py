"""What every command shares: how it is carried out, where it reports to, and where its settings come from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from moments_ray.cli.stopping import Stopped, unless_stopped
from moments_ray.errors import InputError
from moments_ray.settings import Settings

T = TypeVar("T")

console = Console(stderr=True, highlight=False)  # stdout is for results

Encoding = Annotated[
    str | None, typer.Option("--encoding", help="How the caption file is written, such as cp1251; default: found out.")
]
Language = Annotated[
    str | None, typer.Option("--language", help="Language that is spoken, such as en; of captions in two, this one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def perform(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work of a command returns, or end the command where a signal stops it."""
    try:
        return asyncio.run(unless_stopped(work))
    except Stopped as stopped:
        console.print("stopped", style="yellow")
        raise typer.Exit(stopped.status) from None


def finish(result: tuple[dict[str, Any], int], *, as_json: bool) -> None:
    """End a command with its document, if that was asked for, and its exit status."""
    document, status = result
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    raise typer.Exit(status)


def settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        InputError: naming the first that is not valid.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "__".join(str(part) for part in first["loc"])
        raise InputError(f"The setting {name} is not valid: {first['msg']}; see .env.example.") from error
