"""Pieces of films, rendered and joined."""

from __future__ import annotations

from pathlib import Path

import av

from moments_ray.media.probe import probe
from moments_ray.media.render.effects import Effect
from moments_ray.media.render.join import join_pieces
from moments_ray.media.render.piece import render_piece
from moments_ray.media.render.plan import (
    Form,
    Picture,
    Piece,
    RenderedPiece,
    SoundPlan,
    piece_frames,
)
from moments_ray.media.render.verify import Film, verify_film
from moments_ray.settings import MediaSettings

SETTINGS = MediaSettings(kill_grace_seconds=0.3)

FORM = Form(width=320, height=180, quality="draft")


async def render(source: Path, pieces: list[Piece], directory: Path, form: Form = FORM) -> list[RenderedPiece]:
    info = await probe(source, SETTINGS)
    return [
        await render_piece(piece, source, info, form, directory, settings=SETTINGS, threads=1, timeout=120)
        for piece in pieces
    ]


async def film_of(
    source: Path, pieces: list[Piece], directory: Path, sound: SoundPlan | None = None
) -> tuple[Path, Film]:
    rendered = await render(source, pieces, directory)
    path = await join_pieces(
        rendered,
        sound or SoundPlan(),
        directory,
        "film.mp4",
        settings=SETTINGS,
        timeout=120,
        metadata={"title": "A title = with signs"},
    )
    return path, await verify_film(path, rendered, FORM, settings=SETTINGS, timeout=60)


def piece(number: int, start: float, end: float, *effects: str, volume: float = 1.0) -> Piece:
    chosen = tuple(Effect.model_validate({"name": name}) for name in effects)
    return Piece(
        name=f"piece-{number}",
        picture=Picture(start=start),
        frames=piece_frames(start, end, chosen),
        effects=chosen,
        volume=volume,
    )


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))
