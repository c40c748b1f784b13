"""What a piece is made of, as a name: the same name is the same piece, and it need not be rendered again."""

from __future__ import annotations

import functools
import hashlib

from moments_ray.ids import fingerprint
from moments_ray.media.render import effects
from moments_ray.media.render.captions import captions_file
from moments_ray.media.render.fonts import Face
from moments_ray.media.render.piece import ENCODING, TIME_SCALE
from moments_ray.media.render.plan import Form, Piece


def piece_fingerprint(piece: Piece, source_checksum: str, form: Form) -> str:
    """Return 64 hex digits of all that decides over a piece's bytes: source, plan, lettering, faces, encoding.

    Its name is not among it. Raises GlyphMissing for captions that cannot be drawn.
    """
    lettering = captions_file(piece, form)
    text, faces = lettering or ("", frozenset[Face]())
    return fingerprint(
        {
            "source": source_checksum,
            "piece": piece.model_dump(mode="json", exclude={"name", "captions"}),
            "form": form.model_dump(mode="json"),
            "text": text,
            "faces": [*sorted(_digest(face) for face in faces)],
            "effects": effects.VERSION,
            "encoding": {**ENCODING[form.quality], "time_scale": str(TIME_SCALE)},
        }
    )


@functools.cache
def _digest(face: Face) -> str:
    path = face.path
    assert path is not None  # noqa: S101 - a caption was just drawn with it
    return hashlib.sha256(path.read_bytes()).hexdigest()
