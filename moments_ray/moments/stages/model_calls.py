"""Asking models from inside a stage: who is asked comes from the request, how they are reached from the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moments_ray.engine import Context
from moments_ray.media.downloaded import SiteSignals
from moments_ray.media.signals import Signals
from moments_ray.models.conversation import Answer, Question, Sampling
from moments_ray.models.entry import ModelEntry
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import LOCAL
from moments_ray.models.roles import Role
from moments_ray.moments.finding.by_model import ModelCall, find_by_model, find_prompt
from moments_ray.moments.finding.edges_by_model import WatchableClip, refine_by_model, refine_prompt
from moments_ray.moments.finding.find import FindResult, chapters_as_moments, find_moments
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.refine import Refinement, RefinementLimits, refine
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.roles import MOMENT_GENERATOR, REFINER
from moments_ray.moments.values import ClipObject, GenerationOptions, RefinementOptions
from moments_ray.speech.transcript import Transcript


@dataclass(frozen=True)
class GenerationRecord:
    """The prompts and sampling of a result, as ``prompts`` and ``generation_configs`` keep them."""

    system_prompt: str
    user_prompt: str
    sampling: Mapping[str, Any]


@dataclass(frozen=True)
class FindInputs:
    """What moments of a video are found by; ``site`` is empty where its site tells nothing, or shall not count."""

    transcript: Transcript
    signals: Signals
    site: SiteSignals
    duration: float
    frames: FrameGrid | None


async def find(ctx: Context, options: GenerationOptions, inputs: FindInputs) -> tuple[FindResult, GenerationRecord]:
    """Find moments by the model that was asked for; where nobody speaks there is nothing to ask it about.

    Raises:
        ModelError: the model did not answer, or not as it should.
    """
    transcript, signals, duration, frames = inputs.transcript, inputs.signals, inputs.duration, inputs.frames
    if options.chapters and inputs.site.chapters:
        record = GenerationRecord("", "", {"model": "chapters"})
        return chapters_as_moments(transcript, signals, duration, options.find, inputs.site, frames=frames), record
    site = inputs.site if options.site_signals else None
    if options.model == LOCAL:
        record = GenerationRecord("", options.find.prompt or "", {"model": LOCAL, **options.sampling.model_dump()})
        return find_moments(transcript, signals, duration, options.find, frames, site=site), record
    entry = await ctx.service(Gateway).registry.resolve(options.model, MOMENT_GENERATOR)
    call = _model_call(ctx, MOMENT_GENERATOR, entry, options.sampling)
    found = await find_by_model(
        transcript, signals, duration, options.find, call, frames=frames, on_progress=ctx.report, site=site
    )
    return found, GenerationRecord(*find_prompt(duration, options.find), _sampling(entry, options.sampling))


async def refine_edges(
    ctx: Context,
    options: RefinementOptions,
    moment: Moment,
    context: EdgeContext,
    limits: RefinementLimits,
    clip: ClipObject | None,
) -> tuple[Refinement, GenerationRecord | None]:
    """Refine a moment's edges by the model that was asked for, which watches the clip if it can.

    Raises:
        ModelError: the model did not answer, or not as it should.
    """
    if options.model == LOCAL:
        return refine(moment, context, limits), None
    entry = await ctx.service(Gateway).registry.resolve(options.model, REFINER)
    watchable = None
    if clip is not None and options.watches_video:
        seconds = max(ctx.settings.storage.signed_url_seconds, int(ctx.seconds_left()) + 60)
        url = await ctx.store.signed_url(clip.name, seconds)
        watchable = WatchableClip(url.url, clip.start_time)
    call = _model_call(ctx, REFINER, entry, options.sampling)
    refinement = await refine_by_model(moment, context, limits, call, clip=watchable, prompt=options.prompt)
    return refinement, GenerationRecord(*refine_prompt(options.prompt), _sampling(entry, options.sampling))


def _model_call(ctx: Context, role: Role, entry: ModelEntry, knobs: Sampling) -> ModelCall:
    async def send(question: Question) -> Answer:
        return await ctx.service(Gateway).complete(role, entry, question, ctx.seconds_left(), spent=ctx.spent)

    return ModelCall(
        send,
        knobs,
        max_context=entry.max_context,
        max_tokens=knobs.max_tokens or entry.max_tokens,
        at_once=entry.concurrency,
    )


def _sampling(entry: ModelEntry, knobs: Sampling) -> dict[str, Any]:
    """Return what the model is really told: the request's word before the registry's."""
    known = entry.model_dump(include={"temperature", "top_p", "top_k", "max_tokens"})
    return {"model": entry.key, **known, **knobs.model_dump(exclude_none=True)}
