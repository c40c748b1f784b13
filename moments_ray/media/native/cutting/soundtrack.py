"""Gives a clip its sound: copied where it can be, else encoded, levelled where the preset asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

from av.audio.stream import AudioStream
from av.container import OutputContainer

from moments_ray.media.native.cutting.clip import Pictures
from moments_ray.media.native.cutting.level import Shape, gain_for, levelled
from moments_ray.media.native.cutting.reader import AnyPacket, SoundReader
from moments_ray.media.native.cutting.sound import Sound, add_sound, encoded
from moments_ray.media.native.cutting.sound_copy import plan_sound


def copied_sound(output: OutputContainer, reader: SoundReader | None, pictures: Pictures) -> Iterator[AnyPacket] | None:
    """Add the sound of a planned clip as it is; None if there is none or it must be encoded."""
    if reader is None:
        return None
    start = pictures.start * pictures.time_base
    found = plan_sound(reader, start, start + pictures.duration)
    if found is None:
        return None
    return found.packets(cast("AudioStream", output.add_stream_from_template(reader.stream, opaque=True)))


def encoded_sound(
    output: OutputContainer, reader: SoundReader | None, first: int, stop: int, pictures: Pictures, *, level: bool
) -> Iterator[AnyPacket] | None:
    """Add the sound from the picture at ``first`` on; None if nothing is heard before ``stop`` (ticks of the picture).

    Where the clip ends is read from ``pictures`` while the sound is encoded; until it is known ``stop`` stands for it.
    """
    base = pictures.time_base
    found = None if reader is None else Sound(reader, first * base)
    if reader is None or found is None or not found.begins_before(stop * base):
        return None
    shape = Shape(found.rate, found.layout)
    gain = gain_for(found.blocks(lambda: stop * base), shape) if level else None
    if level:
        found = Sound(reader, first * base)
    blocks = found.blocks(lambda: _end(pictures, stop, base))
    if gain is not None:
        blocks = levelled(blocks, shape, gain)
    return encoded(blocks, found, add_sound(output, found))


def _end(pictures: Pictures, stop: int, base: Fraction) -> Fraction:
    return (stop if pictures.end is None else pictures.end) * base
