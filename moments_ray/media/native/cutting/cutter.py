"""Cuts ranges out of one open source, each into a file that is checked before it gets its name."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import google_crc32c
from av.video.frame import VideoFrame
from pydantic import JsonValue

from moments_ray.errors import InvalidRequest, UnsupportedMedia
from moments_ray.media.native.cutting import reencode, sound
from moments_ray.media.native.cutting.check import check_clip
from moments_ray.media.native.cutting.clip import Pictures, mux, open_output
from moments_ray.media.native.cutting.reader import AnyPacket, PictureReader, SoundReader
from moments_ray.media.native.cutting.timeline import exact, tick_at_or_after

if TYPE_CHECKING:
    from moments_ray.media.source import SourceOptions

# A range may ask for this much more than there is: callers round up, and sound often outlasts the picture.
_END_SLACK = Fraction(1)
_READ_BYTES = 1 << 20


class Cutter:
    """One source, its picture and its sound open for reading."""

    def __init__(self, source: SourceOptions, directory: Path, threads: int) -> None:
        self._directory = directory.resolve()
        self._threads = threads
        self._video = PictureReader(source, threads)
        try:
            self._audio: SoundReader | None = SoundReader(source)
        except UnsupportedMedia:
            self._audio = None

    def close(self) -> None:
        """Close the source."""
        self._video.close()
        if self._audio is not None:
            self._audio.close()

    def cut(self, name: str, start: float, end: float) -> dict[str, JsonValue]:
        """Cut one range (seconds) into ``name.mp4``; return the fields of its clip.

        Raises InvalidRequest for a range without a picture or past the end, CutVerifyFailed for a clip that did not
        come out as planned.
        """
        self._refuse_past_end(start, end, self._video.duration)
        begin, stop = self._tick(start), self._tick(end)
        frames = self._video.pictures_from(begin)
        first = next(frames, None)
        if first is None:
            raise InvalidRequest(f"The range {start:g}-{end:g} s begins after the last picture{self._length()}.")
        if first[0] >= stop:
            raise InvalidRequest(f"The range {start:g}-{end:g} s holds no picture; it is shorter than one frame.")
        part = self._directory / f"{name}.part"
        try:
            pictures, sounding = self._reencode(part, chain([first], frames), stop)
            self._refuse_past_end(start, end, self._position(pictures.start) + pictures.duration)
            written = check_clip(part, pictures, (), sound=sounding)
            checksum = _crc32c(part)
            path = part.rename(self._directory / f"{name}.mp4")
        finally:
            part.unlink(missing_ok=True)
        return {
            "name": name,
            "path": str(path),
            "start_time": float(self._position(pictures.start)),
            "end_time": float(self._position(pictures.start) + pictures.duration),
            "duration": float(pictures.duration),
            "method": "reencode",
            "fallback_reason": None,
            "frames": len(pictures.shown),
            "bytes": written.bytes,
            "checksum": checksum,
            "width": written.width,
            "height": written.height,
            "fps": float(len(pictures.shown) / pictures.duration),
        }

    def _tick(self, seconds: float) -> int:
        return tick_at_or_after(exact(seconds) + self._video.origin, self._video.time_base)

    def _position(self, tick: int) -> Fraction:
        return tick * self._video.time_base - self._video.origin

    def _length(self) -> str:
        length = self._video.duration
        return "" if length is None else f"; the source is {float(length):.3f} s long"

    def _refuse_past_end(self, start: float, end: float, length: Fraction | None) -> None:
        length = max(length, self._video.duration or length) if length is not None else None
        if length is not None and exact(end) > length + _END_SLACK:
            raise InvalidRequest(f"The range {start:g}-{end:g} s ends after the source does{self._length()}.")

    def _reencode(self, part: Path, frames: Iterator[tuple[int, VideoFrame]], stop: int) -> tuple[Pictures, bool]:
        """Write a clip of pictures that begin at its first one; return what it holds and whether it has sound."""
        base = self._video.time_base
        encoding = reencode.encoding_like(self._video)
        filters = reencode.Filters(encoding, base)
        fitting = ((shown, filters.apply(frame)) for shown, frame in frames)
        first = next(fitting)
        pictures = Pictures(base)
        with open_output(part, base) as output:
            stream = reencode.add_pictures(output, self._video, first[1], encoding, self._threads)
            packets = reencode.encoded(chain([first], fitting), stream, pictures, stop)
            heard = self._sound(first[0] * base, stop * base)
            audible: Iterator[AnyPacket] = iter(())
            if heard is not None:
                blocks = heard.blocks(lambda: (stop if pictures.end is None else pictures.end) * base)
                audible = sound.encoded(blocks, heard, sound.add_sound(output, heard))
            mux(output, packets, audible)
        return pictures, heard is not None

    def _sound(self, start: Fraction, stop: Fraction) -> sound.Sound | None:
        if self._audio is None:
            return None
        found = sound.Sound(self._audio, start)
        return found if found.begins_before(stop) else None


def _crc32c(path: Path) -> str:
    """Return the CRC-32C of a file as object stores write it: big-endian, base64."""
    checksum = google_crc32c.Checksum()  # type: ignore[no-untyped-call]  # the package has no types
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            checksum.update(chunk)  # type: ignore[no-untyped-call]  # the package has no types
    digest: bytes = checksum.digest()  # type: ignore[no-untyped-call]  # the package has no types
    return base64.b64encode(digest).decode("ascii")
