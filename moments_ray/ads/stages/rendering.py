"""SCENE_RENDERING and COMPOSITING: scenes with their captions at the film's size, then the film with all its sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Literal

from moments_ray.ads.captions import captions_of
from moments_ray.ads.script.styles import Scene, Transition, template
from moments_ray.ads.timing import LEAD_FRAMES, frames_of
from moments_ray.ads.values import (
    OWN,
    Brief,
    Cut,
    Film,
    FilmedScene,
    Films,
    Look,
    RenderedScene,
    RenderedScenes,
    SceneFilm,
    SceneFilms,
    Scripts,
    Voices,
    scene_key,
)
from moments_ray.engine import Context, FanOut, Resources
from moments_ray.library.objects import put_by_content
from moments_ray.media.probe import probe
from moments_ray.media.render.effects import Effect, EffectName
from moments_ray.media.render.join import join_pieces
from moments_ray.media.render.music import write_bed
from moments_ray.media.render.piece import Source, render_piece
from moments_ray.media.render.plan import RATE, Form, Lead, Music, Picture, Piece, RenderedPiece, SoundCue, SoundPlan
from moments_ray.media.render.verify import verify_film
from moments_ray.media.thumbnails import thumbnail
from moments_ray.storage.blocking import in_thread

_LOUDNESS = -16.0  # LUFS: what phones play well
# Of a style's bed and of music as it is sold, which is louder: either is heard, well under the voice.
_BED_DB, _OWN_MUSIC_DB = -8.0, -17.0
_POSTER_SECONDS = 2.0
_WIPE_FRAMES = 12
_BEGINNINGS: Mapping[Transition, EffectName] = {"fade": "fade_in", "flash": "flash"}


async def plan_scenes(ctx: Context, scripts: Scripts, voices: Voices, films: SceneFilms) -> Sequence[FilmedScene]:
    """Return the scenes of all variants, with the one before where it is still seen while the next one comes in."""
    frames = frames_of(scripts, voices)
    made = {film.key: film for film in films.items}
    scenes = []
    for variant, script in enumerate(scripts.items, 1):
        for scene in script.scenes:
            key, before = (scene_key(variant, scene.scene_number - back) for back in (0, 1))
            wiped = before in made and scene.transition == "wipe"
            scenes.append(
                FilmedScene(
                    key=key,
                    variant=variant,
                    scene=scene.scene_number,
                    frames=frames[key],
                    film=made[key],
                    before=made[before] if wiped else None,
                    before_frames=frames[before] if wiped else 0,
                )
            )
    return scenes


async def render_scene(ctx: Context, item: FilmedScene, look: Look, scripts: Scripts, voices: Voices) -> RenderedScene:
    """Bring a scene to the film's size and length, with its words drawn in.

    Raises:
        MediaError: it cannot be rendered.
    """
    spoken = next(one for one in voices.items if one.key == item.key)
    scene = scripts.items[item.variant - 1].scenes[item.scene - 1]
    captions = captions_of(spoken.words, item.frames, scene.caption_style) if look.captions else ()
    width, height = look.size
    form = Form(width=width, height=height, quality="draft" if look.draft else "final")
    async with AsyncExitStack() as opened:
        source = await _opened(ctx, opened, item.film)
        before = None if item.before is None else await _opened(ctx, opened, item.before)
        piece = Piece(
            name=item.key,
            picture=Picture(kind=_kind(item.film)),
            frames=item.frames,
            volume=0.0,
            captions=captions,
            effects=_effects(scene, item.film),
            lead=None if item.before is None or before is None else _lead(item.before, item.before_frames, before),
        )
        rendered = await render_piece(
            piece,
            *source,
            form,
            ctx.scratch,
            settings=ctx.settings.media,
            threads=ctx.threads,
            timeout=ctx.seconds_left(),
            before=before,
        )
    video = await put_by_content(
        ctx, ctx.staged(f"piece-{item.key}"), ctx.scratch / rendered.video, content_type="video/mp4"
    )
    sound = await put_by_content(
        ctx, ctx.staged(f"sound-{item.key}"), ctx.scratch / rendered.sound, content_type="audio/wav"
    )
    return RenderedScene(key=item.key, video=video.name, sound=sound.name, frames=item.frames)


async def _opened(ctx: Context, stack: AsyncExitStack, film: SceneFilm) -> Source:
    path = await stack.enter_async_context(ctx.cache.open(ctx.store.uri(film.name)))
    return Source(path, None if film.still else await probe(path, ctx.settings.media))


def _kind(film: SceneFilm) -> Literal["still", "video"]:
    return "still" if film.still else "video"


def _effects(scene: Scene, film: SceneFilm) -> tuple[Effect, ...]:
    """Return how a scene follows the one before, and what moves a picture that came with the request.

    The first follows none: players show a film's first frame before it plays, and that is neither white nor black.
    """
    follows = scene.scene_number > 1 and scene.transition in _BEGINNINGS
    names = [_BEGINNINGS[scene.transition]] if follows else []
    names += ["zoom"] if _moved(film) else []
    return tuple(Effect(name=name) for name in names)


def _moved(film: SceneFilm) -> bool:
    """Tell whether a scene is a picture that came with the request, which a zoom moves."""
    return film.still and film.backend == OWN


def _lead(film: SceneFilm, frames: int, source: Source) -> Lead:
    """Return how a scene of so many frames is seen on while it is wiped away: from its last picture on."""
    shown = frames / RATE if source.info is None else min(frames / RATE, source.info.duration)
    return Lead(
        name="wipe_left",
        frames=_WIPE_FRAMES,
        picture=Picture(kind=_kind(film), start=max(0.0, shown - 1 / RATE)),
        volume=0.0,
        effects=(Effect(name="zoom_out"),) if _moved(film) else (),  # back from where its zoom had come to
    )


async def plan_cuts(ctx: Context, scripts: Scripts, rendered: RenderedScenes) -> Sequence[Cut]:
    """Return the variants to put together."""
    return [Cut(key=f"v{number}", variant=number) for number in range(1, len(scripts.items) + 1)]


async def compose(
    ctx: Context,
    item: Cut,
    brief: Brief,
    look: Look,
    scripts: Scripts,
    voices: Voices,
    films: SceneFilms,
    rendered: RenderedScenes,
) -> Film:
    """Put a variant's scenes together, with voice and music.

    Raises:
        MediaError: they cannot be joined.
        RenderVerifyFailed: the film did not come out as planned.
    """
    scenes = [scene for scene in rendered.items if scene.key.startswith(f"{item.key}-")]
    pieces = [await _fetched(ctx, scene) for scene in scenes]
    frames = sum(piece.frames for piece in pieces)
    cues = await _voice_cues(ctx, scenes, voices)
    style = template(brief.style)
    music = None
    if look.own_music is not None:
        await ctx.store.get_file(look.own_music, ctx.scratch / "music.wav")
        music = Music(file="music.wav", gain_db=_OWN_MUSIC_DB)
    elif look.music == "style":
        await in_thread(
            lambda: write_bed(ctx.scratch / "music.wav", style.music, seconds=frames / RATE + 0.5, seed=brief.seed)
        )
        music = Music(file="music.wav", gain_db=_BED_DB)
    plan = SoundPlan(cues=cues, music=music, loudness=_LOUDNESS if cues or music else None)
    target = await join_pieces(
        pieces,
        plan,
        ctx.scratch,
        f"{item.key}.mp4",
        settings=ctx.settings.media,
        timeout=ctx.seconds_left(),
        metadata={"title": brief.product_name},
    )
    width, height = look.size
    form = Form(width=width, height=height)
    await verify_film(target, pieces, form, settings=ctx.settings.media, timeout=ctx.seconds_left())
    poster = ctx.scratch / f"{item.key}.jpg"
    await thumbnail(target, _POSTER_SECONDS, poster, settings=ctx.settings.media, timeout=ctx.seconds_left())
    stored = await put_by_content(ctx, f"{ctx.folder}/final-{item.key}", target, content_type="video/mp4")
    shown = await put_by_content(ctx, f"{ctx.folder}/poster-{item.key}", poster, content_type="image/jpeg")
    said = [one.warning for one in voices.items] + [one.warning for one in films.items]
    warnings = [warning for warning in said if warning is not None]
    return Film(
        key=item.key,
        name=stored.name,
        poster=shown.name,
        seconds=frames / RATE,
        frames=frames,
        width=width,
        height=height,
        caption_style=style.scenes[0].caption_style,
        warnings=tuple(dict.fromkeys([*scripts.items[item.variant - 1].warnings, *warnings])),
    )


async def _fetched(ctx: Context, scene: RenderedScene) -> RenderedPiece:
    video, sound = f"{scene.key}.mp4", f"{scene.key}.wav"
    for name, stored in ((video, scene.video), (sound, scene.sound)):
        await ctx.store.get_file(stored, ctx.scratch / name)
    return RenderedPiece(video=video, sound=sound, frames=scene.frames)


async def _voice_cues(ctx: Context, scenes: Sequence[RenderedScene], voices: Voices) -> tuple[SoundCue, ...]:
    """Fetch what is said, and return from which frame on each line is heard."""
    spoken = {one.key: one for one in voices.items}
    cues, frame = [], 0
    for scene in scenes:
        name = spoken[scene.key].name
        if name is not None:
            await ctx.store.get_file(name, ctx.scratch / f"voice-{scene.key}.wav")
            cues.append(SoundCue(file=f"voice-{scene.key}.wav", frame=frame + LEAD_FRAMES, gain_db=0.0))
        frame += scene.frames
    return tuple(cues)


SCENE_RENDERING = FanOut(
    "SCENE_RENDERING",
    RenderedScenes,
    plan=plan_scenes,
    each=render_scene,
    resources=Resources(cpus=1),
    timeout=900,
)
COMPOSITING = FanOut(
    "COMPOSITING",
    Films,
    plan=plan_cuts,
    each=compose,
    resources=Resources(cpus=1),
    timeout=600,
)
