"""A timeline's times are the source's; a plan is on the grid, and what cannot be rendered is refused by its number."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from moments_ray.editor.errors import TimelineEmpty
from moments_ray.editor.planning import checked, cues_of, form_of, plan
from moments_ray.editor.timeline import Timeline, TimelineChange
from moments_ray.errors import GlyphMissing, InvalidRequest
from moments_ray.media.probe import MediaInfo
from moments_ray.media.render.fonts import CJK


def timeline(*segments: dict[str, Any], **fields: Any) -> Timeline:
    named = [{"name": f"s{number}", **segment} for number, segment in enumerate(segments)]
    return Timeline.model_validate({"segments": named, **fields})


def test_frames_of_the_segments_are_those_of_the_grid() -> None:
    pieces = plan(timeline({"start": 2, "end": 4}, {"start": 7.01, "end": 8.02}, {"start": 2, "end": 4}), None)
    assert [planned.piece.frames for planned in pieces] == [60, 31, 60]
    assert [planned.piece.picture.start for planned in pieces] == [2.0, 7.0, 2.0]


def test_captions_follow_their_segment_and_slow_down_with_it() -> None:
    word = {"text": "Hello", "start": 11.0, "end": 11.5}
    caption = {"text": "Hello", "start": 11.0, "end": 12.0, "words": [word]}
    ((drawn,),) = [
        planned.piece.captions
        for planned in plan(timeline({"start": 10, "end": 13, "effects": ["slowmo"], "captions": [caption]}), None)
    ]
    assert (drawn.start, drawn.end, drawn.words[0].start, drawn.words[0].end) == (2.0, 4.0, 2.0, 3.0)


@pytest.mark.parametrize(("own", "drawn"), [(None, ["top"]), ([], [])])
def test_without_captions_of_its_own_a_segment_has_those_of_the_timeline(own: Any, drawn: list[str]) -> None:
    top = [{"text": "top", "start": 1, "end": 2}, {"text": "elsewhere", "start": 8, "end": 9}]
    segment = {"start": 0, "end": 3, **({} if own is None else {"captions": own})}
    (planned,) = plan(timeline(segment, captions=top), None)
    assert [caption.text for caption in planned.piece.captions] == drawn


def test_a_caption_with_the_times_of_its_segment_is_warned_of() -> None:
    segment = {"start": 60, "end": 63, "captions": [{"text": "Hi", "start": 0.5, "end": 1.5}]}
    _, warnings = checked(timeline(segment), 100.0)
    assert [(each.code, each.segment) for each in warnings] == [("caption.outside_segment", 0)]


@pytest.mark.parametrize("caption", [{"end": 1.0}, {"end": 0.5}, {"text": " \n"}, {"text": "\u200d\u202e"}])
def test_a_caption_of_which_nothing_is_seen_is_warned_of(caption: dict[str, Any]) -> None:
    caption = {"text": "Hi", "start": 1, "end": 2, **caption}
    _, warnings = checked(timeline({"start": 0, "end": 3, "captions": [caption]}), 10.0)
    assert [(each.code, each.segment) for each in warnings] == [("caption.not_drawn", 0)]
    _, warnings = checked(timeline({"start": 0, "end": 3}, captions=[caption]), 10.0)
    assert [(each.code, each.segment) for each in warnings] == [("caption.not_drawn", None)]


@pytest.mark.parametrize(
    ("words", "fields", "warned"),
    [
        (4, {}, False),
        (24, {}, True),
        (24, {"caption_style": "minimal"}, False),
        (24, {"caption_style": "minimal", "aspect": "wide"}, False),
        (12, {"aspect": "square"}, False),
        (16, {"aspect": "square"}, True),
    ],
)
def test_a_caption_that_covers_the_picture_is_warned_of(words: int, fields: dict[str, Any], warned: bool) -> None:
    caption = {"text": "word " * words, "start": 1, "end": 2}
    _, own = checked(timeline({"start": 0, "end": 3, "captions": [caption]}, **fields), 10.0)
    _, shared = checked(timeline({"start": 0, "end": 3}, captions=[caption], **fields), 10.0)
    assert [(each.code, each.segment) for each in (*own, *shared)] == (
        [("caption.too_large", 0), ("caption.too_large", None)] if warned else []
    )
    assert all("shorten it" in each.message for each in own)


def test_less_than_a_frame_over_the_end_is_clamped_and_told() -> None:
    kept, warnings = checked(timeline({"start": 8, "end": 10.03}), 10.0)
    assert kept.segments[0].end == 10.0
    assert [each.code for each in warnings] == ["segment.clamped"]


@pytest.mark.parametrize(
    ("segment", "says"),
    [
        ({"start": 3, "end": 3}, r"Segments\[1\] ends at 3 s, not after its start"),
        ({"start": 5, "end": 4}, r"Segments\[1\]"),
        ({"start": 8, "end": 10.5}, r"Segments\[1\] ends at 10.5 s; the video lasts 10.000 s"),
        ({"start": 0, "end": 1, "effects": ["slowmo", "speedup"]}, r"Segments\[1\]: slowmo and speedup contradict"),
        ({"start": 0, "end": 1, "effects": ["zoom", "bw", "flash", "shake", "glitch"]}, r"Segments\[1\]: .*at most 4"),
    ],
)
def test_a_segment_that_is_none_is_refused_by_its_number(segment: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        checked(timeline({"start": 0, "end": 1}, segment), 10.0)


@pytest.mark.parametrize(
    "segment",
    [
        {"start": float("nan"), "end": 1},
        {"start": -1, "end": 1},
        {"start": 0, "end": float("inf")},
        {"start": 0, "end": 1, "effects": ["explode"]},
        {"start": 0, "end": 1, "sfx": {"name": "boom"}},
        {"start": 0, "end": 1, "captions": [{"text": "x" * 501, "start": 0, "end": 1}]},
        {"start": 0, "end": 1, "speed": 100},
        {"start": 0, "end": 1, "colour": "red"},
    ],
)
def test_what_no_segment_can_be_is_not_taken(segment: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        timeline(segment)


def test_too_many_segments_and_too_long_a_film_are_refused() -> None:
    with pytest.raises(ValidationError):
        timeline(*({"start": 0, "end": 1} for _ in range(501)))
    with pytest.raises(InvalidRequest, match="more than 3600"):
        checked(timeline(*({"start": 0, "end": 100} for _ in range(37))), 100.0)


NO_CJK = pytest.mark.skipif(CJK.path is not None, reason="the extra cjk is installed, and draws it")


@pytest.mark.parametrize("text", [pytest.param("日本語", marks=NO_CJK), "\ue000"])
def test_a_caption_that_no_font_can_draw_is_refused_before_the_render(text: str) -> None:
    with pytest.raises(GlyphMissing):
        checked(timeline({"start": 0, "end": 1, "captions": [{"text": text, "start": 0, "end": 1}]}), 10.0)


def test_a_segment_shorter_than_three_frames_is_held_for_three() -> None:
    (planned,) = plan(timeline({"start": 1, "end": 1.03}), None)
    assert planned.piece.frames == 3


def test_without_segments_there_is_nothing_to_render() -> None:
    with pytest.raises(TimelineEmpty):
        plan(Timeline(), None)


def test_sounds_begin_where_their_segment_does_or_at_their_time() -> None:
    planned = plan(
        timeline(
            {"start": 0, "end": 2},
            {"start": 5, "end": 7, "sfx": {"name": "whoosh"}},
            {"start": 5, "end": 7, "sfx": {"name": "hit", "at": 6.0, "duration": 0.5}},
        ),
        None,
    )
    assert [(name, cue.frame, cue.seconds) for name, cue in cues_of(planned)] == [
        ("whoosh", 60, None),
        ("hit", 150, 0.5),
    ]


@pytest.mark.parametrize(
    ("aspect", "quality", "size"),
    [
        ("vertical", "final", (1080, 1920)),
        ("vertical", "draft", (540, 960)),
        ("square", "final", (1080, 1080)),
        ("wide", "final", (1920, 1080)),
        ("source", "final", (1440, 1080)),
    ],
)
def test_a_film_has_the_size_of_its_aspect(aspect: str, quality: Any, size: tuple[int, int]) -> None:
    info = MediaInfo(
        container="mp4",
        duration=1,
        width=640,
        height=480,
        rotation=0,
        fps=25,
        vfr=False,
        codec="h264",
        pixel_format="yuv420p",
        video_index=0,
        start_time=0,
        bytes=1,
    )
    form = form_of(aspect, quality, info)
    assert (form.width, form.height) == size


def test_what_is_left_out_of_a_change_keeps_its_value() -> None:
    standing = timeline({"start": 0, "end": 1}, beats=[0.5], tempo=120.0)
    change = TimelineChange.model_validate(
        {"segments": [{"name": "intro", "start": 0, "end": 3, "effects": ["zoom"]}], "asset": {"path": "/elsewhere"}}
    )
    changed = change.over(standing)
    assert (changed.beats, changed.tempo, changed.segments[0].name) == ((0.5,), 120.0, "intro")
    assert changed.model_dump(mode="json")["segments"] == [
        {"name": "intro", "start": 0.0, "end": 3.0, "effects": ["zoom"]}
    ]
