"""`moments edit`: the commands of the editor, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moments_ray.cli.calling import Json, console, finish, perform, settings
from moments_ray.cli.client_commands import Server
from moments_ray.cli.options import takes
from moments_ray.editor.options import AnalyseBody, RenderBody

edit = typer.Typer(name="edit", help="Edit a video by a timeline, and render films of it.", no_args_is_help=True)

Project = Annotated[str, typer.Argument(help="Number or identifier of a project.")]


@edit.command()
@takes(AnalyseBody, without={"keep_segments"})
def ingest(
    source: Annotated[str, typer.Argument(help="A video file, or a URL.")],
    options: AnalyseBody,
    title: Annotated[str | None, typer.Option("--title", help="Of the project; default: the file's name.")] = None,
    analyze: Annotated[bool, typer.Option(help="Make a first timeline.")] = True,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for it.")] = 60.0,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Make a project of a video."""
    from moments_ray.cli import edit as commands

    client = commands.connect(server, settings())
    work = commands.ingest(client, source, options, title=title, analyze=analyze, wait=wait, as_json=as_json)
    finish(perform(work), as_json=as_json)


@edit.command()
def timeline(project: Project, server: Server = None) -> None:
    """Print a project with its timeline, as JSON."""
    from moments_ray.cli import edit as commands

    finish(perform(commands.show(commands.connect(server, settings()), project)), as_json=True)


@edit.command()
def save(
    project: Project,
    file: Annotated[Path, typer.Argument(help="JSON of a timeline, or of the keys that change; - is stdin.")],
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Save a timeline; keys that are left out keep their value."""
    from moments_ray.cli import edit as commands

    work = commands.save(commands.connect(server, settings()), project, file, console, as_json=as_json)
    finish(perform(work), as_json=as_json)


@edit.command()
def consent(
    project: Project,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take it back, which stops renders.")] = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Say that who is seen in a project's video agreed."""
    from moments_ray.cli import edit as commands

    work = commands.consent(commands.connect(server, settings()), project, accepted=not revoke, as_json=as_json)
    finish(perform(work), as_json=as_json)


@edit.command()
@takes(RenderBody)
def render(
    project: Project,
    options: RenderBody,
    out: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("film.mp4"),
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Render a project's film, and bring it home."""
    from moments_ray.cli import edit as commands

    work = commands.render(commands.connect(server, settings()), project, out, options, console, as_json=as_json)
    finish(perform(work), as_json=as_json)


@edit.command()
def export(
    project: Project,
    form: Annotated[str, typer.Option("--format", help="otio, edl, fcpxml, srt, vtt, ass or json.")] = "otio",
    out: Annotated[Path | None, typer.Option("--out", help="File to write; default stdout.")] = None,
    server: Server = None,
) -> None:
    """Write a timeline for another program."""
    from moments_ray.cli import edit as commands

    perform(commands.export(commands.connect(server, settings()), project, form, out))
