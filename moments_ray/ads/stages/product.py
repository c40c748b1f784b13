"""PRODUCT: the picture as it came becomes one to paint with, and the colours of the ad."""

from __future__ import annotations

import colorsys

from moments_ray.ads.painting.product_picture import Preparation, PreparedPicture
from moments_ray.ads.script.styles import template
from moments_ray.ads.values import Brief, Product
from moments_ray.engine import Context, Resources, stage
from moments_ray.library.objects import put_by_content
from moments_ray.media.process import run_python

PREPARE = "moments_ray.ads.painting.product_picture:prepare"
_LEAST_COLOURFUL = 0.25  # saturation below which a picture's colour says nothing
_TINT = 0.4  # of the picture's colour in the second ground


@stage("PRODUCT", resources=Resources(cpus=0.5), timeout=120, reusable=True)
async def prepare_product(ctx: Context, brief: Brief) -> Product:
    """Prepare the product's picture, and choose the colours.

    Raises:
        PictureUnusable: the picture is none.
    """
    own = template(brief.style).palette
    if brief.image is None:
        return Product(palette=palette_of(own, (), brief.brand.color))
    picture, vision = ctx.scratch / "product.png", ctx.scratch / "product.jpg"
    async with ctx.cache.open(ctx.store.uri(brief.image)) as source:
        preparation = Preparation(source=source, picture=picture, vision=vision)
        answer = await run_python(
            PREPARE, preparation.model_dump(mode="json"), timeout=ctx.seconds_left(), settings=ctx.settings.media
        )
    prepared = PreparedPicture.model_validate(answer)
    stored = await put_by_content(ctx, f"{ctx.folder}/product", picture, content_type="image/png")
    looked_at = await put_by_content(ctx, f"{ctx.folder}/product", vision, content_type="image/jpeg")
    return Product(
        image=stored.name,
        vision=looked_at.name,
        cut_out=prepared.cut_out,
        palette=palette_of(own, prepared.colours, brief.brand.color),
    )


def palette_of(own: tuple[str, str, str, str], seen: tuple[str, ...], brand: str | None) -> tuple[str, str, str, str]:
    """Return a style's colours with the brand's in place of its accent, or the most colourful one of the picture."""
    accent = brand or next((colour for colour in seen if _saturation(colour) >= _LEAST_COLOURFUL), None)
    if accent is None:
        return own
    accent = _standing_out(accent.lower(), own[0])
    return own[0], accent, own[2], _mixed(own[3], accent, _TINT)


def _standing_out(colour: str, ground: str) -> str:
    """Return a colour light enough to be read on a dark ground, or dark enough for a light one."""
    hue, light, saturation = colorsys.rgb_to_hls(*_shares(colour))
    dark_ground = _brightness(ground) < 0.45
    light = max(light, 0.55) if dark_ground else min(light, 0.42)
    return _hex(colorsys.hls_to_rgb(hue, light, saturation))


def _mixed(first: str, second: str, share: float) -> str:
    pairs = zip(_shares(first), _shares(second), strict=True)
    one, two, three = (a + (b - a) * share for a, b in pairs)
    return _hex((one, two, three))


def _saturation(colour: str) -> float:
    _, light, saturation = colorsys.rgb_to_hls(*_shares(colour))
    return saturation * (1 - abs(2 * light - 1))


def _brightness(colour: str) -> float:
    red, green, blue = _shares(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _shares(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))  # type: ignore[return-value]  # three of them


def _hex(shares: tuple[float, float, float]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(round(255 * share) for share in shares))
