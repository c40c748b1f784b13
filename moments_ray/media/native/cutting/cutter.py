"""Cuts ranges out of one open source, each into a file that is checked before it gets its name."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av.error
import google_crc32c
from av.video.frame import VideoFrame
from pydantic import JsonValue

from moments_ray.errors import CutVerifyFailed, InvalidRequest, UnsupportedMedia
from moments_ray.media.native.cutting import reencode
from moments_ray.media.native.cutting.check import Written, check_clip
from moments_ray.media.native.cutting.clip import Pictures, mux, open_output
from moments_ray.media.native.cutting.plan import CannotCopy, plan_cut
from moments_ray.media.native.cutting.presets import PRESETS, Encoding
from moments_ray.media.native.cutting.reader import PictureReader, SoundReader
from moments_ray.media.native.cutting.smart import SmartCut
from moments_ray.media.native.cutting.soundtrack import copied_sound, encoded_sound
from moments_ray.media.native.cutting.splice import splice_for
from moments_ray.media.native.cutting.timeline import exact, tick_at_or_after

if TYPE_CHECKING:
    from moments_ray.media.native.cutting.remote import RemoteFile
    from moments_ray.media.source import SourceOptions

# A range may ask for this much more than there is: callers round up, and sound often outlasts the picture.
_END_SLACK = Fraction(1)
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Made:
    """A clip in its file, checked; ``fallback_reason`` says why it was encoded although its preset copies."""

    pictures: Pictures
    written: Written
    method: Literal["smart", "reencode"]
    fallback_reason: str | None


class Cutter:
    """One source, its picture and its sound open for reading."""

    def __init__(
        self, source: SourceOptions, remote: RemoteFile | None, directory: Path, preset: str, threads: int
    ) -> None:
        self._preset = PRESETS[preset]
        self._directory = directory.resolve()
        self._threads = threads
        self._video = PictureReader(source, remote, threads)
        try:
            self._audio: SoundReader | None = SoundReader(source, remote)
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
            "method": made.method,
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
        reason = None
        if self._preset.copies(self._video):
            try:
                return self._copy(part, begin, stop)
            except CannotCopy as error:
                reason = f"{error}"
            except CutVerifyFailed as error:
                reason = f"the copy did not pass its check: {error}"
            except av.error.FFmpegError as error:
                reason = f"copying it failed: {error.strerror}"
        frames = self._video.pictures_from(begin)
        first = next(frames, None)
        if first is None:
            raise InvalidRequest(f"The range {start:g}-{end:g} s begins after the last picture{self._length()}.")
        if first[0] >= stop:
            raise InvalidRequest(f"The range {start:g}-{end:g} s holds no picture; it is shorter than one frame.")
        return self._reencode(part, chain([first], frames), stop, reason)

    def _copy(self, part: Path, begin: int, stop: int) -> _Made:
        """Write a clip by copying; raises CannotCopy, or CutVerifyFailed once it is written."""
        splice = splice_for(self._video.codec)
        pictures = Pictures(self._video.time_base)
        packets, usual = self._video.packets_from(begin), self._video.usual_duration
        plan = plan_cut(packets, pictures, begin, stop, usual_duration=usual, is_entry=splice.is_entry)
        smart = SmartCut(self._video, plan, splice, self._threads)
        level = self._preset.levelled
        with open_output(part, pictures.time_base) as output:
            smart.add_stream(output)
            heard = None if level else copied_sound(output, self._audio, pictures)
            if heard is None:
                heard = encoded_sound(output, self._audio, pictures.start, stop, pictures, level=level)
            mux(output, smart.packets(), heard or iter(()))
        written = check_clip(part, pictures, smart.proof, sound=heard is not None)
        return _Made(pictures, written, "smart", None)

    def _reencode(self, part: Path, frames: Iterator[tuple[int, VideoFrame]], stop: int, reason: str | None) -> _Made:
        """Write a clip of pictures that begin at its first one by encoding them all."""
        pictures = Pictures(self._video.time_base)
        filters = reencode.Filters(self._encoding, pictures.time_base)
        fitting = ((shown, filters.apply(frame)) for shown, frame in frames)
        first = next(fitting)
        with open_output(part, pictures.time_base) as output:
            stream = reencode.add_pictures(output, self._video, first[1], self._encoding, self._threads)
            packets = reencode.encoded(chain([first], fitting), stream, pictures, stop, self._video.usual_duration)
            level = self._preset.levelled
            heard = encoded_sound(output, self._audio, first[0], stop, pictures, level=level)
            mux(output, packets, heard or iter(()))
        written = check_clip(part, pictures, None, sound=heard is not None)
        return _Made(pictures, written, "reencode", reason)

    def _tick(self, seconds: float) -> int:
        return tick_at_or_after(exact(seconds) + self._video.origin, self._video.time_base)

    def _position(self, tick: int) -> Fraction:
        return tick * self._video.time_base - self._video.origin

    def _length(self) -> str:
        length = self._video.duration
        return "" if length is None else f"; the source is {float(length):.3f} s long"

    def _refuse_past_end(self, start: float, end: float, length: Fraction | None) -> None:
        if length is not None and exact(end) > max(length, self._video.duration or length) + _END_SLACK:
            raise InvalidRequest(f"The range {start:g}-{end:g} s ends after the source does{self._length()}.")

    @cached_property
    def _encoding(self) -> Encoding:
        return self._preset.encoding(self._video)


def _crc32c(path: Path) -> str:
    """Return the CRC-32C of a file as object stores write it: big-endian, base64."""
    checksum = google_crc32c.Checksum()  # type: ignore[no-untyped-call]  # the package has no types
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            checksum.update(chunk)  # type: ignore[no-untyped-call]  # the package has no types
    digest: bytes = checksum.digest()  # type: ignore[no-untyped-call]  # the package has no types
    return base64.b64encode(digest).decode("ascii")
