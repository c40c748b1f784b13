"""SCRIPT_GEN: what is said and seen, by a model that writes or by grammar; every script passes the same rules."""

from __future__ import annotations

from moments_ray.ads.errors import ScriptInvalid
from moments_ray.ads.script import grammar
from moments_ray.ads.script.rules import objections
from moments_ray.ads.script.styles import template
from moments_ray.ads.script.words import Script
from moments_ray.ads.timing import rate_of
from moments_ray.ads.values import EMBEDDED, Brief, Makers, Product, Scripts
from moments_ray.ads.writing import write_by_model
from moments_ray.engine import Context, Resources, stage
from moments_ray.errors import ModelDenied, ModelQuotaExceeded


@stage("SCRIPT_GEN", resources=Resources(cpus=0.1), attempts=4, timeout=300, reusable=True)
async def write_scripts(ctx: Context, brief: Brief, makers: Makers, product: Product) -> Scripts:
    """Write a script for each variant, or take those that somebody edited.

    Raises:
        ScriptInvalid: an edited script says what it may not.
        CostCapReached: the model would cost more than the ad may.
        ModelError: the model did not answer, or not as it should.
    """
    if brief.scripts:
        for script in brief.scripts:
            require_sayable(script, brief, makers.speaker)
        return Scripts(items=brief.scripts)
    if makers.writer == EMBEDDED:
        return _written_here(brief, makers)
    try:
        return await write_by_model(ctx, brief, makers, product)
    except (ModelDenied, ModelQuotaExceeded) as error:
        if not makers.fallback:
            raise
        return _written_here(brief, makers, warnings=(error.message,))


def _written_here(brief: Brief, makers: Makers, *, warnings: tuple[str, ...] = ()) -> Scripts:
    """Return the scripts of an ad without a model; every time they are asked for, they have other seeds."""
    seeds = (brief.seed + number + 100 * (brief.take - 1) for number in range(brief.variants))
    scripts = (by_grammar(brief, seed, makers.speaker) for seed in seeds)
    return Scripts(items=tuple(script.model_copy(update={"warnings": warnings}) for script in scripts))


def by_grammar(brief: Brief, seed: int, speaker: str) -> Script:
    """Return a script without a model."""
    style = template(brief.style)
    return grammar.write(
        style,
        product_name=brief.product_name,
        cta_text=brief.cta_text,
        description=brief.description,
        seed=seed,
        rate=rate_of(speaker, style.voice.rate),
    )


def require_sayable(script: Script, brief: Brief, speaker: str) -> None:
    """Refuse a script that claims what its seller did not, or cannot be said in its time.

    Raises:
        ScriptInvalid: naming the first of what is wrong.
    """
    found = objections(
        script.scenes,
        script.cta,
        script.hook,
        cta_text=brief.cta_text,
        facts=brief.facts(script.product_analysis),
        language=brief.language,
        rate=rate_of(speaker, template(brief.style).voice.rate),
    )
    if found:
        place = f"Scene {found[0].scene}: " if found[0].scene else ""
        raise ScriptInvalid(
            f"{place}{found[0].reason}.", {"objections": [{"scene": one.scene, "reason": one.reason} for one in found]}
        )
