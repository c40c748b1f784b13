"""Templates: the same seed gives the same timeline to the byte, and what it gives can be rendered."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest

from moments_ray.editor.planning import checked, plan
from moments_ray.editor.templates import VideoFeatures, build, descriptions
from moments_ray.media.beats import Beats, Peak
from moments_ray.media.signals import Signals
from moments_ray.settings import TemplateName
from moments_ray.speech.transcript import Word

TEMPLATES: tuple[TemplateName, ...] = get_args(TemplateName)


def heard(*, music: bool = True, seconds: float = 60.0) -> VideoFeatures:
    words = [
        Word(text=f"word{n}{'.' if n % 7 == 6 else ''}", start=n * 0.5, end=n * 0.5 + 0.4)
        for n in range(int(seconds * 2))
    ]
    spoken = [word for word in words if not 20 <= word.start < 23]
    return VideoFeatures(
        duration=seconds,
        words=spoken,
        signals=Signals(
            shots=(10.0, 31.0), silences=((20.0, 23.0),), loudness=tuple(-30 + n % 20 for n in range(int(seconds * 10)))
        ),
        beats=Beats(
            tempo=120.0,
            beats=tuple(n * 0.5 for n in range(int(seconds * 2))),
            peaks=tuple(Peak(time=n * 5.0 + 1, strength=3.0 + n) for n in range(int(seconds / 5))),
            confidence=0.9 if music else 0.1,
        ),
        moments=((5.0, 12.0), (30.0, 41.5)),
    )


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("music", [True, False])
def test_the_same_seed_gives_the_same_bytes(template: TemplateName, music: bool) -> None:
    one, other = (build(template, 7, heard(music=music)).model_dump_json() for _ in range(2))
    assert one == other


def test_another_seed_gives_another_timeline() -> None:
    assert len({build("realistic_chaos", seed, heard()).model_dump_json() for seed in range(5)}) == 5


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_a_template_makes_can_be_rendered(template: TemplateName) -> None:
    known = heard()
    timeline, warnings = checked(build(template, 1, known), known.duration)
    assert warnings == ()
    assert plan(timeline, None)
    names = [segment.name for segment in timeline.segments]
    assert names[0] == "intro"
    assert len(names) == 1 or names[-1] == "outro"
    assert timeline.template_name == template
    assert set(descriptions()) == set(TEMPLATES)


@pytest.mark.parametrize("seed", range(8))
def test_chaos_keeps_its_rules(seed: int) -> None:
    timeline = build("realistic_chaos", seed, heard(seconds=200.0))
    lengths = [segment.end - segment.start for segment in timeline.segments]
    assert len(lengths) <= 60
    assert all(0.7 < length <= 4.6 for length in lengths)
    assert not any(segment.start < 22.8 and segment.end > 20.2 for segment in timeline.segments), "silence was kept"
    effects = [segment.effects[0].name if segment.effects else None for segment in timeline.segments]
    assert not any(one == two and one is not None for one, two in pairwise(effects))
    assert all(len(segment.effects) <= 1 for segment in timeline.segments)
    played, flashes = 0.0, []
    for segment, effect in zip(timeline.segments, effects, strict=True):
        if effect == "flash":
            flashes.append(played)
        played += (segment.end - segment.start) * (2 if effect == "slowmo" else 1)
    assert all(later - earlier >= 1 for earlier, later in pairwise(flashes))
    assert all(1 <= len(caption.words) <= 4 for caption in timeline.captions)


@pytest.mark.parametrize("template", ["realistic_chaos", "clean", "podcast"])
@pytest.mark.parametrize("silence", [(0.0, 5.6), (0.0, 5.5), (0.5, 5.6)])
def test_a_video_in_which_nothing_is_said_is_not_cut_to_its_noises(
    template: TemplateName, silence: tuple[float, float]
) -> None:
    still = VideoFeatures(duration=5.6, signals=Signals(silences=(silence,)))
    segments = build(template, 1, still).segments
    assert (segments[0].start, segments[-1].end) == (0.0, 5.6)


def test_clean_takes_out_silence_alone() -> None:
    timeline = build("clean", 0, heard())
    assert [(segment.start, segment.end) for segment in timeline.segments] == [(0.0, 20.1), (22.9, 60.0)]
    assert all(not segment.effects and segment.sfx is None for segment in timeline.segments)


def test_beat_cut_cuts_on_beats() -> None:
    beats = set(heard().beats.beats)
    assert all(segment.start in beats for segment in build("beat_cut", 0, heard()).segments)


def test_highlights_are_the_moments() -> None:
    timeline = build("highlights", 0, heard())
    assert [(segment.start, segment.end) for segment in timeline.segments] == [(5.0, 12.0), (30.0, 41.5)]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_video_without_sound_or_words_has_a_timeline_too(template: TemplateName) -> None:
    timeline = build(template, 0, VideoFeatures(duration=9.0))
    assert sum(segment.end - segment.start for segment in timeline.segments) == pytest.approx(9.0)


@pytest.mark.parametrize("template", ["realistic_chaos", "clean", "podcast"])
def test_a_word_that_stands_alone_between_silences_is_kept(template: TemplateName) -> None:
    said = {"Hello.": (0.0, 0.5), "so": (5.0, 5.6), "on": (6.0, 7.9), "Banana.": (10.1, 10.3), "End.": (19.5, 20.0)}
    known = VideoFeatures(
        duration=20.0,
        words=[Word(text=text, start=start, end=end) for text, (start, end) in said.items()],
        signals=Signals(
            # What is heard at 15 s is no word.
            silences=((0.6, 4.9), (8.0, 10.0), (10.4, 15.0), (15.2, 19.4)),
            loudness=(-30.0,) * 200,
        ),
    )
    timeline = build(template, 1, known)
    ranges = [(segment.start, segment.end) for segment in timeline.segments]
    assert all(any(start <= at[0] and at[1] <= end for start, end in ranges) for at in said.values())
    assert not any(start < 15.1 < end for start, end in ranges)
    assert all(end - start >= 0.8 - 1e-6 for start, end in ranges)
    assert all(one[1] <= other[0] for one, other in pairwise(ranges))
