"""VOICE_GEN: every line of every variant as sound."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from moments_ray.ads import remote
from moments_ray.ads.money import cost
from moments_ray.ads.paying import require_budget
from moments_ray.ads.queries.items import StandingItems
from moments_ray.ads.script.styles import template
from moments_ray.ads.speaking import speak_here
from moments_ray.ads.values import EMBEDDED, SILENT, AdRequest, Brief, Line, Makers, Scripts, Spoken, Takes, Voices
from moments_ray.engine import Context, FanOut, Resources
from moments_ray.errors import ModelDenied, ModelQuotaExceeded
from moments_ray.library.objects import put_by_content


async def plan_lines(ctx: Context, brief: Brief, makers: Makers, takes: Takes, scripts: Scripts) -> Sequence[Line]:
    """Return a line for each scene of each variant."""
    voice = template(brief.style).voice
    lines = [
        Line(
            key=f"v{variant}-s{scene.scene_number}",
            variant=variant,
            scene=scene.scene_number,
            text=scene.voiceover_text,
            seconds=scene.duration,
            rate=voice.rate,
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
        await require_budget(ctx, await voices_cost(ctx, lines))
    return lines


async def voices_cost(ctx: Context, lines: Sequence[Line]) -> Decimal:
    """Return what the lines cost that no earlier run has spoken."""
    prices = ctx.settings.ads.prices
    async with ctx.read() as session:
        standing = StandingItems(session, ctx.ref.subject)
        new = [line for line in lines if await standing.output("VOICE_GEN", line, Spoken) is None]
    return sum((cost(line.speaker, "character", len(line.text), prices) for line in new), Decimal())


async def speak_line(ctx: Context, item: Line, request: AdRequest) -> Spoken:
    """Say a line, or take what an earlier run of the same ad said.

    Raises:
        CostCapReached: the model would cost more than the ad may.
        MediaError: the line cannot be said.
        ModelError: the model did not speak, or not as it should.
    """
    if item.speaker == SILENT:
        return Spoken(key=item.key, name=None, seconds=0.0, words=(), backend=SILENT)
    if not request.force:
        async with ctx.read() as session:
            standing = await StandingItems(session, request.ad).output("VOICE_GEN", item, Spoken)
        if standing is not None:
            return standing
    path = ctx.scratch / f"{item.key}.wav"
    if item.speaker == EMBEDDED:
        return await _spoken_here(ctx, item, path)
    try:
        seconds, words, usd = await remote.speak(ctx, item, path)
    except (ModelDenied, ModelQuotaExceeded) as error:
        if not request.makers.fallback:
            raise
        return await _spoken_here(ctx, item.model_copy(update={"voice": None}), path, warning=error.message)
    stored = await put_by_content(ctx, f"{ctx.folder}/voice-{item.key}", path, content_type="audio/wav")
    return Spoken(key=item.key, name=stored.name, seconds=seconds, words=words, backend=item.speaker, usd=float(usd))


async def _spoken_here(ctx: Context, item: Line, path: Path, *, warning: str | None = None) -> Spoken:
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
