"""What a viewer sees at a position: mostly one of the frames, but a slide stays on screen between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

from moments_ray.media.native.cutting.reader import DEEPEST_REORDERING, PictureReader

_LONG_FRAMES = 2
# A picture that stays longer than two of these is a slide, however seldom the source changes.
_LONGEST_USUAL_SECONDS = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Screen:
    """What is on screen where a range begins; ticks of the picture's stream.

    ``held`` is the picture that is seen from the beginning on although it is not shown there again: one that stays
    longer than two usual frames, or the first of all where sound begins before it. None where the range begins on the
    first frame at or after its beginning. ``usual`` is how long pictures stay mostly, ``end`` where the source ends.
    """

    held: int | None
    usual: int
    end: int | None

    def clip_end(self, last: int, gives_way: int, stop: int, *, is_last: bool) -> int:
        """Return where a clip ends that was asked to end at ``stop``; its ``last`` picture ends at ``gives_way``.

        ``is_last`` tells of the source's last picture, which players leave on screen while sound goes on.
        """
        if gives_way > stop:
            return stop if gives_way - last > _LONG_FRAMES * self.usual else gives_way
        if is_last and self.end is not None and min(stop, self.end) - gives_way > _LONG_FRAMES * self.usual:
            return min(stop, self.end)
        return gives_way


def screen_at(reader: PictureReader, begin: int, length: Fraction | None) -> Screen:
    """Look at the packets around a tick for what is on screen there; nothing is decoded.

    ``length`` is that of the source in seconds, where it can be believed.
    """
    shown: list[int] = []
    beyond = 0
    for packet in reader.packets_from(begin):
        if packet.is_discard:
            continue
        shown.append(reader.shown_at(packet))
        beyond += shown[-1] > begin
        if beyond > DEEPEST_REORDERING or (packet.dts is not None and packet.dts > begin and beyond > 1):
            break
    shown.sort()
    usual = _usual(reader, shown)
    end = None if length is None else int((length + reader.origin) / reader.time_base)
    before = max((tick for tick in shown if tick <= begin), default=None)
    after = min((tick for tick in shown if tick > begin), default=end)
    held = None
    if after is not None and before != begin and after > begin:
        if before is None and shown and after - begin > _LONG_FRAMES * usual:
            held = shown[0]
        elif before is not None and after - before > _LONG_FRAMES * usual:
            held = before
    return Screen(held, usual, end)


def _usual(reader: PictureReader, shown: Sequence[int]) -> int:
    """Return how long pictures stay, by the rate that the stream names and by those around, whichever is less."""
    distances = [after - before for before, after in pairwise(shown) if after > before]
    longest = max(1, int(_LONGEST_USUAL_SECONDS / reader.time_base))
    return min(longest, reader.usual_duration, *([median_low(distances)] if distances else []))
