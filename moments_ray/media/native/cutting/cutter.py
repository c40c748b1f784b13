"""Cuts ranges out of one open source, each into a file that is checked before it gets its name."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from fractions import Fraction
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

import av.error
import google_crc32c
from pydantic import JsonValue

from moments_ray.errors import CutVerifyFailed, InvalidRequest, UnsupportedMedia
from moments_ray.media.native.containers import Truncation, truncation
from moments_ray.media.native.cutting.check import Written, check_clip
from moments_ray.media.native.cutting.clip import Pictures, mux, open_output
from moments_ray.media.native.cutting.plan import CannotCopy, plan_cut
from moments_ray.media.native.cutting.presets import PRESETS, upright
from moments_ray.media.native.cutting.reader import PictureReader, SoundReader
from moments_ray.media.native.cutting.reencode import EncodedClip, Overlay, shared
from moments_ray.media.native.cutting.screen import Screen, screen_at
from moments_ray.media.native.cutting.smart import SmartCut
from moments_ray.media.native.cutting.soundtrack import copied_sound, encoded_sound
from moments_ray.media.native.cutting.splice import splice_for
from moments_ray.media.native.cutting.timeline import exact, tick_at_or_after

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from moments_ray.media.native.cutting.captions import Cue
    from moments_ray.media.native.cutting.remote import RemoteFile
    from moments_ray.media.source import SourceOptions

# A range may ask for this much more than there is: callers round up, and sound often outlasts the picture.
_END_SLACK = Fraction(1)
_READ_BYTES = 1 << 20

# The fields of a Clip.
Fields = dict[str, JsonValue]


class ClipSpec(TypedDict):
    """A clip to cut, in seconds from the start of the source; ``captions`` are drawn into its pictures."""

    name: str
    start: float
    end: float
    preset: str
    captions: list[Cue]


class Cutter:
    """One source, its picture and its sound open for reading."""

    def __init__(self, source: SourceOptions, remote: RemoteFile | None, directory: Path, threads: int) -> None:
        self._directory = directory.resolve()
        self._threads = threads
        self._open_sound = partial(SoundReader, source, remote)
        self._video = PictureReader(source, remote, threads)
        # A recording that was cut off claims the length that it should have had.
        whole = remote is not None or truncation(source["url"].removeprefix("file:")) is Truncation.NONE
        self._length = self._video.duration if whole else None
        try:
            self._audio: SoundReader | None = self._open_sound()
        except UnsupportedMedia:
            self._audio = None

    def close(self) -> None:
        """Close the source."""
        self._video.close()
        if self._audio is not None:
            self._audio.close()

    def copies(self, spec: ClipSpec) -> bool:
        """Tell whether a clip is meant to be copied, as far as that can be."""
        return not spec["captions"] and PRESETS[spec["preset"]].copies(self._video)

    def copy(self, spec: ClipSpec) -> Fields:
        """Cut a clip by copying; return its fields.

        Raises CannotCopy where that cannot be done or does not pass its check, InvalidRequest for a range past the end.
        """
        self._refuse_past_end(spec, self._video.duration)
        begin, stop = self._tick(spec["start"]), self._tick(spec["end"])
        level = PRESETS[spec["preset"]].levelled
        splice = splice_for(self._video.codec)
        pictures = Pictures(self._video.time_base)
        screen = screen_at(self._video, begin, self._length)
        packets = self._video.packets_from(begin)
        plan = plan_cut(packets, pictures, begin, stop, screen=screen, is_entry=splice.is_entry)
        smart = SmartCut(self._video, plan, splice, self._threads)
        with self._part(spec) as part:
            try:
                with open_output(part, pictures.time_base) as output:
                    smart.add_stream(output)
                    heard = None if level else copied_sound(output, self._audio, pictures)
                    if heard is None:
                        heard = encoded_sound(output, self._audio, pictures.start, stop, pictures, level=level)
                    deque(mux(output, smart.packets(), heard or iter(())), maxlen=0)
                written = check_clip(part, pictures, smart.proof, sound=heard is not None)
            except CutVerifyFailed as error:
                raise CannotCopy(f"the copy did not pass its check: {error}") from error
            except av.error.FFmpegError as error:
                raise CannotCopy(f"copying it failed: {error.strerror}") from error
            return self._published(spec, part, pictures, written, method="smart")

    def encode(self, specs: Sequence[tuple[ClipSpec, str | None]]) -> list[Fields]:
        """Cut clips of one and the same range by encoding them, each with why it was not copied; return their fields.

        The source is decoded once for all of them. Raises InvalidRequest for a range without a picture or past the end,
        CutVerifyFailed for a clip that did not come out as planned.
        """
        span = specs[0][0]
        start, end, stop = span["start"], span["end"], self._tick(span["end"])
        self._refuse_past_end(span, self._video.duration)
        self._video.lost = 0
        screen = screen_at(self._video, self._tick(start), self._length)
        frames = self._video.pictures_on_screen(self._tick(start), screen.held)
        first = next(frames, None)
        if first is None:
            raise InvalidRequest(f"The range {start:g}-{end:g} s begins after the last picture{self._stated_length()}.")
        if first[0] >= stop:
            raise InvalidRequest(f"The range {start:g}-{end:g} s holds no picture; it is shorter than one frame.")
        with ExitStack() as opened:
            # Each clip takes one picture in turn, and reads the sound at its own pace.
            clips = []
            for (each, _), share in zip(specs, shared(chain([first], frames), len(specs)), strict=True):
                part = opened.enter_context(self._part(each))
                sound = None if self._audio is None else opened.enter_context(closing(self._open_sound()))
                clips.append(self._reencode(each, part, share, sound, screen))
            deque(zip_longest(*(clip.write(stop) for clip in clips)), maxlen=0)
            return [
                self._published(
                    each, clip.path, clip.pictures, clip.check(), method="reencode", reason=clip.described(reason)
                )
                for clip, (each, reason) in zip(clips, specs, strict=True)
            ]

    def _reencode(
        self,
        spec: ClipSpec,
        part: Path,
        frames: Iterator[tuple[int, VideoFrame]],
        sound: SoundReader | None,
        screen: Screen,
    ) -> EncodedClip:
        preset = PRESETS[spec["preset"]]
        encoding = preset.encoding(self._video)
        if spec["captions"]:
            encoding = upright(encoding, self._video.sample)
        overlay = self._captions(spec["captions"]) if spec["captions"] else None
        return EncodedClip(
            part,
            self._video,
            frames,
            sound,
            screen=screen,
            encoding=encoding,
            overlay=overlay,
            level=preset.levelled,
            threads=self._threads,
        )

    def _captions(self, cues: list[Cue]) -> Overlay:
        # Only here: what draws costs a tenth of this child's start.
        from moments_ray.media.native.cutting.captions import Captions  # noqa: PLC0415

        return Captions(cues, self._video.time_base, self._video.origin)

    @contextmanager
    def _part(self, spec: ClipSpec) -> Iterator[Path]:
        """Give the path of a clip until it has its name; nothing is left there."""
        part = self._directory / f"{spec['name']}.part"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def _published(
        self,
        spec: ClipSpec,
        part: Path,
        pictures: Pictures,
        written: Written,
        *,
        method: Literal["smart", "reencode"],
        reason: str | None = None,
    ) -> Fields:
        """Give a checked clip its name; return its fields."""
        start = self._position(pictures.start)
        self._refuse_past_end(spec, start + pictures.duration)
        checksum = _crc32c(part)
        path = part.rename(self._directory / f"{spec['name']}.mp4")
        return {
            "name": spec["name"],
            "preset": spec["preset"],
            "path": str(path),
            "start_time": float(start),
            "end_time": float(start + pictures.duration),
            "duration": float(pictures.duration),
            "method": method,
            "fallback_reason": reason,
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

    def _stated_length(self) -> str:
        length = self._video.duration
        return "" if length is None else f"; the source is {float(length):.3f} s long"

    def _refuse_past_end(self, spec: ClipSpec, length: Fraction | None) -> None:
        if length is not None and exact(spec["end"]) > max(length, self._video.duration or length) + _END_SLACK:
            span = f"{spec['start']:g}-{spec['end']:g} s"
            raise InvalidRequest(f"The range {span} ends after the source does{self._stated_length()}.")


def _crc32c(path: Path) -> str:
    """Return the CRC-32C of a file as object stores write it: big-endian, base64."""
    checksum = google_crc32c.Checksum()  # type: ignore[no-untyped-call]  # the package has no types
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            checksum.update(chunk)  # type: ignore[no-untyped-call]  # the package has no types
    digest: bytes = checksum.digest()  # type: ignore[no-untyped-call]  # the package has no types
    return base64.b64encode(digest).decode("ascii")
