"""Two sets of moments are told apart by overlap in time, not by their names."""

from __future__ import annotations

import pytest

from moments_ray.corpus.comparison import Span, compared, overlap


def spans(*edges: tuple[float, float]) -> list[Span]:
    return [Span(f"m{start:g}", "A moment", start, end) for start, end in edges]


def test_a_moment_is_kept_moved_new_or_gone() -> None:
    before = spans((0, 10), (20, 40), (60, 70))
    after = spans((0.02, 10), (25, 40), (80, 95))
    found = compared(before, after)
    assert found.counts == {"kept": 1, "moved": 1, "new": 1, "gone": 1}
    assert [(old.start, new.start) for old, new in found.moved] == [(20, 25)]
    assert (found.new[0].start, found.gone[0].start) == (80, 60)


def test_a_moment_has_one_counterpart_the_one_that_it_overlaps_most() -> None:
    before = spans((0, 30))
    after = spans((0, 20), (2, 30))
    found = compared(before, after)
    assert [(old.end, new.start) for old, new in found.moved] == [(30, 2)]
    assert [each.end for each in found.new] == [20]


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [((0, 10), (0, 10), 1.0), ((0, 10), (5, 15), 1 / 3), ((0, 10), (10, 20), 0.0), ((5, 5), (5, 5), 0.0)],
)
def test_overlap_is_the_shared_part_of_the_time_that_both_take(
    one: tuple[float, float], other: tuple[float, float], share: float
) -> None:
    assert overlap(*spans(one, other)) == pytest.approx(share)


def test_nothing_before_makes_everything_new() -> None:
    assert compared([], spans((0, 10))).counts == {"kept": 0, "moved": 0, "new": 1, "gone": 0}
