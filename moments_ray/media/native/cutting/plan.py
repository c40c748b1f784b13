"""Decides from the packets alone which pictures of a range are copied and which must be encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from moments_ray.media.native.cutting.clip import Pictures
from moments_ray.media.native.cutting.reader import DEEPEST_REORDERING, AnyPacket
from moments_ray.media.native.cutting.screen import Screen


class CannotCopy(Exception):
    """Why nothing of a range can be copied, for the person who wonders about a slow cut."""


@dataclass(frozen=True, slots=True)
class Packaged:
    """One packet as the plan sees it: when it is shown, how long, and whether copying may begin with it.

    A ``hidden`` one is decoded for others only: an edit list ends before it.
    """

    shown: int
    lasts: int
    entry: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A range as encoded head, copied middle and encoded tail.

    ``pictures`` is the whole clip in order of presentation, ``copied`` the ticks of the copied ones in decoding order,
    ``decoded`` the decoding times of all pictures in the clip's own decoding order, which never run backward. ``held``
    is the tick of the picture that the clip begins with, where that is shown from the clip's beginning and not its own.
    """

    pictures: Pictures
    head: int
    copied: tuple[int, ...]
    decoded: tuple[int, ...]
    held: int | None = None

    @property
    def tail_from(self) -> int:
        """How many pictures come before the tail."""
        return self.head + len(self.copied)


def plan_cut(
    packets: Iterable[AnyPacket],
    pictures: Pictures,
    begin: int,
    stop: int,
    *,
    screen: Screen,
    is_entry: Callable[[AnyPacket], bool],
) -> Plan:
    """Plan the cut of the pictures shown from ``begin`` until ``stop`` (ticks), and fill ``pictures``.

    ``packets`` come in decoding order from a key frame before ``begin`` on; ``screen`` is what is seen at ``begin``.
    ``is_entry`` tells of a key frame whether copying may begin with it; pictures that are decoded
    after it and shown before it may refer to what is gone, and are encoded with the head. Raises CannotCopy.
    """
    seen = _read(packets, begin, stop, is_entry)
    visible = [packet for packet in seen if not packet.hidden]
    timeline = sorted(packet.shown for packet in visible)
    pictures.shown = [tick for tick in timeline if begin <= tick < stop]
    if screen.held is not None:
        pictures.shown.insert(0, begin)
    if not pictures.shown:
        raise CannotCopy("the range holds no picture")
    following = next((tick for tick in timeline if tick >= stop), None)
    last = max(visible, key=lambda packet: packet.shown)
    gives_way = last.shown + (last.lasts or screen.usual) if following is None else following
    pictures.end = screen.clip_end(pictures.shown[-1], gives_way, stop, is_last=following is None)
    entry = next((index for index, packet in enumerate(seen) if packet.entry), None)
    if entry is None:
        raise CannotCopy("no key frame inside the range stands alone")
    middle = _closed_prefix([each.shown for each in seen[entry:] if each.shown >= seen[entry].shown], stop)
    head = pictures.shown.index(middle[0])
    if pictures.shown[head : head + len(middle)] != sorted(middle):
        raise CannotCopy("its pictures are not in an order that can be followed")
    order = [*pictures.shown[:head], *middle, *pictures.shown[head + len(middle) :]]
    return Plan(pictures, head, tuple(middle), _decoding_times(order, pictures), screen.held)


def _read(packets: Iterable[AnyPacket], begin: int, stop: int, is_entry: Callable[[AnyPacket], bool]) -> list[Packaged]:
    """Note packets until no later one can be shown before ``stop``."""
    seen: list[Packaged] = []
    beyond = 0
    for packet in packets:
        if packet.pts is None:
            raise CannotCopy("its packets do not say when they are shown")
        if packet.is_discard:
            if begin <= packet.pts < stop:
                raise CannotCopy("an edit list hides pictures inside the range")
            if packet.pts >= stop:
                seen.append(Packaged(packet.pts, 0, hidden=True))
            continue
        entry = begin <= packet.pts < stop and packet.is_keyframe and is_entry(packet)
        seen.append(Packaged(packet.pts, packet.duration or 0, entry=entry))
        beyond += packet.pts >= stop
        if beyond > DEEPEST_REORDERING or (packet.dts is not None and packet.dts >= stop):
            break
    return seen


def _closed_prefix(shown: list[int], stop: int) -> list[int]:
    """Return the longest run of packets, in decoding order, that is shown without a gap and ends before ``stop``."""
    timeline = sorted(shown)
    latest, closed = shown[0], 1
    for count, tick in enumerate(shown, 1):
        if tick >= stop:
            break
        latest = max(latest, tick)
        if timeline[count - 1] == latest:
            closed = count
    return shown[:closed]


def _decoding_times(order: list[int], pictures: Pictures) -> tuple[int, ...]:
    """Return decoding times: the presentation times in order, as much earlier as pictures are reordered.

    Taken from the presentation times of the whole clip they rise across both seams whatever the source's own were.
    """
    rank = {tick: index for index, tick in enumerate(pictures.shown)}
    depth = max(index - rank[tick] for index, tick in enumerate(order))
    step = min((after - before for before, after in pairwise(pictures.shown)), default=1)
    before = [pictures.start - step * count for count in range(depth, 0, -1)]
    return tuple([*before, *pictures.shown][: len(order)])
