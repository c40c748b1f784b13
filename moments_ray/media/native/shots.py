"""Finds cuts from what the encoder already knew, and decodes only where that leaves a doubt.

An encoder that meets a cut spends bits: a key frame out of turn, or a packet far larger than those around it. Both are
read off the demuxer for nothing; where key frames come by the clock, two that look different say that there is a cut
between them. The pictures in question are then decoded, cheapest first and up to a fixed share of the video, to tell a
cut from a flash or a pan and to find its very first frame.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from moments_ray.media.native.tiny import thumbnail

Floats = NDArray[np.float64]
Picture = NDArray[np.float32]

_NEIGHBOURHOOD_SECONDS = 1.5
_FEWEST_NEIGHBOURS = 8
_SPIKE_RATIO = 3.0
# Smaller packets change nothing one could see.
_LEAST_BYTES_PER_PIXEL = 0.001
_REGULAR_SECONDS = 0.06
# The cost of decoding this share of a busy 720p video is about a twentieth of real time on one core.
_DECODED_SHARE = 0.33
_DECODED_PIXELS = 1280 * 720
_DECODED_AT_LEAST = 600
# A frame that repeats the last one costs a quarter of a busy one, which takes this many bytes.
_IDLE_COST = 0.25
_BUSY_BYTES_PER_PIXEL = 0.02
# How far before and after a suspect packet the cut may be: pictures are coded in another order than shown.
_BEFORE_SECONDS, _AFTER_SECONDS = 0.4, 0.2
# Mean change of a picture, 0 to 1: between key frames, at a suspect packet, at a place with nothing to say for it; and
# how many times the change of the frames around it.
_KEY_CHANGE = 0.08
_SUSPECT_CHANGE = 0.003
_PLAIN_CHANGE = 0.04
_CUT_TO_MOTION = 4.0
_MOTION_FRAMES = 6


class Packets:
    """A stream's packets: times (seconds from t = 0), sizes (bytes), key flags; and what its key frames look like."""

    def __init__(self) -> None:
        self._times, self._sizes, self._keys = array("d"), array("q"), array("b")
        self.key_pictures: dict[float, Picture] = {}

    def add(self, seconds: float, size: int, *, key: bool) -> None:
        """Note one packet."""
        self._times.append(seconds)
        self._sizes.append(size)
        self._keys.append(key)

    def sorted(self) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return times, sizes and key flags in the order of presentation."""
        times = np.array(self._times, dtype=np.float64)
        order = np.argsort(times, kind="stable")
        return times[order], np.array(self._sizes, dtype=np.float64)[order], np.array(self._keys, dtype=bool)[order]


class Window(NamedTuple):
    """A stretch (seconds) to decode, the least change that is a cut there, and what to report if it is not decoded."""

    first: float
    last: float
    change: float
    suspect: float | None


class Search(NamedTuple):
    """A group of pictures to decode, from its key frame to the last of its windows; ``rank`` is its turn."""

    rank: int
    group: int
    windows: list[Window]
    cost: float


def find_shots(container: InputContainer, stream: VideoStream, packets: Packets, start: Fraction) -> list[float]:
    """Return the times (seconds) at which a new shot's first frame is shown, in order."""
    times, sizes, keys = packets.sorted()
    if len(times) == 0 or keys.all() or not keys.any():
        return []
    pixels = stream.codec_context.width * stream.codec_context.height
    entries = times[keys]
    suspects = [*_early_keys(entries), *_spikes(times, sizes, keys, pixels)]
    changed = set(_changed(entries, packets.key_pictures))
    costs = np.cumsum(_IDLE_COST + (1 - _IDLE_COST) * np.minimum(1, sizes / (pixels * _BUSY_BYTES_PER_PIXEL)))
    searches = list(_searches(entries, suspects, changed, times, costs))
    budget = max(_DECODED_AT_LEAST, len(times) * min(1.0, _DECODED_SHARE * _DECODED_PIXELS / pixels))
    found: set[float] = set()
    for search in sorted(searches, key=lambda search: (search.rank, search.cost / len(search.windows), search.group)):
        if search.cost > budget:
            found.update(window.suspect for window in search.windows if window.suspect is not None)
            continue
        budget -= search.cost
        found.update(_settled(container, stream, start, float(entries[search.group]), search.windows))
    return sorted({round(seconds, 4) for seconds in found})


def _searches(
    entries: Floats, suspects: list[float], changed: set[int], times: Floats, costs: Floats
) -> Iterator[Search]:
    """Yield what to look at: around the suspects, then where key frames differ, then all the rest."""
    near: dict[int, list[Window]] = {}
    for seconds in sorted(suspects):
        window = Window(seconds - _BEFORE_SECONDS, seconds + _AFTER_SECONDS, _SUSPECT_CHANGE, seconds)
        near.setdefault(max(int(np.searchsorted(entries, seconds)) - 1, 0), []).append(window)
    ends = np.append(entries[1:], times[-1])
    for group, (first, last) in enumerate(zip(entries, ends, strict=True)):
        whole = Window(float(first), float(last), _PLAIN_CHANGE, None)
        for rank, windows in ((0, near.get(group, [])), (1 if group in changed else 2, [whole])):
            if windows:
                reach = float(np.interp([first, windows[-1].last], times, costs) @ (-1, 1))
                yield Search(rank, group, windows, reach)


