"""Checks a film against its plan before anybody is shown it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat

from moments_ray.errors import RenderVerifyFailed
from moments_ray.media.process import run_python
from moments_ray.media.render.plan import RATE, SAMPLE_RATE, Form, RenderedPiece
from moments_ray.media.source import source_options
from moments_ray.settings import MediaSettings


class Film(BaseModel):
    """A film as it was read back: pictures, lengths in seconds, bytes; ``loudness`` in LUFS is not measured here."""

    model_config = ConfigDict(frozen=True)

    frames: int
    seconds: FiniteFloat
    sound_seconds: FiniteFloat
    width: int
    height: int
    bytes: int


async def verify_film(
    path: Path,
    pieces: Sequence[RenderedPiece],
    form: Form,
    *,
    settings: MediaSettings,
    timeout: float,
) -> Film:
    """Read a film back and compare it with what it was joined of.

    Raises RenderVerifyFailed when it has another number of frames, an uneven step between two, another size, rate or
    codec, sound that is more than a frame longer or shorter, or a piece that does not begin with a picture that can be
    decoded.
    """
    starts = [sum(piece.frames for piece in pieces[:number]) for number in range(len(pieces))]
    read = await run_python(
        "moments_ray.media.native.film:inspect",
        {"source": source_options(path, settings), "key_frames": starts},
        timeout=timeout,
        settings=settings,
    )
    assert isinstance(read, dict)  # noqa: S101 - the function's own answer
    wrong = _faults(read, sum(piece.frames for piece in pieces), form)
    if wrong:
        raise RenderVerifyFailed(f"The film is not what was planned: {'; '.join(wrong)}.", {"read": read})
    return Film.model_validate(read | {"bytes": path.stat().st_size})


def _faults(read: Mapping[str, object], frames: int, form: Form) -> list[str]:
    """Return what differs from the plan, in words."""
    expected = {
        "frames": frames,
        "width": form.width,
        "height": form.height,
        "codec": "h264",
        "sound_codec": "aac",
        "sound_rate": SAMPLE_RATE,
        "channels": 2,
        "uneven_steps": 0,
        "undecodable": [],
    }
    wrong = [f"{name} is {read[name]}, not {value}" for name, value in expected.items() if read[name] != value]
    sound = read["sound_seconds"]
    if not isinstance(sound, float) or abs(sound - frames / RATE) > 1 / RATE:
        wrong.append(f"its sound lasts {sound} s, its pictures {frames / RATE:.3f} s")
    return wrong
