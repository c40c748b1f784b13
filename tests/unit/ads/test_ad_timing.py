"""How long scenes last, and which words are shown when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moments_ray.ads.captions import captions_of
from moments_ray.ads.script.rules import BREATH_SECONDS
from moments_ray.ads.timing import LEAD_FRAMES, scene_frames
from moments_ray.ads.values import SpokenWord
from moments_ray.media.render.plan import RATE

PLANNED = (7.0, 8.0, 8.0, 7.0)
SPEECHES = st.tuples(*(st.floats(0, 7.5) for _ in PLANNED))


@given(SPEECHES)
def test_no_voice_is_cut_and_the_film_stays_near_half_a_minute(spoken: tuple[float, ...]) -> None:
    frames = scene_frames(PLANNED, spoken)
    for length, speech in zip(frames, spoken, strict=True):
        assert length / RATE >= speech + BREATH_SECONDS * bool(speech) - 1e-6
    assert 28 <= sum(frames) / RATE <= 32


@given(st.tuples(*(st.floats(0, 20) for _ in PLANNED)))
def test_speech_that_does_not_fit_makes_the_film_longer_and_is_not_cut(spoken: tuple[float, ...]) -> None:
    frames = scene_frames(PLANNED, spoken)
    assert all(length / RATE >= speech for length, speech in zip(frames, spoken, strict=True))


def test_a_film_whose_words_fit_is_as_long_as_its_style_says() -> None:
    assert scene_frames(PLANNED, (5.0, 6.0, 6.0, 4.0)) == (210, 240, 240, 210)


def test_what_one_scene_needs_is_taken_from_the_others() -> None:
    first, *others = scene_frames(PLANNED, (11.0, 3.0, 3.0, 3.0))
    assert first >= 11.4 * RATE
    assert sum((first, *others)) <= 32 * RATE
    assert all(length < planned * RATE for length, planned in zip(others, PLANNED[1:], strict=True))


def words(*texts: str, each: float = 0.3) -> list[SpokenWord]:
    return [SpokenWord(text=text, start=index * each, end=(index + 1) * each) for index, text in enumerate(texts)]


def test_words_are_shown_a_few_at_a_time_and_lit_when_they_are_said() -> None:
    captions = captions_of(words("Look", "closer,", "and", "every", "detail", "has", "its", "reason."), 240, "pop")
    assert [caption.text for caption in captions] == ["Look closer,", "and every detail", "has its reason."]
    first = captions[0].words[1]
    assert (first.start, first.end) == (0.3 + LEAD_FRAMES / RATE, 0.6 + LEAD_FRAMES / RATE)


@given(st.lists(st.text("abc,.", min_size=1, max_size=30), max_size=20))
def test_every_word_is_shown_once_in_order_and_few_at_a_time(texts: list[str]) -> None:
    captions = captions_of(words(*texts), 900, "pop")
    assert [word.text for caption in captions for word in caption.words] == texts
    assert all(len(caption.words) <= 4 for caption in captions)
    assert all(len(caption.text) <= 26 or len(caption.words) == 1 for caption in captions)


def test_a_caption_stays_until_the_next_one_and_never_longer_than_its_scene() -> None:
    captions = captions_of(words(*"abcdefgh", each=1.0), 200, "pop")
    assert captions[0].end == captions[1].start
    assert captions[-1].end <= 200 / RATE


def test_a_scene_in_which_nobody_speaks_has_no_captions() -> None:
    assert captions_of((), 210, "pop") == ()
