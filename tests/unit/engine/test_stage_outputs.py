"""What a stage may hand on: what it declared, and names rather than data."""

from __future__ import annotations

import pytest

from moments_ray.engine import Value
from moments_ray.engine.execute.outcome import dumped
from moments_ray.errors import StageFailed


class Words(Value):
    text: str


class Other(Value):
    text: str


def test_an_output_is_handed_on_as_json() -> None:
    assert dumped(Words(text="short"), Words, "SAY") == {"text": "short"}


def test_an_output_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(StageFailed, match="SAY gave Other where it declares Words"):
        dumped(Other(text="short"), Words, "SAY")


def test_an_output_that_is_data_and_not_names_is_refused() -> None:
    with pytest.raises(StageFailed, match="large data belongs in the store"):
        dumped(Words(text="x" * 9_000_000), Words, "SAY")
