"""What is heard in a film: its pieces' own sound, effects, sounds of assets and music; mixed once, and kept."""

from __future__ import annotations

import math
from collections.abc import Sequence

from moments_ray.database.session import ReadSession
from moments_ray.editor.places import sound_at
from moments_ray.editor.timeline import Timeline
from moments_ray.editor.values import FilmMusic, FilmPlan, PlanDocument
from moments_ray.engine import Context
from moments_ray.media.render.mix import mix_sound, plain_sound, sound_fingerprint
from moments_ray.media.render.music import BEDS, write_bed
from moments_ray.media.render.plan import RATE, Music, RenderedPiece, SoundPlan
from moments_ray.media.render.sounds import SOUNDS, write_sound
from moments_ray.storage.blocking import in_thread

SOUND = "film.m4a"
"""The film's sound, as a file in scratch."""
_MUSIC_DB, _LONGEST_BED, _BED = -14.0, 120.0, "music.wav"


async def music_of(session: ReadSession, timeline: Timeline) -> FilmMusic | None:
    """Return the music of a timeline, whose sound is looked up now; None where it has none.

    Raises:
        MediaNotOurs: it is not here any more.
    """
    music = timeline.music
    if music is None:
        return None
    return FilmMusic(
        name=music.name,
        object=None if music.path is None else await sound_at(session, music.path),
        gain_db=_MUSIC_DB + 20 * math.log10(music.volume),
        duck=music.duck,
    )


async def hear(ctx: Context, document: PlanDocument, film: FilmPlan, pieces: Sequence[RenderedPiece]) -> str:
    """Have a film's sound in scratch and return its object: an earlier film's where the same is heard, or a new one."""
    for name in SOUNDS:
        if any(name == each for each, _ in document.cues):
            write_sound(name, ctx.scratch / f"{name}.wav")
    for file, uri in document.own:
        await _own_sound(ctx, uri, file)
    plan = SoundPlan(
        cues=tuple(cue for _, cue in document.cues),
        music=await _bed(ctx, document.music, film.frames / RATE),
        loudness=film.loudness,
    )
    mark = await in_thread(lambda: sound_fingerprint(pieces, plan, ctx.scratch))
    stored = f"{ctx.folder}/sounds/{mark}.m4a"
    if await ctx.store.exists(stored):
        await ctx.store.get_file(stored, ctx.scratch / SOUND)
    else:
        await mix_sound(pieces, plan, ctx.scratch, SOUND, settings=ctx.settings.media, timeout=ctx.seconds_left())
        await ctx.store.put_file(stored, ctx.scratch / SOUND, content_type="audio/mp4")
    return stored


async def _own_sound(ctx: Context, uri: str, file: str) -> None:
    """Have the sound of an asset as a file in scratch."""
    async with ctx.cache.open(uri) as source:
        await plain_sound(source, ctx.scratch / file, settings=ctx.settings.media, timeout=ctx.seconds_left())


async def _bed(ctx: Context, music: FilmMusic | None, seconds: float) -> Music | None:
    """Have the music of a film as a file in scratch: that of an object, or one that is played here."""
    if music is None:
        return None
    if music.object is not None:
        await _own_sound(ctx, music.object, _BED)
    else:
        length = min(seconds, _LONGEST_BED) + 0.5  # a longer film hears it again
        bed = BEDS[music.name or "calm"]
        await in_thread(lambda: write_bed(ctx.scratch / _BED, bed, seconds=length, seed=0))
    return Music(file=_BED, gain_db=max(-60.0, min(12.0, music.gain_db)), duck=music.duck)
