"""What is read out of words: terms, changes of subject, titles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.moments.finding.cohesion import depth_scores
from moments_ray.moments.finding.segmentation import boundary_strengths, log_boundary_probabilities
from moments_ray.moments.finding.terms import index_terms, tokens
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.titles import Titles, readable
from moments_ray.speech.transcript import Transcript


@pytest.fixture(scope="module")
def timeline(talk: Transcript) -> Timeline:
    return Timeline.of(talk, 160.0)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The Cat's 42 hats!", ["the", "cat", "42", "hats"]),
        ("Straße ÉCOLE", ["strasse", "école"]),
        ("面包师傅", ["面包", "包师", "师傅"]),
        ("GPT模型很大", ["gpt", "模型", "型很", "很大"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("… — !", []),
    ],
)
def test_tokens_follow_the_script(text: str, parts: list[str]) -> None:
    assert tokens(text) == parts


def test_a_term_of_every_block_weighs_nothing_and_a_rare_one_much() -> None:
    terms = index_terms(
        ["the magma " + "and so on " * 20 if at == 4 else "the " + "and so on " * 20 for at in range(9)]
    )

    weigh = {word: float(terms.weights[terms.numbers[word]]) for word in ("the", "magma")}
    assert weigh["the"] < 0.3
    assert weigh["magma"] > 1.5


def test_subjects_change_where_their_words_do(timeline: Timeline) -> None:
    strengths = boundary_strengths(timeline.terms, timeline.starts, timeline.ends)

    for gap in (6, 13, 20, 27):
        assert int(strengths[gap - 3 : gap + 4].argmax()) == 3
    assert strengths.min() >= 0
    assert strengths.max() <= 1


def test_boundary_probabilities_are_those_of_all_segmentations_together(timeline: Timeline) -> None:
    probabilities = log_boundary_probabilities(timeline.terms, timeline.starts, timeline.ends)

    assert probabilities.shape == (len(timeline.sentences) - 1,)
    assert float(probabilities.max()) <= 1e-9


@pytest.mark.parametrize("texts", [[], ["one"], ["", ""], ["the same words"] * 6])
def test_texts_without_a_boundary_have_none(texts: list[str]) -> None:
    terms = index_terms(texts)
    times = np.arange(len(texts), dtype=np.float64)

    assert not depth_scores(terms).any()
    assert not boundary_strengths(terms, times, times + 1.0).any()


def test_a_title_names_what_sets_the_moment_apart(timeline: Timeline) -> None:
    titles = Titles(timeline)
    subjects = (
        "sourdough|starter|dough|flour",
        "magma|eruption|volcano",
        "violin|maple|luthier",
        "danc|hive",
        "clock|railway",
    )

    for at, expected in enumerate(subjects):
        title = titles.title(at * 7, at * 7 + 6)
        assert any(word in title.casefold() for word in expected.split("|")), title
        assert title[0].isupper()
        assert 3 <= len(title) <= 80


def test_a_title_begins_with_no_adverb_or_verb_torn_from_its_sentence(
    speak: Callable[[Sequence[str]], Transcript],
) -> None:
    lines = [
        "We roughly categorize memorable policy, and it is about what you would relay for the others.",
        "We bake bread in the oven, and then we wait for the dough until it has risen over the night.",
        "You can bake it in a tin or on a stone, and it will have a crust that you can hear when you bake it.",
        "The bees fly to the flowers in the morning, and they come back to the hive before it is dark in the evening.",
    ]
    titles = Titles(Timeline.of(speak(lines), 60.0))
    assert not titles.title(0, 0).startswith("Roughly")
    assert titles.title(1, 1) == "Bread in the Oven"  # not: Wait for the Dough


def test_no_two_titles_are_alike(timeline: Timeline) -> None:
    titles = Titles(timeline)
    taken: list[str] = []
    for _ in range(8):
        taken.append(titles.title(0, 6, taken))

    assert len(set(taken)) == 8


def test_common_words_alone_give_the_opening_as_a_title(speak: Callable[[Sequence[str]], Transcript]) -> None:
    transcript = speak(["Well, that was not it, you know."] * 3)

    assert Titles(Timeline.of(transcript, 20.0)).title(0, 2) == "Well, that was not it, you know"


@given(st.text(max_size=300))
def test_readable_text_is_one_plain_line(text: str) -> None:
    line = readable(text)

    assert len(line) <= 80
    assert line == " ".join(line.split())
    assert line.isprintable() or not line
    assert not set(line) & set("<>{}[]`*_#|~^\\")
