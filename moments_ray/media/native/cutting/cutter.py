"""Cuts ranges out of one open source, each into a file that is checked before it gets its name."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, cast

import google_crc32c
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from pydantic import JsonValue

from moments_ray.errors import CutVerifyFailed, InvalidRequest, UnsupportedMedia
from moments_ray.media.native.cutting import reencode, sound
from moments_ray.media.native.cutting.check import Written, check_clip
from moments_ray.media.native.cutting.clip import Pictures, mux, open_output
from moments_ray.media.native.cutting.plan import CannotCopy, plan_cut
from moments_ray.media.native.cutting.reader import AnyPacket, PictureReader, SoundReader
from moments_ray.media.native.cutting.smart import SmartCut
from moments_ray.media.native.cutting.sound_copy import plan_sound
from moments_ray.media.native.cutting.splice import splice_for
from moments_ray.media.native.cutting.timeline import exact, tick_at_or_after

if TYPE_CHECKING:
    from moments_ray.media.source import SourceOptions

# A range may ask for this much more than there is: callers round up, and sound often outlasts the picture.
_END_SLACK = Fraction(1)
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Made:
    """A clip in its file, checked; ``fallback_reason`` says why it was encoded anew."""

    pictures: Pictures
    written: Written
    fallback_reason: str | None


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
        part = self._directory / f"{name}.part"
        try:
            made = self._make(part, start, end, begin, stop)
            self._refuse_past_end(start, end, self._position(made.pictures.start) + made.pictures.duration)
            checksum = _crc32c(part)
            path = part.rename(self._directory / f"{name}.mp4")
        finally:
            part.unlink(missing_ok=True)
        pictures, written = made.pictures, made.written
        return {
            "name": name,
            "path": str(path),
            "start_time": float(self._position(pictures.start)),
            "end_time": float(self._position(pictures.start) + pictures.duration),
            "duration": float(pictures.duration),
            "method": "smart" if made.fallback_reason is None else "reencode",
            "fallback_reason": made.fallback_reason,
            "frames": len(pictures.shown),
            "bytes": written.bytes,
            "checksum": checksum,
            "width": written.width,
            "height": written.height,
            "fps": float(len(pictures.shown) / pictures.duration),
        }

    def _make(self, part: Path, start: float, end: float, begin: int, stop: int) -> _Made:
        """Write and check a clip, the fast way where it can be proved and else by encoding every picture."""
        try:
            return self._copy(part, begin, stop)
        except CannotCopy as error:
            reason = f"{error}"
        except CutVerifyFailed as error:
            reason = f"the copy did not pass its check: {error}"
        frames = self._video.pictures_from(begin)
        first = next(frames, None)
        if first is None:
            raise InvalidRequest(f"The range {start:g}-{end:g} s begins after the last picture{self._length()}.")
        if first[0] >= stop:
            raise InvalidRequest(f"The range {start:g}-{end:g} s holds no picture; it is shorter than one frame.")
        pictures, sounding = self._reencode(part, chain([first], frames), stop)
        return _Made(pictures, check_clip(part, pictures, (), sound=sounding), reason)

    def _copy(self, part: Path, begin: int, stop: int) -> _Made:
        """Write a clip by copying; raises CannotCopy before, CutVerifyFailed after."""
        base = self._video.time_base
        splice = splice_for(self._video.codec)
        pictures = Pictures(base)
        plan = plan_cut(self._video.packets_from(begin), pictures, begin, stop, splice.is_entry)
        smart = SmartCut(self._video, plan, splice, self._threads)
        with open_output(part, base) as output:
            smart.add_stream(output)
            heard, audible = self._copied_sound(output, pictures) or self._sound(output, pictures.start, pictures, stop)
            mux(output, smart.packets(), audible)
        return _Made(pictures, check_clip(part, pictures, smart.seams, sound=heard), None)

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
            heard, audible = self._sound(output, first[0], pictures, stop)
            mux(output, packets, audible)
        return pictures, heard

    def _copied_sound(self, output: OutputContainer, pictures: Pictures) -> tuple[bool, Iterator[AnyPacket]] | None:
        """Add the sound of a planned clip as it is, or None if it must be encoded."""
        if self._audio is None:
            return None
        start = pictures.start * self._video.time_base
        found = plan_sound(self._audio, start, start + pictures.duration)
        if found is None:
            return None
        stream = cast("AudioStream", output.add_stream_from_template(self._audio.stream, opaque=True))
        return True, found.packets(stream)

    def _sound(
        self, output: OutputContainer, first: int, pictures: Pictures, stop: int
    ) -> tuple[bool, Iterator[AnyPacket]]:
        """Add the sound of a clip that begins with the picture at ``first``, if there is any before ``stop``."""
        base = self._video.time_base
        if self._audio is None:
            return False, iter(())
        found = sound.Sound(self._audio, first * base)
        if not found.begins_before(stop * base):
            return False, iter(())
        blocks = found.blocks(lambda: (stop if pictures.end is None else pictures.end) * base)
        return True, sound.encoded(blocks, found, sound.add_sound(output, found))


def _crc32c(path: Path) -> str:
    """Return the CRC-32C of a file as object stores write it: big-endian, base64."""
    checksum = google_crc32c.Checksum()  # type: ignore[no-untyped-call]  # the package has no types
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            checksum.update(chunk)  # type: ignore[no-untyped-call]  # the package has no types
    digest: bytes = checksum.digest()  # type: ignore[no-untyped-call]  # the package has no types
    return base64.b64encode(digest).decode("ascii")
