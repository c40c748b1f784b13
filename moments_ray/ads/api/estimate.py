"""What an ad is taken to cost before anything is paid: each stage's calls, by the prices of the settings."""

from __future__ import annotations

from collections.abc import Mapping

from moments_ray.ads.api.schemas import EstimateLine
from moments_ray.ads.errors import PriceUnknown
from moments_ray.ads.money import Unit, cost
from moments_ray.ads.options import AdOptions, StageName
from moments_ray.ads.script.rules import words_that_fit
from moments_ray.ads.script.styles import template
from moments_ray.ads.timing import rate_of
from moments_ray.ads.values import EMBEDDED, SILENT, Makers
from moments_ray.ads.writing import TOKENS
from moments_ray.engine.usage import Usage
from moments_ray.models.registry import ModelRegistry
from moments_ray.settings import Price

_CHARACTERS_A_WORD = 6


async def estimate_of(
    options: AdOptions, makers: Makers, registry: ModelRegistry, prices: Mapping[str, Price], *, picture: bool
) -> list[EstimateLine]:
    """Return what an ad costs by stage; what is made without a model costs nothing and is not named.

    With a ``picture`` of the product a writer that sees looks at it once.

    Raises:
        NotFound: a model is gone.
    """
    style, many = template(options.style), options.variants
    lines: list[EstimateLine] = []

    def charge(stage: StageName, model: str, unit: Unit, amount: float) -> None:
        try:
            usd: float | None = float(cost(model, unit, amount, prices))
        except PriceUnknown:
            usd = None
        lines.append(EstimateLine(stage=stage, model=model, unit=unit, amount=amount, usd=usd))

    if makers.writer != EMBEDDED:
        entry = await registry.get(makers.writer)
        calls = many + (picture and entry.supports_images)
        each = Usage(TOKENS.input_tokens * calls, TOKENS.output_tokens * calls)
        priced = entry.usd_per_million_input_tokens is not None
        lines.append(
            EstimateLine(
                stage="script_gen",
                model=makers.writer,
                unit="token",
                amount=each.input_tokens + each.output_tokens,
                usd=float(entry.priced(each).usd) if priced else None,
            )
        )
    if makers.speaker not in {EMBEDDED, SILENT}:
        words = sum(words_that_fit(scene.duration, rate_of(makers.speaker, style.voice.rate)) for scene in style.scenes)
        charge("voice_gen", makers.speaker, "character", words * _CHARACTERS_A_WORD * many)
    if makers.filmer != EMBEDDED:
        moving = sum(not scene.static_image for scene in style.scenes)
        charge("video_gen", makers.filmer, "video", moving * many)
    if makers.painter != EMBEDDED:
        charge("video_gen", makers.painter, "image", many)
    return lines
