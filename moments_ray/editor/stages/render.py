"""RENDER_SETUP, RENDER_SEGMENTS, RENDER_ASSEMBLY, RENDER_PUBLISH: a timeline becomes a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moments_ray.database.session import WriteSession
from moments_ray.editor.consent import missing_consent
from moments_ray.editor.errors import ConsentRevoked
from moments_ray.editor.framing import Framing, find_framing, framing_name, keep_framing, read_framing
from moments_ray.editor.names import dated_name, slug
from moments_ray.editor.places import sound_at
from moments_ray.editor.planning import checked, cues_of, form_of, needs_framing, plan, window_share
from moments_ray.editor.queries.consents import Consents
from moments_ray.editor.queries.projects import Projects
from moments_ray.editor.queries.renders import Renders
from moments_ray.editor.stages.film_sound import SOUND, hear, music_of
from moments_ray.editor.timeline import Timeline
from moments_ray.editor.values import (
    FilmPlan,
    PieceItem,
    PlanDocument,
    ProjectRef,
    RenderedFilm,
    RenderOptions,
    StagedFilm,
    StoredPiece,
    StoredPieces,
)
from moments_ray.engine import Context, FanOut, Resources, stage
from moments_ray.errors import MomentsError
from moments_ray.ids import fingerprint
from moments_ray.library.values import SourceVideo
from moments_ray.media.render.identity import piece_fingerprint
from moments_ray.media.render.join import join_with
from moments_ray.media.render.piece import render_piece
from moments_ray.media.render.plan import RATE, Form, RenderedPiece
from moments_ray.media.render.sounds import SOUNDS
from moments_ray.media.render.verify import verify_film

PIECES_STAGE = "RENDER_SEGMENTS"
# Bytes a second of film: a picture of 1080 x 1920 at crf 20 with room to spare, and plain samples.
_PICTURE_BYTES, _SOUND_BYTES = 1_500_000, 192_000


@stage("RENDER_SETUP", resources=Resources(cpus=1), timeout=1800)
async def prepare_render(ctx: Context, video: SourceVideo, project: ProjectRef, options: RenderOptions) -> FilmPlan:
    """Freeze a timeline as a plan of pieces, once consent is complete; where nobody said where to look, find out.

    Raises:
        ConsentRevoked: it is not.
        TimelineEmpty: there is nothing to render.
        MediaNotOurs: a sound is not here any more.
    """
    await require_consent(ctx, project)
    async with ctx.read() as session:
        record = await Projects(session).get(project.project)
        row = await Projects(session).version(record.project, options.version or record.project.version)
    timeline, _ = checked(Timeline.model_validate(row.timeline), video.info.duration)
    if not options.captions:
        segments = tuple(segment.model_copy(update={"captions": ()}) for segment in timeline.segments)
        timeline = timeline.model_copy(update={"segments": segments})
    form = form_of(options.aspect, options.quality, video.info)
    names, framed = await _framed(ctx, video, timeline, form)
    planned = plan(timeline, options.watermark, hdr=video.info.hdr, framed=framed)
    cues = tuple(cues_of(planned))
    own = {cue.file: path for path, cue in cues if path not in SOUNDS}
    async with ctx.read() as session:
        document = PlanDocument(
            segments=tuple(planned),
            cues=cues,
            own=tuple([(file, await sound_at(session, path)) for file, path in own.items()]),
            music=await music_of(session, timeline),
        )
    content = document.model_dump_json().encode()
    name = f"{ctx.folder}/plans/{fingerprint(document.model_dump(mode='json'))}.json"
    await ctx.store.put_bytes(name, content, content_type="application/json")
    return FilmPlan(
        name=name,
        title=record.project.title,
        form=form,
        segments=len(planned),
        frames=sum(segment.piece.frames for segment in planned),
        loudness=options.loudness,
        crops=tuple(segment.crop for segment in planned),
        framings=names,
    )


async def _framed(
    ctx: Context, video: SourceVideo, timeline: Timeline, form: Form
) -> tuple[tuple[str, ...], dict[int, Framing]]:
    """Return where to look in the segments of which nobody said it, and the objects that keep it for the next time."""
    numbers = needs_framing(timeline, form, video.info)
    if not numbers:
        return (), {}
    share = window_share(form, video.info)
    parts = {number: (timeline.segments[number].start, timeline.segments[number].end) for number in numbers}
    names = {number: framing_name(ctx.folder, video.checksum, part, share) for number, part in parts.items()}
    found = {number: await read_framing(ctx.store, name) for number, name in names.items()}
    missing = [number for number, framing in found.items() if framing is None]
    if missing:
        async with ctx.cache.open(ctx.store.uri(video.name)) as source:
            new = await find_framing(
                source,
                [parts[number] for number in missing],
                share,
                settings=ctx.settings.media,
                timeout=ctx.seconds_left(),
            )
        for number, framing in zip(missing, new, strict=True):
            await keep_framing(ctx.store, names[number], framing)
            found[number] = framing
    framed = {number: framing for number, framing in found.items() if framing is not None}
    return tuple(dict.fromkeys(names.values())), framed


async def plan_pieces(ctx: Context, video: SourceVideo, film: FilmPlan) -> Sequence[PieceItem]:
    """Make an item of every piece, named by all that it is made of."""
    document = await _document(ctx, film)
    items = []
    for number, segment in enumerate(document.segments):
        mark = piece_fingerprint(segment.piece, video.checksum, film.form)
        place = f"{ctx.folder}/segments/{mark}"
        items.append(
            PieceItem(
                key=f"{number:04d}",
                segment=segment.name,
                piece=segment.piece,
                video=f"{place}.mp4",
                sound=f"{place}.wav",
            )
        )
    return items


async def render_segment(ctx: Context, item: PieceItem, video: SourceVideo, film: FilmPlan) -> StoredPiece:
    """Render a piece, unless one that is made of the same is in the store."""
    done = StoredPiece(segment=item.segment, video=item.video, sound=item.sound, frames=item.piece.frames)
    if await ctx.store.exists(item.video) and await ctx.store.exists(item.sound):
        return done.model_copy(update={"reused": True})
    seconds = item.piece.frames / RATE
    ctx.require_free_space(int(seconds * (_PICTURE_BYTES + _SOUND_BYTES)))
    try:
        async with ctx.cache.open(ctx.store.uri(video.name)) as source:
            rendered = await render_piece(
                item.piece,
                source,
                video.info,
                film.form,
                ctx.scratch,
                settings=ctx.settings.media,
                threads=ctx.threads,
                timeout=ctx.seconds_left(),
            )
    except MomentsError as error:
        raise type(error)(f"Segment {item.segment}: {error.message}", error.detail) from error
    # The sound first: a piece whose picture is there is whole.
    await ctx.store.put_file(item.sound, ctx.scratch / rendered.sound, content_type="audio/wav")
    await ctx.store.put_file(item.video, ctx.scratch / rendered.video, content_type="video/mp4")
    return done


RENDER_PIECES = FanOut(
    PIECES_STAGE,
    plan=plan_pieces,
    each=render_segment,
    gives=StoredPieces,
    resources=Resources(cpus=1, custom={"clip_extraction": 1}),
    timeout=3600,
)


@stage("RENDER_ASSEMBLY", resources=Resources(cpus=1), timeout=3600)
async def join_film(ctx: Context, film: FilmPlan, pieces: StoredPieces) -> StagedFilm:
    """Join the pieces, mix and encode the sound, and read the film back before anybody sees it."""
    seconds = film.frames / RATE
    ctx.require_free_space(int(seconds * (_PICTURE_BYTES + 3 * _SOUND_BYTES)))
    local = [await _fetched(ctx, number, piece) for number, piece in enumerate(pieces.items)]
    document = await _document(ctx, film)
    heard = await hear(ctx, document, film, local)
    path = await join_with(
        local,
        SOUND,
        ctx.scratch,
        "film.mp4",
        settings=ctx.settings.media,
        timeout=ctx.seconds_left(),
        metadata={"title": film.title},
    )
    read = await verify_film(path, local, film.form, settings=ctx.settings.media, timeout=ctx.seconds_left())
    staged = ctx.staged("film.mp4")
    stored = await ctx.store.put_file(staged, path, content_type="video/mp4")
    return StagedFilm(staged=staged, frames=read.frames, seconds=read.seconds, bytes=stored.bytes, heard=heard)


@stage("RENDER_PUBLISH", resources=Resources(cpus=0.2), timeout=600)
async def publish_film(ctx: Context, film: StagedFilm, project: ProjectRef, options: RenderOptions) -> RenderedFilm:
    """Give a film its name, if consent still holds.

    Raises:
        ConsentRevoked: it was taken back while the film was rendered.
    """
    await require_consent(ctx, project)
    async with ctx.read() as session:
        record = (await Projects(session).get(project.project)).project
    stored = await ctx.store.promote(film.staged, f"{ctx.folder}/final/{ctx.run}.mp4")
    output = dated_name(f"{slug(record.title)}_{record.id}", ".mp4")

    async def write(session: WriteSession) -> None:
        renders = Renders(session)
        # Whoever asked for it writes this row, too, but after the run was begun.
        await renders.put(
            record.id,
            ctx.run,
            timeline_version=options.version or record.version,
            watermark=options.watermark is not None,
            preset=options.aspect,
        )
        await renders.publish(ctx.run, output, stored.uri)

    ctx.record(write)
    return RenderedFilm(
        project=project.project,
        output=output,
        name=stored.name,
        frames=film.frames,
        seconds=film.seconds,
        bytes=film.bytes,
    )


async def require_consent(ctx: Context, project: ProjectRef) -> None:
    """Check that consent is complete now; raises ConsentRevoked."""
    async with ctx.read() as session:
        consent = await Consents(session).of_project(project.project)
    if missing_consent(consent, document=ctx.settings.consent_require_document):
        raise ConsentRevoked


async def _document(ctx: Context, film: FilmPlan) -> PlanDocument:
    stored = await ctx.store.stat(film.name)
    return PlanDocument.model_validate_json(await ctx.store.read_range(film.name, 0, stored.bytes))


async def _fetched(ctx: Context, number: int, piece: StoredPiece) -> RenderedPiece:
    """Have a piece's files in scratch, where the store keeps them on this machine by a link."""
    names = (f"piece-{number:04d}.mp4", f"piece-{number:04d}.wav")
    for name, stored in zip(names, (piece.video, piece.sound), strict=True):
        target: Path = ctx.scratch / name
        place = await ctx.store.in_place(stored)
        if place is not None:
            target.symlink_to(place)
        else:
            await ctx.store.get_file(stored, target)
    return RenderedPiece(video=names[0], sound=names[1], frames=piece.frames)
