"""What a user may ask, and the sentence that tells them what they may not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from moments_ray.errors import InvalidRequest
from moments_ray.moments.finding.options import find_options


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"count": 0}, "count must be a whole number from 1 to 100"),
        ({"count": -3}, "count must be a whole number"),
        ({"count": 101}, "count must be a whole number"),
        ({"count": True}, "count must be a whole number"),
        ({"count": 2.5}, "count must be a whole number"),
        ({"min_seconds": 40, "max_seconds": 30}, "minimum length .40 s. is above the maximum length .30 s."),
        ({"min_seconds": 0}, "minimum length must be above 0"),
        ({"max_seconds": -1}, "maximum length must be above 0"),
        ({"min_seconds": math.nan}, "minimum length must be a number"),
        ({"max_seconds": math.inf}, "maximum length must be a number"),
        ({"max_seconds": "long"}, "maximum length must be a number"),
        ({"prompt": "x" * 10_001}, "prompt is 10001 characters long"),
        ({"topic": 7}, "topic must be text"),
        ({"time_range": (5, 5)}, "must start at 0 or later and end after it starts"),
        ({"time_range": (-1, 5)}, "must start at 0 or later"),
        ({"time_range": (1, 2, 3)}, "two positions in seconds"),
        ({"time_range": "12"}, "two positions in seconds"),
        ({"time_range": (0, math.nan)}, "edge of the time range must be a number"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says) as refusal:
        find_options(**asked)
    assert refusal.value.message.count(".") - refusal.value.message.count("2.5") <= 1


def test_left_open_lengths_are_a_quarter_to_one_and_a_half_minutes() -> None:
    assert (find_options().min_seconds, find_options().max_seconds) == (15.0, 90.0)


def test_one_limit_alone_takes_the_other_along() -> None:
    assert find_options(min_seconds=120).max_seconds > 120
    assert find_options(max_seconds=10).min_seconds < 10
    assert find_options(min_seconds=30).max_seconds == 90


@pytest.mark.parametrize(("seconds", "count"), [(6, 1), (155, 3), (300, 5), (1800, 12), (7200, 24)])
def test_the_count_follows_the_length_of_the_source(seconds: float, count: int) -> None:
    assert find_options().count_for(seconds) == count


def test_an_asked_count_stands() -> None:
    assert find_options(count=40).count_for(60) == 40


def test_a_prompt_becomes_one_plain_line() -> None:
    assert find_options(prompt=" the\n\x00 best \t part ").prompt == "the best part"
    assert find_options(prompt=" \n ").prompt is None
