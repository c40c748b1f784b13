"""The commands and their options; what they do is in the modules beside this one, imported when asked for."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from pydantic import ValidationError
from rich.console import Console

from moments_ray import __version__
from moments_ray.cli.stopping import Stopped, unless_stopped
from moments_ray.errors import InputError, InvalidRequest, MomentsError
from moments_ray.settings import Settings

app = typer.Typer(
    name="moments",
    help="A video in, the moments worth watching out.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

console = Console(stderr=True, highlight=False)  # stdout is for results

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Out = Annotated[Path, typer.Option("--out", help="Directory to write to.")]
Count = Annotated[int | None, typer.Option("--count", help="How many moments; default about one a minute, up to 12.")]
MinSeconds = Annotated[float | None, typer.Option("--min-seconds", help="Shortest moment, in seconds.")]
MaxSeconds = Annotated[float | None, typer.Option("--max-seconds", help="Longest moment, in seconds.")]
GenerationModel = Annotated[str | None, typer.Option("--generation-model", help="Key of the model that finds moments.")]


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
def run(
    source: Annotated[str, typer.Argument(help="A video file, or a URL.")],
    out: Out = Path("out"),
    captions: Annotated[Path | None, typer.Option("--captions", help="Caption file to use: SRT, VTT, json3.")] = None,
    count: Count = None,
    min_seconds: MinSeconds = None,
    max_seconds: MaxSeconds = None,
    prompt: Annotated[str | None, typer.Option("--prompt", help="What to look for, in words.")] = None,
    transcriber: Annotated[str | None, typer.Option("--transcriber", help="Force one speech recogniser.")] = None,
    generation_model: GenerationModel = None,
    refinement_model: Annotated[str | None, typer.Option("--refinement-model", help="Key of the refiner.")] = None,
    as_json: Json = False,
) -> None:
    """Find the moments of one video; no server needed. The same command again goes on where it stopped."""
    wanted = _call(
        "run:Wanted",
        source=source,
        out=out,
        captions=captions,
        count=count,
        min_seconds=min_seconds,
        max_seconds=max_seconds,
        prompt=prompt,
        transcriber=transcriber,
        generation_model=generation_model,
        refinement_model=refinement_model,
    )
    document, status = _call("run:run", wanted, _settings(), console)
    if not as_json:
        _call("listing:list_run", document, out)
    _finish((document, status), as_json=as_json)


@app.command()
def demo(out: Out = Path("out/demo"), as_json: Json = False) -> None:
    """Make a short narrated talk and run the whole pipeline on it."""
    _finish(_call("demo:demo", out, _settings(), console, quiet=as_json), as_json=as_json)


@app.command()
def find(
    transcript: Annotated[Path, typer.Argument(help="SRT, VTT, json3, or our JSON.")],
    duration: Annotated[float | None, typer.Option("--duration", help="Length of the source, in seconds.")] = None,
    count: Count = None,
    min_seconds: MinSeconds = None,
    max_seconds: MaxSeconds = None,
    generation_model: GenerationModel = None,
    as_json: Json = False,
) -> None:
    """Find moments in a transcript alone: no media, no server."""
    _call(
        "find:find",
        transcript,
        duration=duration,
        count=count,
        min_seconds=min_seconds,
        max_seconds=max_seconds,
        generation_model=generation_model,
        as_json=as_json,
        settings=_settings(),
    )


@app.command()
def cut(
    source: Annotated[str, typer.Argument(help="A video file, or a URL.")],
    range_: Annotated[list[str] | None, typer.Option("--range", help="A-B in seconds; may be repeated.")] = None,
    ranges: Annotated[Path | None, typer.Option("--ranges", help="File with one A-B a line, or moments.json.")] = None,
    preset: Annotated[str, typer.Option("--preset", help="What the clips are for.")] = "source",
    out: Out = Path("out/clips"),
    as_json: Json = False,
) -> None:
    """Cut frame-accurate clips of given ranges."""
    document, status = _call("cut:cut", source, range_ or [], ranges, preset=preset, out=out, settings=_settings())
    if not as_json:
        _call("listing:list_clips", document)
    _finish((document, status), as_json=as_json)


@app.command()
def up(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; default BACKEND_PORT.")] = None,
) -> None:
    """Run the server: database, Redis, store, Ray, API and workers, whatever of it is not configured elsewhere."""
    _call("server:up", host, port, _settings(), console)


@app.command()
def worker() -> None:
    """Add one pipeline worker to an existing cluster."""
    _call("server:worker", _settings(), console)


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    _call("migrate:migrate", _settings(), console)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check everything a run needs, before any work."""
    raise typer.Exit(_call("doctor:doctor", _settings(), as_json=as_json))


def _call(target: str, *args: Any, **kwargs: Any) -> Any:
    """Call a function of a module beside this one: Ray and PyAV are imported only by the commands that need them."""
    module, name = target.split(":")
    result = getattr(importlib.import_module(f"moments_ray.cli.{module}"), name)(*args, **kwargs)
    try:
        return asyncio.run(unless_stopped(result)) if asyncio.iscoroutine(result) else result
    except Stopped as stopped:
        console.print("stopped", style="yellow")
        raise typer.Exit(stopped.status) from None


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "__".join(str(part) for part in first["loc"])
        raise InputError(f"the setting {name} is not valid: {first['msg']}; see .env.example") from error


def _finish(result: tuple[dict[str, Any], int], *, as_json: bool) -> None:
    document, status = result
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    raise typer.Exit(status)


def run_app(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status: 0 done, 1 failed, 2 bad usage or input, 3 done with errors."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    as_json = "--json" in arguments
    try:
        status = app(list(arguments) or ["--help"], standalone_mode=False)
    except MomentsError as error:
        return _told(error, as_json=as_json)
    except typer.TyperException as error:
        message = f"{error.format_message().rstrip('.')}; see `moments --help`"
        return _told(InvalidRequest(message), as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever it is, a user is told in a sentence
        return _told(_unforeseen(error), as_json=as_json)
    return status if isinstance(status, int) else 0


def _unforeseen(error: Exception) -> MomentsError:
    """Return what is said of a defect of ours: enough for a report of it."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return MomentsError(
        f"a defect of moments, please report it: {what} (at {Path(place.filename).name}:{place.lineno})"
    )


def _told(error: MomentsError, *, as_json: bool) -> int:
    """Say what went wrong in one sentence with its code."""
    console.print(f"error: {error.message} [{error.code}]", style="red", markup=False, soft_wrap=True)
    if as_json:
        told = {"code": error.code, "message": error.message, "retryable": error.retryable}
        typer.echo(json.dumps({"error": told}, ensure_ascii=False))
    return error.exit_status
