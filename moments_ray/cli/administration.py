"""The commands of those who run a deployment: its API keys, and what was given up."""

from __future__ import annotations

from typing import Annotated

import typer

from moments_ray.access.key import Scope
from moments_ray.cli.calling import Json, console, perform, settings

keys = typer.Typer(name="keys", help="API keys.", rich_markup_mode=None)
dead = typer.Typer(name="dead", help="What was given up.", rich_markup_mode=None)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Option("--name", help="Who will use it.")],
    scope: Annotated[Scope, typer.Option("--scope", help="What it allows.")],
    as_json: Json = False,
) -> None:
    """Make an API key and print it, this once."""
    from moments_ray.cli.keys import create

    perform(create(name, scope, settings(), console, as_json=as_json))


@keys.command("list")
def list_keys(as_json: Json = False) -> None:
    """List the API keys; what it takes to use one is not kept."""
    from moments_ray.cli.keys import show

    perform(show(settings(), as_json=as_json))


@keys.command("revoke")
def revoke_key(identifier: Annotated[str, typer.Argument(help="As `moments keys list` shows it.")]) -> None:
    """Have an API key refused from now on."""
    from moments_ray.cli.keys import revoke

    perform(revoke(identifier, settings()))


@dead.command("list")
def list_dead(as_json: Json = False) -> None:
    """List what was given up, the newest first, with its reason."""
    from moments_ray.cli.dead import show

    perform(show(settings(), as_json=as_json))


@dead.command("retry")
def retry_dead(
    identifier: Annotated[str, typer.Argument(help="As `moments dead list` shows it, or a run's.")],
) -> None:
    """Have a run that was given up continued from its failed stage."""
    from moments_ray.cli.dead import retry

    perform(retry(identifier, settings()))


@dead.command("clear")
def clear_dead() -> None:
    """Forget what was given up; the runs and their errors stay in the history."""
    from moments_ray.cli.dead import clear

    perform(clear(settings()))
