"""VIDEO_GEN: the picture of every scene of every variant, as long as its words need."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from moments_ray.ads import remote
from moments_ray.ads.money import cost
from moments_ray.ads.painting.painting import Painting
from moments_ray.ads.paying import require_budget
from moments_ray.ads.script.styles import Scene, template
from moments_ray.ads.stages.made_once import by_model, cost_of_new, standing
from moments_ray.ads.timing import frames_of
from moments_ray.ads.values import (
    EMBEDDED,
    OWN,
    AdRequest,
    Brief,
    Look,
    Makers,
    OwnMedia,
    Product,
    SceneFilm,
    SceneFilms,
    Scripts,
    Shot,
    Takes,
    Voices,
    scene_key,
)
from moments_ray.engine import Context, FanOut, Resources
from moments_ray.errors import MediaError, MediaLimitsExceeded, UnsupportedMedia
from moments_ray.library.objects import put_by_content
from moments_ray.media.probe import probe
from moments_ray.media.process import run_python

_SHORTEST_FILM = 1.0  # seconds
_PAINT = "moments_ray.ads.painting.scene:paint"


async def plan_shots(
    ctx: Context,
    brief: Brief,
    look: Look,
    makers: Makers,
    takes: Takes,
    product: Product,
    scripts: Scripts,
    voices: Voices,
    media: OwnMedia,
) -> Sequence[Shot]:
    """Return a shot for each scene of each variant; where its words need longer than its style says, it is longer."""
    frames = frames_of(scripts, voices)
    width, height = look.size
    shots = [
        Shot(
            key=scene_key(variant, scene.scene_number),
            variant=variant,
            scene=scene.scene_number,
            frames=frames[scene_key(variant, scene.scene_number)],
            width=width,
            height=height,
            static=scene.static_image,
            style=brief.style,
            prompt=scene.visual_prompt,
            negative_prompt=scene.negative_prompt,
            camera=scene.camera,
            product_name=brief.product_name,
            words=brief.cta_text,
            palette=product.palette,
            picture=product.image,
            cut_out=product.cut_out,
            logo=brief.brand.logo,
            maker=_maker(makers, media, scene),
            seed=brief.seed + variant - 1,
            take=takes.films[scene.scene_number - 1],
            font=brief.brand.font,
            media=media.of(scene.scene_number),
        )
        for variant, script in enumerate(scripts.items, 1)
        for scene in script.scenes
    ]
    paid = [shot for shot in shots if shot.maker != EMBEDDED]
    if paid:
        prices = ctx.settings.ads.prices
        await require_budget(
            ctx,
            await cost_of_new(
                ctx, paid, SceneFilm, lambda shot: cost(shot.maker, "image" if shot.static else "video", 1, prices)
            ),
        )
    return shots


def _maker(makers: Makers, media: OwnMedia, scene: Scene) -> str:
    if media.of(scene.scene_number) is not None:
        return EMBEDDED  # nobody is asked for a scene that is there
    return makers.painter if scene.static_image else makers.filmer


async def film_shot(ctx: Context, item: Shot, request: AdRequest) -> SceneFilm:
    """Make a scene's picture, or take what an earlier run of the same ad made.

    Raises:
        CostCapReached: the model would cost more than the ad may.
        MediaError: it cannot be painted.
        ModelError: the model made no picture, or not as it should.
    """
    if item.media is not None:
        return SceneFilm(key=item.key, name=item.media.name, still=item.media.still, backend=OWN)
    found = await standing(ctx, item, request, SceneFilm)
    if found is not None:
        return found
    if item.maker == EMBEDDED:
        return await paint_here(ctx, item)
    return await by_model(
        request,
        lambda: _painted_by_model(ctx, item) if item.static else _filmed_by_model(ctx, item),
        lambda warning: paint_here(ctx, item, warning=warning),
    )


async def _painted_by_model(ctx: Context, item: Shot) -> SceneFilm:
    name, usd = await remote.paint(ctx, item)
    painted = await paint_here(ctx, item, backdrop=name)
    return painted.model_copy(update={"backend": item.maker, "usd": float(usd)})


async def _filmed_by_model(ctx: Context, item: Shot) -> SceneFilm:
    """Have a model film a scene; one that cannot be used is painted instead, for another would be paid for, too."""
    name, usd = await remote.film(ctx, item)
    fault = await _fault_of(ctx, name)
    if fault is not None:
        painted = await paint_here(ctx, item, warning=f"{item.maker} made no film that can be used: {fault}")
        return painted.model_copy(update={"usd": float(usd)})
    return SceneFilm(key=item.key, name=name, still=False, backend=item.maker, usd=float(usd))


async def _fault_of(ctx: Context, name: str) -> str | None:
    """Return why a film that a model made cannot be used, None where it can."""
    async with ctx.cache.open(ctx.store.uri(name)) as path:
        try:
            info = await probe(path, ctx.settings.media)
        except (UnsupportedMedia, MediaError, MediaLimitsExceeded) as error:
            return error.message
    return f"it has {info.duration:.1f} seconds" if info.duration < _SHORTEST_FILM else None


async def paint_here(ctx: Context, shot: Shot, *, backdrop: str | None = None, warning: str | None = None) -> SceneFilm:
    """Paint a scene without a model; ``backdrop`` is an object that takes the place of a drawn ground."""
    style = template(shot.style)
    path = ctx.scratch / (f"{shot.key}.png" if shot.static else f"{shot.key}.mp4")
    async with AsyncExitStack() as opened:
        files = {
            name: await opened.enter_async_context(ctx.cache.open(ctx.store.uri(stored))) if stored else None
            for name, stored in (("picture", shot.picture), ("logo", shot.logo), ("backdrop", backdrop))
        }
        painting = Painting(
            path=path,
            style=shot.style,
            font=shot.font or style.font,
            scene=shot.scene,
            width=shot.width,
            height=shot.height,
            frames=shot.frames,
            static=shot.static,
            camera=shot.camera,
            bpm=style.music.bpm,
            palette=shot.palette,
            product_name=shot.product_name,
            words=shot.words,
            cut_out=shot.cut_out,
            seed=100 * shot.seed + shot.take,
            **files,
        )
        await run_python(
            _PAINT,
            painting.model_dump(mode="json"),
            timeout=ctx.seconds_left(),
            settings=ctx.settings.media,
        )
    kind = "image/png" if shot.static else "video/mp4"
    stored = await put_by_content(ctx, f"{ctx.folder}/scene-{shot.key}", path, content_type=kind)
    return SceneFilm(key=shot.key, name=stored.name, still=shot.static, backend=EMBEDDED, warning=warning)


VIDEO_GEN = FanOut(
    "VIDEO_GEN",
    SceneFilms,
    plan=plan_shots,
    each=film_shot,
    resources=Resources(cpus=1),
    timeout=1800,
)
