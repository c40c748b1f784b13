"""The commands of ``moments ad``, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moments_ray.ads.options import AdOptions, RegenerateScene, RetryAd
from moments_ray.cli.calling import Json, console, finish, perform, settings
from moments_ray.cli.client_commands import Server
from moments_ray.cli.options import takes

ad = typer.Typer(name="ad", help="Ads of half a minute: script, voice, pictures, film.", rich_markup_mode=None)

Identifier = Annotated[str, typer.Argument(help="Identifier of an ad.")]
Picture = Annotated[Path | None, typer.Option("--picture", help="A picture of the product: JPEG, PNG, GIF or WebP.")]


@ad.command()
@takes(AdOptions)
def make(
    options: AdOptions,
    picture: Picture = None,
    out: Annotated[Path | None, typer.Option("--out", help="Wait, and write the films to this directory.")] = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Make an ad."""
    from moments_ray.cli import ad as ads
    from moments_ray.cli.client import connect

    client = connect(server, settings())
    finish(perform(ads.make(client, options, picture, out, console, as_json=as_json)), as_json=as_json)


@ad.command()
@takes(AdOptions)
def estimate(options: AdOptions, picture: Picture = None, server: Server = None, as_json: Json = False) -> None:
    """Tell what an ad would cost; the exit status is 3 where that is over its limit."""
    from moments_ray.cli import ad as ads
    from moments_ray.cli.client import connect

    finish(perform(ads.estimate(connect(server, settings()), options, picture, as_json=as_json)), as_json=as_json)


@ad.command(name="list")
def list_ads(server: Server = None, as_json: Json = False) -> None:
    """List the newest ads."""
    from moments_ray.cli import ad as ads
    from moments_ray.cli.client import connect

    finish(perform(ads.list_all(connect(server, settings()), as_json=as_json)), as_json=as_json)


@ad.command()
def show(identifier: Identifier, server: Server = None, as_json: Json = False) -> None:
    """Tell how an ad stands."""
    from moments_ray.cli import ad as ads
    from moments_ray.cli.client import connect

    finish(perform(ads.show(connect(server, settings()), identifier, as_json=as_json)), as_json=as_json)


@ad.command()
def script(identifier: Identifier, server: Server = None, as_json: Json = False) -> None:
    """Print what an ad says."""
    from moments_ray.cli import ad as ads
    from moments_ray.cli.client import connect

    finish(perform(ads.script(connect(server, settings()), identifier, as_json=as_json)), as_json=as_json)


@ad.command()
@takes(RetryAd)
def retry(identifier: Identifier, options: RetryAd, server: Server = None, as_json: Json = False) -> None:
    """Go on with an ad where it stopped, or make it again from a stage on."""
    from moments_ray.cli import ad as ads
    from moments_ray.cli.client import connect

    finish(perform(ads.retry(connect(server, settings()), identifier, options, as_json=as_json)), as_json=as_json)


@ad.command()
@takes(RegenerateScene)
def regenerate(
    identifier: Identifier,
    scene: Annotated[int, typer.Argument(min=1, max=4, help="Which scene.")],
    options: RegenerateScene,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Make one scene of an ad again, and the film with it."""
    from moments_ray.cli import ad as ads
    from moments_ray.cli.client import connect

    client = connect(server, settings())
    finish(perform(ads.regenerate(client, identifier, scene, options, as_json=as_json)), as_json=as_json)


@ad.command()
def cancel(identifier: Identifier, server: Server = None, as_json: Json = False) -> None:
    """Stop an ad; what was charged stays charged."""
    from moments_ray.cli import ad as ads
    from moments_ray.cli.client import connect

    finish(perform(ads.cancel(connect(server, settings()), identifier, as_json=as_json)), as_json=as_json)
