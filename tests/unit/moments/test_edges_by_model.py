"""Edges chosen by a model that may say anything."""

from __future__ import annotations

import json
import re

import pytest

from moments_ray.errors import (
    ModelOutputInvalid,
)
from moments_ray.media.signals import Signals
from moments_ray.models.conversation import VideoPart
from moments_ray.moments.finding.edges_by_model import WatchableClip, refine_by_model
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.options import Bounds
from moments_ray.moments.finding.refine import Refinement, RefinementLimits
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Transcript
from tests.unit.moments.saying_model import Model, asked

MOMENT = Moment(title="Magma", start_time=32.0, end_time=48.0, score=50.0, reason="r")


async def refined(
    timeline: Timeline, *answers: str, clip: WatchableClip | None = None, signals: Signals | None = None
) -> tuple[Refinement, Model]:
    model = Model(*answers)
    limits = RefinementLimits(Bounds(0.0, timeline.duration, 5.0, 60.0))
    result = await refine_by_model(
        MOMENT, EdgeContext(timeline, signals), limits, asked(model), clip=clip, prompt="Keep it short."
    )
    return result, model


def options_in(text: str, heading: str) -> list[tuple[int, float]]:
    part = re.split(r"Possible ends:|What is said", text.partition(heading)[2])[0]
    return [(int(number), float(at)) for number, at in re.findall(r"^(\d+)\. at (-?[\d.]+) s", part, re.MULTILINE)]


async def test_edges_are_chosen_from_numbered_lists_and_the_move_is_bounded(timeline: Timeline) -> None:
    _, model = await refined(timeline, '{"start": 1, "end": 1, "reason": "r"}')
    text = model.asked[0].turns[1].text
    starts, ends = options_in(text, "Possible starts:"), options_in(text, "Possible ends:")
    question = next(at for at in range(len(timeline.sentences)) if timeline.asks[at])
    assert starts[0][1] == pytest.approx(timeline.starts[question] - 32.0, abs=0.06)  # asked within 30 s before
    assert all(abs(at) <= 5.05 for _, at in starts[1:])
    assert all(abs(at - 16.0) <= 5.05 for _, at in ends)
    number, at = starts[-1]
    result, _ = await refined(
        timeline, json.dumps({"start": number, "end": len(ends), "reason": "Comes to the point."})
    )
    assert result.moved
    assert result.reason == "Comes to the point."
    assert abs(result.start_time - (32.0 + at)) < 0.5
    assert timeline.gap_at(result.start_time) is not None
    assert timeline.gap_at(result.end_time) is not None
    assert "Keep it short." in text
    assert "BEGIN" not in text.split("Keep it short.")[0]


async def test_a_model_that_watches_is_given_the_clip_and_times_in_it(timeline: Timeline) -> None:
    watched = WatchableClip("https://store/clip?signature=s", start_time=27.0)
    _, model = await refined(timeline, '{"start": 1, "end": 1}', clip=watched)
    turn = model.asked[0].turns[1]
    assert [part.url for part in turn.parts if isinstance(part, VideoPart)] == [watched.url]
    assert "from the start of the clip" in turn.text
    assert "signature" not in turn.text
    assert re.search(r"at 5\.0 s \(present\)", turn.text)


@pytest.mark.parametrize(
    ("answer", "start"),
    [
        ('{"start_time": 34.0, "end_time": 47.0}', 34.0),
        ('{"start_time": 7.0, "end_time": 20.0}', 34.0),
        ('{"start_time": 34000, "end_time": 47000}', 34.0),
        ('[{"start_time": 34.0, "end_time": 47.0}]', 34.0),
    ],
)
async def test_times_are_read_as_they_can_be_meant(timeline: Timeline, answer: str, start: float) -> None:
    result, _ = await refined(timeline, answer, clip=WatchableClip("https://store/clip", start_time=27.0))
    assert abs(result.start_time - start) < 2.5
    assert timeline.gap_at(result.start_time) is not None


async def test_times_nobody_could_mean_leave_the_moment_as_it_was(timeline: Timeline) -> None:
    result, _ = await refined(timeline, '{"start_time": 140.0, "end_time": 150.0}')
    assert not result.moved
    assert (result.start_time, result.end_time) == (32.0, 48.0)
    assert "nowhere near" in result.reason


@pytest.mark.parametrize(
    "answer", ['{"start": 99, "end": 1}', '{"start": 0, "end": 1}', "{}", '{"start_time": NaN}', "?"]
)
async def test_a_choice_that_was_not_offered_is_objected_to_once(timeline: Timeline, answer: str) -> None:
    with pytest.raises(ModelOutputInvalid):
        await refined(timeline, answer)
    result, model = await refined(timeline, answer, '{"start": 1, "end": 1}')
    assert len(model.asked) == 2
    assert result.provenance


async def test_without_words_edges_are_cuts_between_shots() -> None:
    quiet = Timeline.of(Transcript(engine="none", language=None, words=(), segments=()), 100.0)
    signals = Signals(loudness=(), motion=(), shots=(30.0, 34.0, 50.0))
    _, model = await refined(quiet, '{"start": 1, "end": 1}', signals=signals)
    assert [at for _, at in options_in(model.asked[0].turns[1].text, "Possible starts:")] == [-2.0, 0.0, 2.0]
    assert "(nothing)" in model.asked[0].turns[1].text
