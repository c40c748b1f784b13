"""Which pictures of a range are copied and which are encoded, from the packets alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.media.native.cutting.clip import Pictures
from moments_ray.media.native.cutting.plan import CannotCopy, Plan, plan_cut
from moments_ray.media.native.cutting.screen import Screen
from moments_ray.media.native.cutting.timeline import exact, tick_at_or_after

LASTS = 10


@dataclass
class FakePacket:
    """What the plan looks at."""

    pts: int | None
    dts: int | None
    duration: int = LASTS
    is_keyframe: bool = False
    is_discard: bool = False


def stream(*groups: Sequence[int], delay: int = 0) -> list[FakePacket]:
    """Packets of groups that each begin with a key frame; numbers are places in order of presentation."""
    order = [(place, at == 0) for group in groups for at, place in enumerate(group)]
    return [
        FakePacket(place * LASTS, at * LASTS - delay * LASTS, is_keyframe=key) for at, (place, key) in enumerate(order)
    ]


def plan(packets: list[FakePacket], begin: int, stop: int) -> Plan:
    source, pictures = cast("Iterator[Any]", iter(packets)), Pictures(Fraction(1, 100))
    return plan_cut(source, pictures, begin, stop, screen=Screen(None, LASTS, None), is_entry=lambda _packet: True)


# I P B B P B B, twice and a bit more; the numbers say when each is shown.
REORDERED = stream([0, 3, 1, 2, 6, 4, 5], [7, 10, 8, 9, 13, 11, 12], [14, 17, 15, 16], delay=2)


def test_a_range_from_key_frame_to_key_frame_is_copied_whole() -> None:
    found = plan(REORDERED, 0, 140)
    assert (found.head, len(found.copied), found.tail_from) == (0, 14, 14)


def test_pictures_before_the_first_key_frame_are_encoded() -> None:
    found = plan(REORDERED, 20, 140)
    assert found.head == 5
    assert found.pictures.shown == list(range(20, 140, 10))
    assert found.copied[0] == 70


def test_the_tail_is_only_the_last_open_group_of_reordered_pictures() -> None:
    """12 needs 13, which is decoded before it and shown after the end."""
    found = plan(REORDERED, 0, 130)
    assert found.copied == (0, 30, 10, 20, 60, 40, 50, 70, 100, 80, 90)
    assert found.pictures.shown[found.tail_from :] == [110, 120]
    assert found.pictures.end == 130


def test_a_range_without_a_key_frame_cannot_be_copied() -> None:
    with pytest.raises(CannotCopy, match="no key frame"):
        plan(REORDERED, 10, 60)


def test_what_leads_an_open_group_s_key_frame_is_encoded_with_the_head() -> None:
    """8 and 9 are decoded after the key frame 10 and refer to what is before it."""
    found = plan(stream([0, 2, 1, 5, 3, 4, 7, 6], [10, 8, 9, 13, 11, 12], [14, 15]), 10, 160)
    assert found.copied == (100, 130, 110, 120, 140, 150)
    assert found.head == 9


def test_pictures_hidden_by_an_edit_list_are_not_planned() -> None:
    packets = stream([0, 1, 2, 3], [4, 5, 6])
    packets[0].is_discard = packets[1].is_discard = True
    assert plan(packets, 15, 70).pictures.shown == [20, 30, 40, 50, 60]
    with pytest.raises(CannotCopy, match="edit list"):
        plan(packets, 0, 70)


def test_a_picture_behind_the_end_of_an_edit_list_is_still_what_others_refer_to() -> None:
    """6 is decoded before 4 and 5 and never shown."""
    packets = stream([0, 3, 1, 2, 6, 4, 5])
    packets[4].is_discard = True
    found = plan(packets, 0, 60)
    assert found.copied == (0, 30, 10, 20)
    assert found.pictures.shown[found.tail_from :] == [40, 50]
    assert found.pictures.end == 60


def test_the_end_is_the_next_picture_or_the_end_of_the_last() -> None:
    assert plan(REORDERED, 0, 135).pictures.end == 140
    assert plan(REORDERED, 0, 10_000).pictures.end == 180


def test_packets_without_times_cannot_be_planned() -> None:
    with pytest.raises(CannotCopy):
        plan([FakePacket(None, 0, is_keyframe=True)], 0, 10)


@given(
    st.lists(st.integers(1, 4), min_size=3, max_size=30),
    st.lists(st.booleans(), min_size=30, max_size=30),
    st.integers(0, 60),
    st.integers(1, 60),
)
def test_decoding_times_rise_and_never_pass_presentation(
    bursts: list[int], keys: list[bool], begin: int, length: int
) -> None:
    """Groups of B-frames of any size, key frames anywhere, any range."""
    groups: list[list[int]] = []
    place = 0
    for size, key in zip(bursts, keys, strict=False):
        anchor = place + size - 1
        if key or not groups:
            groups.append([place])
            place += 1
            continue
        groups[-1] += [anchor, *range(place, anchor)]
        place += size
    try:
        found = plan(stream(*groups, delay=4), begin * LASTS, (begin + length) * LASTS)
    except CannotCopy:
        return
    shown = found.pictures.shown
    order = [*shown[: found.head], *found.copied, *shown[found.tail_from :]]
    assert sorted(order) == shown
    assert all(earlier < later for earlier, later in pairwise(found.decoded))
    assert all(decoded <= tick for decoded, tick in zip(found.decoded, order, strict=True))


@pytest.mark.parametrize(
    ("seconds", "time_base", "tick"),
    [
        (47.92, Fraction(1, 12800), 613376),
        (47.92, Fraction(1, 25), 1198),
        (0.1 + 0.2, Fraction(1, 10), 3),
        (1001 / 30000 * 7, Fraction(1001, 30000), 7),
        (1.0000001, Fraction(1, 25), 25),
        (1.00001, Fraction(1, 25), 26),
        (0.0, Fraction(1, 90000), 0),
    ],
)
def test_a_position_is_the_first_tick_not_before_the_decimal_that_was_meant(
    seconds: float, time_base: Fraction, tick: int
) -> None:
    assert tick_at_or_after(exact(seconds), time_base) == tick
