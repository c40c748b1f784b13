"""``moments find``: moments from a transcript alone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import typer

from moments_ray.cli.listing import list_moments
from moments_ray.cli.models import NamedModels, check_early
from moments_ray.cli.source import read_captions_file
from moments_ray.cli.spoken import remarks, transcript_entry
from moments_ray.models.conversation import Answer, Question
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import LOCAL
from moments_ray.moments.finding.find import FindResult, find_moments, length_of
from moments_ray.moments.options import MomentOptions
from moments_ray.moments.roles import MOMENT_GENERATOR
from moments_ray.settings import Settings
from moments_ray.speech.captions import read_captions
from moments_ray.speech.health import check
from moments_ray.speech.transcript import Transcript

_SHOWN = {"title", "start_time", "end_time", "score", "reason"}
_LONGEST_ANSWER_SECONDS = 1800.0


def print_moments(
    transcript: Path,
    options: MomentOptions,
    *,
    duration: float | None,
    encoding: str | None,
    language: str | None,
    as_json: bool,
    settings: Settings,
) -> None:
    """Find moments in a transcript file and print them.

    Raises:
        InputError: the file or an option is no good.
        ModelError: the model did not answer, or not as it should.
    """
    check_early(NamedModels(options.generation_model, LOCAL, None), settings)
    read = read_captions(read_captions_file(transcript), language=language, encoding=encoding)
    length_of(read, None, duration)  # refuses a duration that is none
    heard = check(read, duration)
    if options.generation_model in {None, LOCAL}:
        found = find_moments(heard, None, duration, options.find())
    else:
        found = asyncio.run(_ask(heard, duration, options, settings))
    moments = [moment.model_dump(mode="json", include=_SHOWN) for moment in found.moments]
    if as_json:
        document = {
            "moments": moments,
            "quality": found.quality.model_dump(mode="json"),
            "transcript": transcript_entry(heard),
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        list_moments(moments)
    for remark in remarks(heard):
        typer.echo(remark, err=True)
    if found.quality.shortfall:
        typer.echo(f"note: {found.quality.shortfall}", err=True)


async def _ask(heard: Transcript, duration: float | None, options: MomentOptions, settings: Settings) -> FindResult:
    """Find moments by a model of the registry, from this process; that takes the services, and still no Ray."""
    from moments_ray import runtime  # noqa: PLC0415 - seconds, which a find without a model does not pay
    from moments_ray.moments.finding.by_model import ModelCall, find_by_model  # noqa: PLC0415

    async with runtime.services(settings) as resolved:
        environment = runtime.connect(resolved)
        models = environment.service(Gateway)
        try:
            entry = await models.registry.resolve(options.generation_model, MOMENT_GENERATOR)
            if entry.embedded:
                return find_moments(heard, None, duration, options.find())

            async def send(question: Question) -> Answer:
                return await models.complete(MOMENT_GENERATOR, entry, question, _LONGEST_ANSWER_SECONDS)

            asked = ModelCall(send, options.sampling(), max_context=entry.max_context, max_tokens=entry.max_tokens)
            return await find_by_model(heard, None, duration, options.find(), asked)
        finally:
            await environment.close()
