"""VIDEO_MAKING and IMAGE_MAKING: words become a film or a picture."""

from __future__ import annotations

from pathlib import Path

from moments_ray.database.session import WriteSession
from moments_ray.editor.making import remote
from moments_ray.editor.making.painting import GroundJob, PictureJob
from moments_ray.editor.making.storyboard import pieces_of, scenes_of
from moments_ray.editor.making.words import understand
from moments_ray.editor.names import dated_name
from moments_ray.editor.queries.made import MadeFiles
from moments_ray.editor.values import MadeFile, MakeImageRequest, MakeVideoRequest
from moments_ray.engine import Context, Resources, stage
from moments_ray.library.objects import put_by_content
from moments_ray.media.probe import probe
from moments_ray.media.process import run_python
from moments_ray.media.render.fonts import POPPINS_BOLD
from moments_ray.media.render.join import join_pieces
from moments_ray.media.render.piece import render_piece
from moments_ray.media.render.plan import Form, SoundPlan
from moments_ray.media.render.verify import verify_film

EMBEDDED = "embedded"
_PAINTING = "moments_ray.editor.making.painting"


@stage("VIDEO_MAKING", resources=Resources(cpus=1), timeout=3600)
async def make_video(ctx: Context, request: MakeVideoRequest) -> MadeFile:
    """Make a film of words: by a model, or as scenes of lettering over drawn grounds.

    Raises:
        MediaError: what came of it is no film.
        ModelError: the model did not make it, or not as it should.
    """
    if request.backend == EMBEDDED:
        path = await _storyboard(ctx, request)
        stored = (await put_by_content(ctx, f"{ctx.folder}/film", path, content_type="video/mp4")).name
    else:
        stored = await remote.film(ctx, request)
        async with ctx.cache.open(ctx.store.uri(stored)) as path:
            await probe(path, ctx.settings.media)
    return _made(ctx, stored, request.backend, dated_name("video", ".mp4"))


@stage("IMAGE_MAKING", resources=Resources(cpus=1), timeout=1800)
async def make_image(ctx: Context, request: MakeImageRequest) -> MadeFile:
    """Make a picture of words, or change one as they say; raises as ``make_video``, and ModelNotConfigured."""
    output = dated_name("image", ".png")
    if request.backend != EMBEDDED:
        return _made(ctx, await remote.picture(ctx, request), request.backend, output)
    asked = understand(request.prompt, of_picture=request.image is not None)
    size = (request.width, request.height) if request.width and request.height else None
    path = ctx.scratch / "picture.png"
    applied = await run_python(
        f"{_PAINTING}:picture",
        PictureJob(
            path=str(path),
            size=size,
            seed=request.seed,
            picture=await remote.local_file(ctx, "picture", request.image),
            mask=await remote.local_file(ctx, "mask", request.mask),
            operations=[*asked.operations],
            colours=[*asked.colours],
            text=asked.text,
            font=str(POPPINS_BOLD.path),
        ),
        timeout=ctx.seconds_left(),
        settings=ctx.settings.media,
    )
    stored = await put_by_content(ctx, f"{ctx.folder}/picture", path, content_type="image/png")
    return _made(ctx, stored.name, EMBEDDED, output, tuple(map(str, applied if isinstance(applied, list) else ())))


async def _storyboard(ctx: Context, request: MakeVideoRequest) -> Path:
    """Draw the grounds, render a piece a scene, join them, and read the film back."""
    pieces = pieces_of(scenes_of(request.prompt, request.seconds))
    form = Form(width=request.width, height=request.height)
    paths = [ctx.scratch / f"{piece.name}.png" for piece in pieces]
    job = GroundJob(
        size=(form.width, form.height),
        seed=request.seed,
        paths=[str(path) for path in paths],
        picture=await remote.local_file(ctx, "picture", request.image),
    )
    await run_python(f"{_PAINTING}:grounds", job, timeout=ctx.seconds_left(), settings=ctx.settings.media)
    rendered = []
    for number, (piece, path) in enumerate(zip(pieces, paths, strict=True)):
        rendered.append(
            await render_piece(
                piece,
                path,
                None,
                form,
                ctx.scratch,
                settings=ctx.settings.media,
                threads=ctx.threads,
                timeout=ctx.seconds_left(),
            )
        )
        await ctx.progress((number + 1) / (len(pieces) + 1))
    film = await join_pieces(
        rendered, SoundPlan(), ctx.scratch, "film.mp4", settings=ctx.settings.media, timeout=ctx.seconds_left()
    )
    await verify_film(film, rendered, form, settings=ctx.settings.media, timeout=ctx.seconds_left())
    return film


def _made(ctx: Context, stored: str, backend: str, output: str, applied: tuple[str, ...] = ()) -> MadeFile:
    price = ctx.settings.ads.prices.get(backend)
    uri = ctx.store.uri(stored)

    async def write(session: WriteSession) -> None:
        await MadeFiles(session).put(ctx.run, output, uri)

    ctx.record(write)
    cost = 0.0 if backend == EMBEDDED else price.usd if price is not None else None
    return MadeFile(output=output, name=stored, backend=backend, cost_usd=cost, applied=applied)
