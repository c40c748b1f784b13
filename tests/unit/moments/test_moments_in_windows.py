"""Windows of a long transcript, and what becomes of them when a model is asked about each."""

from __future__ import annotations

import asyncio
import json
import re
from itertools import pairwise

import pytest

from moments_ray.errors import (
    ModelContextExceeded,
)
from moments_ray.models.conversation import Answer, Question, Sampling
from moments_ray.moments.finding.by_model import ModelCall, propose_by_model
from moments_ray.moments.finding.moment import Proposal
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.windows import halves, windows
from tests.unit.moments.saying_model import MODEL_ALONE, OPTIONS, Model, asked


def test_a_transcript_that_fits_is_one_window(lecture: Timeline) -> None:
    assert windows(lecture, 1e9) == [(0, len(lecture.sentences) - 1)]
    assert windows(lecture.without_sentences(), 10) == []


def test_a_long_transcript_is_parted_into_overlapping_windows_of_a_quarter_of_an_hour(lecture: Timeline) -> None:
    parts = windows(lecture, 12_000)
    assert parts[0].first == 0
    assert parts[-1].last == len(lecture.sentences) - 1
    assert 4 <= len(parts) <= 5
    for part, following in pairwise(parts):
        assert 900 <= lecture.ends[part.last] - lecture.starts[part.first] <= 1200
        assert 55 <= lecture.ends[part.last] - lecture.starts[following.first] <= 95


@pytest.mark.parametrize("tokens", [1, 40, 300, 2000])
def test_windows_always_go_on_and_leave_nothing_out(lecture: Timeline, tokens: float) -> None:
    parts = windows(lecture, tokens)
    assert parts[0].first == 0
    assert parts[-1].last == len(lecture.sentences) - 1
    for part, following in pairwise(parts):
        assert part.first < following.first <= part.last + 1
        assert part.last < following.last


def test_halves_meet(lecture: Timeline) -> None:
    (whole,) = windows(lecture, 1e9)
    first, second = halves(lecture, whole)
    assert (first.first, first.last + 1, second.last) == (whole.first, second.first, whole.last)
    assert min(first.sentences, second.sentences) >= whole.sentences // 4


async def test_a_window_whose_answer_was_cut_off_is_parted(timeline: Timeline) -> None:
    model = Model(ModelContextExceeded("cut"), '[{"first": 1, "last": 4}]', '[{"first": 30, "last": 33}]')
    proposals, report, _ = await propose_by_model(timeline, OPTIONS, asked(model))
    assert len(proposals) == 2
    assert report["parted_windows"] == 1
    assert "a part of its transcript" in model.asked[1].turns[1].text


async def test_a_model_that_never_comes_to_an_end_is_given_up(timeline: Timeline) -> None:
    model = Model(ModelContextExceeded("cut"))
    with pytest.raises(ModelContextExceeded):
        await propose_by_model(timeline, MODEL_ALONE, asked(model))
    assert len(model.asked) < 8


async def test_one_window_without_an_answer_costs_the_others_nothing(lecture: Timeline) -> None:
    model = Model("No.", "No!", '[{"first": 1, "last": 4, "title": "Bread"}]')
    proposed = await propose_by_model(lecture, OPTIONS, asked(model, context=12_000))
    assert proposed.report["unanswered_windows"] == 1
    assert len(proposed.proposals) >= 3
    told = proposed.shortfall(found=1, asked=3)
    assert told is not None
    assert told.startswith("The model found 1 of 3 moments. 1 part of the transcript got no answer that can be used: ")


async def test_windows_are_asked_at_once_but_no_more_than_allowed_and_kept_in_order(lecture: Timeline) -> None:
    under_way = most = 0

    async def send(question: Question) -> Answer:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        number = int(re.search(r"^(\d+) \[", question.turns[1].text, re.MULTILINE)[1])  # type: ignore[index]
        return Answer(text=json.dumps([{"first": number, "last": number + 3}]))

    allowed = ModelCall(send, Sampling(), max_context=13_600, max_tokens=1000, at_once=2)
    proposals, *_ = await propose_by_model(lecture, OPTIONS, allowed)
    firsts = [proposal.first for proposal in proposals if isinstance(proposal, Proposal)]
    assert most == 2
    assert len(firsts) >= 4
    assert firsts == sorted(firsts)