def _early_keys(key_times: Floats) -> Iterator[float]:
    """Yield the times of key frames that come neither at the stream's usual distance nor at its longest."""
    distances = np.diff(key_times)
    if len(distances) == 0:
        return
    rounded, counts = np.unique(np.round(distances, 2), return_counts=True)
    usual = rounded[counts.argmax()] if counts.max() * 2 >= max(len(distances), 4) else distances.max()
    # A single distance is no habit: the only other key frame is out of turn.
    regular = {float(usual), float(distances.max())} if len(distances) > 1 else set()
    for group, distance in enumerate(distances):
        if all(abs(distance - each) > _REGULAR_SECONDS for each in regular):
            yield float(key_times[group + 1])


def _spikes(times: Floats, sizes: Floats, keys: NDArray[np.bool_], pixels: int) -> Iterator[float]:
    """Yield the times of packets, not of key frames, that are far larger than almost all of their neighbours."""
    times, sizes = times[~keys], sizes[~keys]
    firsts = np.searchsorted(times, times - _NEIGHBOURHOOD_SECONDS)
    lasts = np.searchsorted(times, times + _NEIGHBOURHOOD_SECONDS)
    for index in np.flatnonzero(sizes > pixels * _LEAST_BYTES_PER_PIXEL):
        around = np.delete(sizes[firsts[index] : lasts[index]], index - firsts[index])
        if len(around) >= _FEWEST_NEIGHBOURS and sizes[index] >= _SPIKE_RATIO * np.percentile(around, 95):
            yield float(times[index])


def _changed(key_times: Floats, pictures: dict[float, Picture]) -> Iterator[int]:
    """Yield the groups of pictures whose key frame looks other than the next one's."""
    for group, (first, second) in enumerate(itertools.pairwise(key_times)):
        before, after = pictures.get(float(first)), pictures.get(float(second))
        if before is not None and after is not None and float(np.abs(after - before).mean()) > _KEY_CHANGE:
            yield group


def _settled(
    container: InputContainer, stream: VideoStream, start: Fraction, entry: float, windows: list[Window]
) -> list[float]:
    """Decode a group of pictures inside its windows and return the first frame of each true cut."""
    shown = sorted(_thumbnails(container, stream, start, entry, windows), key=lambda picture: picture[0])
    times = np.array([seconds for seconds, _ in shown])
    cuts: list[float] = []
    for window in windows:
        inside = np.flatnonzero((times >= window.first) & (times <= window.last))
        if len(inside) < 2:
            continue
        pictures = np.array([shown[index][1] for index in inside])
        changes = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2), dtype=np.float64)
        cuts += [float(times[inside[peak + 1]]) for peak in _peaks(changes) if changes[peak] >= window.change]
    return cuts


def _peaks(changes: Floats) -> Iterator[int]:
    """Yield where a change stands out from the motion around it."""
    for index, change in enumerate(changes):
        around = changes[max(0, index - _MOTION_FRAMES) : index + _MOTION_FRAMES + 1]
        if change == around.max() and change >= _CUT_TO_MOTION * float(np.median(around)):
            yield index


def _packets_from(
    container: InputContainer, stream: VideoStream, start: Fraction, entry: float
) -> Iterator[Packet[VideoStream]]:
    """Yield the packets from a key frame on; MPEG-TS must be asked for an earlier time to land on it."""
    base = Fraction(stream.time_base or 1)
    packets: Iterator[Packet[VideoStream]] = iter(())
    for back in (0, 1, 5):
        container.seek(int((Fraction(entry) - back + start) / base), stream=stream)
        packets = container.demux(stream)
        first = next(packets, None)
        if first is None or first.pts is None:
            continue
        packets = itertools.chain([first], packets)
        if float(first.pts * base - start) <= entry + _REGULAR_SECONDS:
            break
    return packets


def _thumbnails(
    container: InputContainer, stream: VideoStream, start: Fraction, entry: float, windows: list[Window]
) -> Iterator[tuple[float, Picture]]:
    """Yield tiny pictures of the frames inside the windows, with their times; decode the rest only as needed."""
    base = Fraction(stream.time_base or 1)
    try:
        for packet in _packets_from(container, stream, start, entry):
            seconds = float("inf") if packet.pts is None else float(packet.pts * base - start)
            near = any(window.first - _BEFORE_SECONDS <= seconds <= window.last for window in windows)
            stream.codec_context.skip_frame = "DEFAULT" if near else "NONREF"
            # The packet without a time is the last and empty one: it brings out what the decoder still holds.
            for frame in packet.decode():
                shown = float((frame.pts or 0) * base - start)
                if any(window.first <= shown <= window.last for window in windows):
                    yield shown, thumbnail(frame)
            if seconds > windows[-1].last + _AFTER_SECONDS:
                break
    except av.error.InvalidDataError:
        # A damaged stretch has no cut that could be told.
        return
