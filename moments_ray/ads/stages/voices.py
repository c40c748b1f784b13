"""VOICE_GEN: every line of every variant as sound."""

from __future__ import annotations

from collections.abc import Sequence

from moments_ray.ads import remote
from moments_ray.ads.money import cost
from moments_ray.ads.paying import require_budget
from moments_ray.ads.script.styles import template
from moments_ray.ads.speaking import speak_here
from moments_ray.ads.stages.made_once import by_model, cost_of_new, standing
from moments_ray.ads.timing import rate_of
from moments_ray.ads.values import (
    EMBEDDED,
    SILENT,
    AdRequest,
    Brief,
    Line,
    Makers,
    Scripts,
    Spoken,
    Takes,
    Voices,
    scene_key,
)
from moments_ray.engine import Context, FanOut, Resources
from moments_ray.library.objects import put_by_content


async def plan_lines(ctx: Context, brief: Brief, makers: Makers, takes: Takes, scripts: Scripts) -> Sequence[Line]:
    """Return a line for each scene of each variant."""
    voice = template(brief.style).voice
    lines = [
        Line(
            key=scene_key(variant, scene.scene_number),
            variant=variant,
            scene=scene.scene_number,
            text=scene.voiceover_text,
            seconds=scene.duration,
            rate=rate_of(makers.speaker, voice.rate),
            pitch=voice.pitch,
            language=brief.language,
            speaker=makers.speaker,
            voice=makers.voice,
            take=takes.voices[scene.scene_number - 1],
        )
        for variant, script in enumerate(scripts.items, 1)
        for scene in script.scenes
    ]
    if makers.speaker not in {EMBEDDED, SILENT}:
        prices = ctx.settings.ads.prices
        await require_budget(
            ctx,
            await cost_of_new(ctx, lines, Spoken, lambda line: cost(line.speaker, "character", len(line.text), prices)),
        )
    return lines


async def speak_line(ctx: Context, item: Line, request: AdRequest) -> Spoken:
    """Say a line, or take what an earlier run of the same ad said.

    Raises:
        CostCapReached: the model would cost more than the ad may.
        MediaError: the line cannot be said.
        ModelError: the model did not speak, or not as it should.
    """
    if item.speaker == SILENT:
        return Spoken(key=item.key, name=None, seconds=0.0, words=(), backend=SILENT)
    found = await standing(ctx, item, request, Spoken)
    if found is not None:
        return found
    if item.speaker == EMBEDDED:
        return await _spoken_here(ctx, item)
    own_voice = item.model_copy(update={"voice": None})  # the model's name for one is nothing to the embedded voice
    return await by_model(
        request,
        lambda: _spoken_by_model(ctx, item),
        lambda warning: _spoken_here(ctx, own_voice, warning=warning),
    )


async def _spoken_by_model(ctx: Context, item: Line) -> Spoken:
    path = ctx.scratch / f"{item.key}.wav"
    seconds, words, usd = await remote.speak(ctx, item, path)
    stored = await put_by_content(ctx, f"{ctx.folder}/voice-{item.key}", path, content_type="audio/wav")
    return Spoken(key=item.key, name=stored.name, seconds=seconds, words=words, backend=item.speaker, usd=float(usd))


async def _spoken_here(ctx: Context, item: Line, *, warning: str | None = None) -> Spoken:
    path = ctx.scratch / f"{item.key}.wav"
    seconds, words = await speak_here(ctx, item, path)
    stored = await put_by_content(ctx, f"{ctx.folder}/voice-{item.key}", path, content_type="audio/wav")
    return Spoken(key=item.key, name=stored.name, seconds=seconds, words=words, backend=EMBEDDED, warning=warning)


VOICE_GEN = FanOut(
    "VOICE_GEN",
    Voices,
    plan=plan_lines,
    each=speak_line,
    resources=Resources(cpus=0.5),
    timeout=300,
)
