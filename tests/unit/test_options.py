"""Every option stands in one model; which place does not offer it, and why, stands here."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from pydantic import BaseModel, Field
from typer.core import TyperOption
from typer.main import get_command

from jobs.backfill import BackfillOptions
from jobs.backfill import application as backfill
from jobs.rederive import application as rederive
from moments_ray.ads.options import AdOptions
from moments_ray.cli.app import app, run_app
from moments_ray.cli.options import takes
from moments_ray.client import RunOptions as ClientOptions
from moments_ray.corpus.options import BackfillArguments, BackfillTerms, Budget
from moments_ray.editor.options import RenderBody
from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.options import BaseRunOptions, WebhookOptions
from moments_ray.http.schemas.runs import StartOptions
from moments_ray.moments.api.schemas import AddVideo, StartPipeline
from moments_ray.moments.options import ExtractClipsOptions, MomentOptions, PaddedCutOptions, RunOptions
from moments_ray.video_jobs.options import JobOptions, NewJob

ROOT = Path(__file__).parents[2]
OPTIONS = set(RunOptions.model_fields) | set(PaddedCutOptions.model_fields)

NO_RUN = "no run is made that this could be of"
NO_CLIPS = "nothing is cut"
NO_FINDING = "the ranges are given, nothing is found"
WHOLE_MOMENT = "the clip that a user plays is the moment; clips with padding are asked of extract-clips and cut"

RUN_LACKS = {"padding": WHOLE_MOMENT}
FIND_LACKS = {
    **dict.fromkeys(("priority", "force", "metadata", "webhook"), NO_RUN),
    **dict.fromkeys(("deliver_clips", "preset", "burn_captions", "padding"), NO_CLIPS),
    "refinement_model": "edges are refined by looking at the video, and there is none",
    **dict.fromkeys(("transcriber", "hot_words"), "the words are given"),
    **dict.fromkeys(("site_signals", "chapters"), "words come from a file, and no site tells anything"),
}
CUT_LACKS = {
    **dict.fromkeys(("priority", "force", "metadata", "webhook"), NO_RUN),
    **dict.fromkeys(set(MomentOptions.model_fields), NO_FINDING),
    **dict.fromkeys(("refinement_model", "transcriber", "language", "hot_words", "deliver_clips"), NO_FINDING),
    **dict.fromkeys(("site_signals", "chapters"), NO_FINDING),
}


def options_of(application: typer.Typer, *names: str, of: Collection[str] = frozenset(OPTIONS)) -> set[str]:
    """Return what a command offers, by the names of fields."""
    command: Any = get_command(application)
    for name in names:
        command = command.commands[name]
    flags = {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")}
    return {"show_as" if flag == "--as" else flag.removeprefix("--").replace("-", "_") for flag in flags} & set(of)


def on_page(file: str, of: Collection[str]) -> set[str]:
    """Return the options that a form of the pages writes into what it sends."""
    script = (ROOT / "serve_app" / "ui" / file).read_text()
    written = {name: "as" if name == "show_as" else name for name in of}
    return {name for name in of if re.search(rf"(?<![\w-]){written[name]}(?![\w-])", script)}


def fields(*models: type[BaseModel], without: Collection[str] = ()) -> set[str]:
    """Return the options of models; ``without`` are those that hold the others."""
    return {name for model in models for name in model.model_fields} - set(without)


JOB = fields(NewJob, JobOptions, without={"options"})
RENDER = fields(RenderBody)
AD = fields(AdOptions)
BACKFILL = fields(BackfillTerms, Budget)

BY_DEFAULT = "what is unset does what most want here; the API offers it to those who know why"
ANOTHER_RUN = "the form begins what is new here; a run's own page tries it again"
PROGRAMS = "of programs that start runs, not of people at a page"

PAGE_LACKS = {
    **RUN_LACKS,
    **dict.fromkeys(("temperature", "top_p", "top_k", "max_tokens"), "the page of a model's settings has its sampling"),
    **dict.fromkeys(("deliver_clips", "language", "hot_words", "site_signals", "chapters"), BY_DEFAULT),
    "force": ANOTHER_RUN,
    "metadata": PROGRAMS,
}
JOB_PAGE_LACKS = {
    **dict.fromkeys(("audio_format", "audio_quality", "output_format", "resolution", "preset"), BY_DEFAULT),
    **dict.fromkeys(("model_size", "analysis_model", "min_confidence", "max_retries", "timeout"), BY_DEFAULT),
    **dict.fromkeys(("sentiment_analysis", "keyword_extraction", "topic_modeling"), BY_DEFAULT),
    **dict.fromkeys(("overlap_duration", "burn_captions"), BY_DEFAULT),
    "segments": "ranges are dragged on the page of the video",
    "force": ANOTHER_RUN,
    **dict.fromkeys(("metadata", "webhook"), PROGRAMS),
}
AD_PAGE_LACKS = {
    **dict.fromkeys(("writer", "speaker", "voice", "painter", "filmer", "fallback", "seed", "draft"), BY_DEFAULT),
    **dict.fromkeys(("brand_color", "brand_font", "language", "priority"), BY_DEFAULT),
    "product_image_url": "the form takes the picture itself",
    "force": ANOTHER_RUN,
    **dict.fromkeys(("metadata", "webhook"), PROGRAMS),
}
BACKFILL_PAGE_LACKS = {
    "options": "JSON, for whoever writes a command",
    **dict.fromkeys(("priority", "until"), BY_DEFAULT),
    "webhook": PROGRAMS,
}

# Where options are spelled a second time: what is offered, what there is, and what is lacking for which reason. Every
# other place (routes, the client's methods) takes the model itself.
SURFACES: dict[str, tuple[set[str], set[str], dict[str, str]]] = {
    "POST /api/pipeline/start": (set(StartPipeline.model_fields) & OPTIONS, OPTIONS, RUN_LACKS),
    "POST /api/videos": (set(AddVideo.model_fields) & OPTIONS, OPTIONS, RUN_LACKS),
    "client.submit": (set(ClientOptions.model_fields), OPTIONS, RUN_LACKS),
    "moments run": (
        options_of(app, "run"),
        OPTIONS,
        {**RUN_LACKS, "webhook": "whoever gave the command sees its end, and its own worker delivers nothing"},
    ),
    "moments submit": (options_of(app, "submit"), OPTIONS, RUN_LACKS),
    "moments find": (options_of(app, "find"), OPTIONS, FIND_LACKS),
    "moments cut": (options_of(app, "cut"), OPTIONS, CUT_LACKS),
    "moments jobs create": (options_of(app, "jobs", "create", of=JOB) | {"job_type"}, JOB, {}),  # written --type
    "moments ad make": (options_of(app, "ad", "make", of=AD), AD, {}),
    "moments ad estimate": (options_of(app, "ad", "estimate", of=AD), AD, {}),
    "moments edit render": (options_of(app, "edit", "render", of=RENDER), RENDER, {}),
    "moments backfill create": (options_of(app, "backfill", "create", of=BACKFILL), BACKFILL, {}),
    "jobs.backfill": (options_of(backfill), OPTIONS, RUN_LACKS),
    "jobs.rederive": (options_of(rederive), OPTIONS, RUN_LACKS),
    "the page of a new video": (
        on_page("components/url_generate/options-form.js", OPTIONS),
        OPTIONS,
        PAGE_LACKS,
    ),
    "the page of a new job": (on_page("components/jobs/new-job.js", JOB), JOB, JOB_PAGE_LACKS),
    "the page of a new ad": (on_page("pages/new-ad.js", AD), AD, AD_PAGE_LACKS),
    "the page of a new backfill": (
        on_page("components/backfills/new-backfill.js", BACKFILL),
        BACKFILL,
        BACKFILL_PAGE_LACKS,
    ),
    "the page of a film": (
        on_page("components/editor/render-panel.js", RENDER),
        RENDER,
        {"preset": "the shape is chosen beside it and kept with the timeline"},
    ),
}


@pytest.mark.parametrize("surface", SURFACES)
def test_an_option_is_offered_everywhere_or_it_is_said_why_not(surface: str) -> None:
    offered, there_are, lacks = SURFACES[surface]
    assert offered == there_are - set(lacks)
    assert all(lacks.values())
    assert set(lacks) <= there_are


def test_every_option_says_what_it_is() -> None:
    models = (RunOptions, PaddedCutOptions, ExtractClipsOptions, BackfillOptions, JobOptions, RenderBody, AdOptions)
    of_all = {name: field for model in (*models, BackfillArguments) for name, field in model.model_fields.items()}
    assert {name for name, field in of_all.items() if not field.description} == set()


def test_no_field_of_an_option_stands_in_two_models() -> None:
    own = [set(model.__annotations__) for model in RunOptions.__mro__ if hasattr(model, "model_fields")]
    assert sum(len(names & OPTIONS) for names in own) == len(RunOptions.model_fields)


def test_a_start_offers_what_any_run_can_be_asked() -> None:
    commands: Any = get_command(app)
    offered = {parameter.name for parameter in commands.commands["start"].params}
    assert offered >= set(StartOptions.model_fields)


class Every(BaseRunOptions):
    """One field of each kind."""

    span: tuple[float, float] | None = None
    loud: bool = True


toy = typer.Typer()


@toy.command()
@takes(Every, also={"force": "--again"})
def _show(options: Every, word: Annotated[str, typer.Option("--word")] = "") -> None:
    typer.echo(f"{word} {sorted(options.model_fields_set)} {options.model_dump_json()}")


def test_arguments_become_the_checked_model(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--word",
        "w",
        "--span",
        "1.5-7",
        "--no-loud",
        "--again",
        "--metadata",
        '{"a": [1]}',
        "--priority",
        "9",
    ]
    assert run_app([*arguments, "--webhook", "https://example.org"], toy) == 0
    assert capsys.readouterr().out == (
        "w ['force', 'loud', 'metadata', 'priority', 'span', 'webhook'] "
        '{"priority":9,"force":true,"metadata":{"a":[1]},"webhook":"https://example.org","span":[1.5,7.0],"loud":false}\n'
    )


def test_what_is_not_given_is_left_to_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["--word", "w"], toy) == 0
    assert capsys.readouterr().out.startswith("w [] {")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--priority", "11"], "--priority"),
        (["--metadata", "{"], "The option --metadata is not JSON"),
        (["--metadata", "[1]"], "The option --metadata is not valid: input should be a valid dictionary"),
        (["--span", "7-1"], "is not a range"),
        (["--webhook", ""], "The option --webhook is not valid"),
        (["--preset", "web"], "--preset"),
    ],
)
def test_a_bad_argument_is_named(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(arguments, toy) == 2
    assert says in capsys.readouterr().err


class Named(RequestBody):
    """Fields with a default, with an empty one, with none."""

    name: str = Field(description="what it is called")
    about: str = Field("", description="what it says")
    count: int = Field(3, description="how many")


@takes(Named)
def _name(options: Named) -> None:
    """Take the options, and do nothing."""


def test_help_says_what_is_required_and_what_is_taken_else() -> None:
    application = typer.Typer()
    application.command()(_name)
    said = {each.name: each.help for each in get_command(application).params if isinstance(each, TyperOption)}
    assert (said["name"], said["about"], said["count"]) == (
        "What it is called; required.",
        "What it says.",
        "How many; default 3.",
    )


def test_no_help_says_a_default_that_is_none() -> None:
    commands = [get_command(app)]
    while commands:
        command: Any = commands.pop()
        commands += getattr(command, "commands", {}).values()
        assert not [each.name for each in command.params if "Undefined" in (getattr(each, "help", None) or "")]


def test_a_secret_is_no_argument() -> None:
    assert "secret" in WebhookOptions.model_fields
    commands: Any = get_command(app)
    flags = {flag for command in commands.commands.values() for each in command.params for flag in each.opts}
    assert {flag for flag in flags if "secret" in flag or "api-key" in flag} == set()


def test_the_command_line_starts_without_what_its_commands_need() -> None:
    heavy = ("ray", "serve_app", "sqlalchemy", "redis", "fastapi", "av", "numpy", "httpx")
    script = f"import sys, moments_ray.cli.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
