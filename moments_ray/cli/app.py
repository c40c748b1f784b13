"""The commands and their options; what they do is in the modules beside this one, imported when asked for."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import structlog
import typer

from moments_ray import __version__
from moments_ray.cli import ad_commands, administration, backfill_commands, client_commands, edit_commands, job_commands
from moments_ray.cli.calling import Encoding, Json, Language, console, finish, perform, settings
from moments_ray.cli.options import takes
from moments_ray.errors import InvalidRequest, KeyInvalid, MomentsError
from moments_ray.media.presets import PRESETS
from moments_ray.moments.options import MomentOptions, PaddedCutOptions, RunOptions

app = typer.Typer(
    name="moments",
    help="A video in, the moments worth watching out.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(client_commands.commands)
app.add_typer(backfill_commands.backfill)
app.add_typer(ad_commands.ad)
app.add_typer(job_commands.commands)
app.add_typer(administration.keys)
app.add_typer(administration.dead)
app.add_typer(edit_commands.edit)

_KEY_WANTED = "The server wants a valid API key: set MOMENTS_API_KEY to one that `moments keys create` made."

Out = Annotated[Path, typer.Option("--out", help="Directory to write to.")]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"moments {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """A video in, the moments worth watching out."""


@app.command()
@takes(RunOptions, without={"webhook"})
def run(
    source: Annotated[str, typer.Argument(help="A video file, or a URL.")],
    options: RunOptions,
    out: Out = Path("out"),
    captions: Annotated[Path | None, typer.Option("--captions", help="Caption file to use, of any format.")] = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Find the moments of one video; no server needed. The same command again goes on where it stopped."""
    from moments_ray.cli.listing import list_run
    from moments_ray.cli.run import RunArguments, run_video

    arguments = RunArguments(source=source, out=out, options=options, captions=captions, encoding=encoding)
    document, status = perform(run_video(arguments, settings(), console))
    if not as_json:
        list_run(document, out)
    finish((document, status), as_json=as_json)


@app.command()
def demo(out: Out = Path("out/demo"), as_json: Json = False) -> None:
    """Make a short narrated talk and run the whole pipeline on it."""
    from moments_ray.cli.demo import run_demo

    finish(perform(run_demo(out, settings(), console, quiet=as_json)), as_json=as_json)


@app.command()
@takes(MomentOptions)
def find(
    transcript: Annotated[Path, typer.Argument(help="Captions or a transcript: SRT, VTT, JSON or another.")],
    options: MomentOptions,
    duration: Annotated[
        float | None, typer.Option("--duration", min=0, help="Length of the source, in seconds.")
    ] = None,
    encoding: Encoding = None,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Find moments in a transcript alone: no media, no server."""
    from moments_ray.cli.find import print_moments

    print_moments(
        transcript,
        options,
        duration=duration,
        encoding=encoding,
        language=language,
        as_json=as_json,
        settings=settings(),
    )


@app.command()
@takes(PaddedCutOptions, without={"preset"}, also={"burn_captions": "--burn"})
def cut(
    source: Annotated[str, typer.Argument(help="A video file, or a URL.")],
    options: PaddedCutOptions,
    range_: Annotated[list[str] | None, typer.Option("--range", help="A-B in seconds; may be repeated.")] = None,
    ranges: Annotated[Path | None, typer.Option("--ranges", help="File with one A-B a line, or moments.json.")] = None,
    preset: Annotated[
        list[str] | None, typer.Option("--preset", help=f"{', '.join(PRESETS)}; may be repeated; default source.")
    ] = None,
    captions: Annotated[
        Path | None, typer.Option("--captions", help="Caption file; its part goes beside each clip.")
    ] = None,
    out: Out = Path("out/clips"),
    as_json: Json = False,
) -> None:
    """Cut frame-accurate clips of given ranges."""
    from moments_ray.cli.cut import CutArguments, cut_ranges
    from moments_ray.cli.listing import list_clips

    arguments = CutArguments(
        source=source,
        ranges=range_ or [],
        ranges_file=ranges,
        presets=preset or [],
        captions=captions,
        options=options,
        out=out,
    )
    document, status = perform(cut_ranges(arguments, settings()))
    if not as_json:
        list_clips(document)
    finish((document, status), as_json=as_json)


@app.command()
def up(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; default BACKEND_PORT.")] = None,
) -> None:
    """Run the server: database, Redis, store, Ray, API and workers, whatever of it is not configured elsewhere."""
    from moments_ray.cli.server import run_server

    perform(run_server(host, port, settings(), console))


@app.command()
def worker() -> None:
    """Add one pipeline worker to an existing cluster."""
    from moments_ray.cli.server import run_worker

    perform(run_worker(settings(), console))


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from moments_ray.cli.migrate import migrate_database

    perform(migrate_database(settings(), console))


@app.command()
def replay(
    run: Annotated[str, typer.Argument(help="The run's identifier.")],
    stage: Annotated[str, typer.Argument(help="One of its pipeline's stages, such as TRANSCRIPTION.")],
    item: Annotated[str | None, typer.Option("--item", help="Of a fan-out, this item alone.")] = None,
    as_json: Json = False,
) -> None:
    """Run one stage of a past run again on this machine, with the inputs it had; rows and objects stay as they are."""
    from moments_ray.cli.replay import replay_stage

    finish(perform(replay_stage(run, stage, item, settings(), console, as_json=as_json)), as_json=as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check everything a run needs, before any work."""
    from moments_ray.cli.doctor import check_everything

    raise typer.Exit(perform(check_everything(settings(), as_json=as_json)))


def run_app(arguments: Sequence[str], application: typer.Typer = app) -> int:
    """Run a command and return its exit status: 0 done, 1 failed, 2 bad usage or input, 3 done with errors."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    as_json = "--json" in arguments
    try:
        status = application(list(arguments) or ["--help"], standalone_mode=False)
    except MomentsError as error:
        return _report(error, as_json=as_json)
    except typer.TyperException as error:
        said = " ".join(error.format_message().split()).replace("Value error, ", "")  # pydantic's, before what is ours
        message = f"{said.rstrip('.')}; see --help"
        return _report(InvalidRequest(message), as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever it is, a user is told in a sentence
        return _report(_unforeseen(error), as_json=as_json)
    return status if isinstance(status, int) else 0


def _unforeseen(error: Exception) -> MomentsError:
    """Return what is said of a defect of ours: enough for a report of it."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return MomentsError(
        f"A defect of moments, please report it: {what} (at {Path(place.filename).name}:{place.lineno})."
    )


def _report(error: MomentsError, *, as_json: bool) -> int:
    """Say what went wrong in one sentence with its code; of a header that is missing, in a shell's words."""
    message = _KEY_WANTED if isinstance(error, KeyInvalid) else error.message
    console.print(f"error: {message} [{error.code}]", style="red", markup=False, soft_wrap=True)
    if as_json:
        body = {"code": error.code, "message": message, "retryable": error.retryable}
        typer.echo(json.dumps({"error": body}, ensure_ascii=False))
    return error.exit_status
