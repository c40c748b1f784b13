"""What a clip is planned to be, and the file it is written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer

from moments_ray.media.native.cutting.reader import AnyPacket

_SLOWEST_CLOCK = 10_000
_SOUND_TRAILS_SECONDS = 0.5


@dataclass(slots=True)
class Pictures:
    """The pictures of a clip on the source's grid, in ticks of the source; filled as they are found.

    ``end`` is when the first picture that is not in the clip is shown, or the end of the last picture of all; unknown
    (None) until that is reached.
    """

    time_base: Fraction
    shown: list[int] = field(default_factory=list)
    end: int | None = None

    @property
    def start(self) -> int:
        """When the first picture is shown."""
        return self.shown[0]

    @property
    def duration(self) -> Fraction:
        """Seconds from the first picture to the end."""
        assert self.end is not None  # noqa: S101 - asked of finished clips only
        return (self.end - self.start) * self.time_base

    def last_lasts(self, decoded: int) -> int:
        """Return how long the last picture in decoding order lasts, ``decoded`` ticks after the first.

        The file's length is what these add up to, though another picture may be the last to be shown.
        """
        assert self.end is not None  # noqa: S101 - asked at the end
        return max(self.end - self.start - decoded, 1)


def open_output(path: Path, time_base: Fraction) -> OutputContainer:
    """Open an MP4 for writing, its index in front so that it plays while it loads.

    Its movie clock is the picture's, so that edit lists round nothing; the muxer doubles small ones in the same way.
    """
    clock = time_base.denominator
    while clock < _SLOWEST_CLOCK:
        clock *= 2
    options = {"movflags": "+faststart", "movie_timescale": str(clock), "video_track_timescale": str(clock)}
    return av.open(f"file:{path}", "w", format="mp4", container_options=options)


def mux(output: OutputContainer, pictures: Iterable[Sequence[AnyPacket]], sound: Iterator[AnyPacket]) -> Iterator[None]:
    """Write both tracks, each given in decoding order, so that they lie beside each other in the file.

    Pictures come as what each step gave, which may be nothing; after each step this yields, so that several clips can
    be written side by side. Sound trails behind: only the pictures tell where the clip ends, and must have told before
    the sound gets there.
    """
    waiting: AnyPacket | None = None
    for given in pictures:
        for packet in given:
            reached = _decoded_at(packet) - _SOUND_TRAILS_SECONDS
            while reached > 0:
                waiting = waiting or next(sound, None)
                if waiting is None or _decoded_at(waiting) > reached:
                    break
                output.mux(waiting)
                waiting = None
            output.mux(packet)
        yield
    if waiting is not None:
        output.mux(waiting)
    for packet in sound:
        output.mux(packet)


def _decoded_at(packet: AnyPacket) -> float:
    """Return seconds; no fractions, of which an hour of packets would make millions."""
    assert packet.dts is not None  # noqa: S101 - encoders and the copier set it
    base = packet.time_base
    return packet.dts * base.numerator / base.denominator
