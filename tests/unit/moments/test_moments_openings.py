"""Where parts of a talk begin, what a moment may end on, and what scores and reasons say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from moments_ray.moments.finding.cues import is_question
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.moment import Moment, Proposal
from moments_ray.moments.finding.opening_model import opening_models
from moments_ray.moments.finding.openings import has_turns, opening_cues
from moments_ray.moments.finding.options import Bounds, find_options
from moments_ray.moments.finding.quality import measure
from moments_ray.moments.finding.refine import RefinementLimits, refine
from moments_ray.moments.finding.scoring import score_sentences
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.titles import Titles
from moments_ray.moments.finding.validate import validate_proposals
from moments_ray.speech.transcript import Segment, Transcript, Word

Speak = Callable[[Sequence[str]], Transcript]


def conversation(*turns: tuple[str, str], estimated: bool = False) -> Timeline:
    """Let people speak in turn, 0.4 s a word."""
    words: list[Word] = []
    segments: list[Segment] = []
    for speaker, text in turns:
        start = 0.4 * len(words)
        for word in text.split():
            words.append(Word(text=word, start=0.4 * len(words), end=0.4 * len(words) + 0.4))
        segments.append(Segment(text=text, start=start, end=words[-1].end, speaker=speaker))
    transcript = Transcript(
        engine="test", language="en", words=tuple(words), segments=tuple(segments), words_estimated=estimated
    )
    return Timeline.of(transcript, words[-1].end)


INTERVIEW = (
    ("Ann", "Welcome back to the show about kitchens and bread."),
    ("Bob", "Thank you. I am glad to be here with all of these ovens around me."),
    ("Ann", "Let's talk about flour. How does the gluten form in a dough?"),
    ("Bob", "Gluten forms when water meets flour and the proteins link. Kneading lines them up into long sheets."),
    ("Ann", "And why does the second rise matter so much for bakers?"),
    ("Bob", "The second rise fills the sheets with gas again. Without it the crumb stays dense and the crust pale."),
    ("Ann", "That is the oven, right?"),
    ("Bob", "Yes. The oven sets the sheets and then the gas cannot leave the loaf any more."),
)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("How does the gluten form?", True),
        ("Why?", True),
        ("What do you think is right?", True),
        ("That is the oven, right?", False),
        ("It rises twice, doesn't it?", False),
        ("You know what I mean?", False),
        ("Really?", False),
        ("It rises.", False),
        ("为什么？", True),
        ("", False),
    ],
)
def test_a_tag_at_a_statements_end_makes_no_question(text: str, asks: bool) -> None:
    assert is_question(text) is asks


def test_turns_count_where_speakers_are_known_and_the_one_who_asks_is_told() -> None:
    timeline = conversation(*INTERVIEW)
    cues = opening_cues(timeline, None)
    assert has_turns(timeline)
    assert cues["turn"].sum() == len(INTERVIEW)
    ann = next(at for at, part in enumerate(timeline.sentences) if part.text.startswith("Let's"))
    bob = next(at for at, part in enumerate(timeline.sentences) if part.text.startswith("Gluten"))
    assert cues["turn of who asks"][ann] > cues["turn of who asks"][bob]
    assert not has_turns(conversation(("Ann", " ".join(text for _, text in INTERVIEW))))


def test_there_are_weights_for_every_combination_of_views_and_each_knows_its_cues() -> None:
    timeline = conversation(*INTERVIEW)
    found = opening_cues(timeline, None)
    assert set(opening_models()) == {"words", "words+turns", "words+encoder", "words+turns+encoder"}
    assert set(opening_models()["words+turns"].weights) == set(found)
    assert all(model.score_slope > 0 for model in opening_models().values())


def test_a_part_is_likelier_to_begin_with_the_question_than_within_the_answer() -> None:
    timeline = conversation(*INTERVIEW)
    odds = opening_models()["words+turns"].log_odds(opening_cues(timeline, None))
    ann = next(at for at, part in enumerate(timeline.sentences) if part.text.startswith("Let's"))
    within = next(at for at, part in enumerate(timeline.sentences) if part.text.startswith("Kneading"))
    assert odds[ann] > odds[within] + 2


def fitted(
    timeline: Timeline, first: int, last: int, longest: float, *, from_question: bool = False
) -> tuple[int, int]:
    bounds = Bounds(0.0, timeline.duration, 2.0, longest)
    spans = validate_proposals(
        [Proposal(first=first, last=last, title="")], timeline, bounds, Counter(), from_question=from_question
    )
    assert spans[0].sentences is not None
    return spans[0].sentences


def numbered(timeline: Timeline, beginning: str) -> int:
    return next(at for at, part in enumerate(timeline.sentences) if part.text.startswith(beginning))


def test_a_proposal_does_not_end_on_a_question_that_nobody_has_answered() -> None:
    timeline = conversation(*INTERVIEW)
    gluten, question = numbered(timeline, "Gluten"), numbered(timeline, "And why")
    assert fitted(timeline, gluten, question, 60.0) == (gluten, question - 1)
    assert fitted(timeline, question, question, 60.0) == (question, question + 1)


def test_an_answer_that_a_model_proposes_starts_at_its_question() -> None:
    timeline = conversation(*INTERVIEW)
    gluten = numbered(timeline, "Gluten")
    assert fitted(timeline, gluten, gluten + 1, 60.0, from_question=True) == (gluten - 1, gluten + 1)
    assert fitted(timeline, gluten, gluten + 1, 9.0, from_question=True)[1] == gluten + 1


def test_a_second_look_reaches_back_past_its_five_seconds_to_the_question() -> None:
    turns = list(INTERVIEW)
    turns[4] = (
        "Ann",
        "And why does the second rise matter? " + "I have asked many bakers and each said something else. " * 2,
    )
    timeline = conversation(*turns)
    answer, question = numbered(timeline, "The second rise"), numbered(timeline, "And why")
    start, end = float(timeline.starts[answer]), float(timeline.ends[answer + 1])
    moment = Moment(title="Rise", start_time=start, end_time=end, score=50.0, reason="r")
    moved = refine(moment, EdgeContext(timeline), RefinementLimits(Bounds(0.0, timeline.duration, 2.0, 60.0)))
    assert start - timeline.starts[question] > 5.0
    assert moved.start_time == pytest.approx(timeline.starts[question], abs=0.4)
    near = refine(moment, EdgeContext(timeline), RefinementLimits(Bounds(start - 1.0, timeline.duration, 2.0, 60.0)))
    assert near.start_time >= start - 1.0


@pytest.mark.parametrize("estimated", [True, False])
def test_pace_and_pauses_count_only_where_words_were_timed(estimated: bool) -> None:
    scores = score_sentences(conversation(*INTERVIEW, estimated=estimated), None)
    assert ("pace" in scores.signals) is not estimated
    assert ("pauses" in scores.signals) is not estimated


def test_ends_of_sentences_are_those_that_punctuation_marks(speak: Speak) -> None:
    long = "and " * 20 + "the dough rises in the bowl " * 4 + "until it has doubled."
    timeline = Timeline.of(speak([long, "Then it is baked."]), 60.0)
    piece = Moment(title="t", start_time=timeline.starts[0], end_time=timeline.ends[0], score=1, reason="r")
    whole = Moment(title="t", start_time=timeline.starts[0], end_time=timeline.ends[-1], score=1, reason="r")
    assert not timeline.sentences[0].ends_sentence
    assert measure([piece], timeline, None, 1).ends_on_sentence == 0.0
    assert measure([whole], timeline, None, 1).ends_on_sentence == 1.0
    bare = Timeline.of(speak(["the dough rises"] * 6), 60.0)
    unmarked = measure([whole.model_copy(update={"end_time": bare.ends[0]})], bare, None, 1)
    assert (unmarked.ends_on_sentence, unmarked.punctuated) == (None, False)


def test_a_title_is_the_moments_own_question_without_its_fillers() -> None:
    timeline = conversation(*INTERVIEW)
    question = numbered(timeline, "And why")
    title = Titles(timeline).title(question, question + 2)
    assert title == "Why does the second rise matter so much for bakers?"


def test_no_title_begins_with_a_pronoun_or_joins_two_phrases(talk: Transcript) -> None:
    found = find_moments(talk, None, None, find_options(count=5))
    for moment in found.moments:
        assert moment.title.split()[0].casefold() not in {"it", "this", "that", "they", "we", "i", "you", "he", "she"}
        assert " and " not in moment.title or moment.title.casefold() in talk.text.casefold()


def test_a_reason_quotes_how_the_moment_opens_and_names_its_own_words(talk: Transcript) -> None:
    found = find_moments(talk, None, None, find_options(count=5))
    for moment in found.moments:
        quoted = moment.reason.split('"')[1].rstrip("…")
        assert quoted in talk.text
        assert moment.reason.endswith(".")
    assert len({moment.reason for moment in found.moments}) == len(found.moments)


_TWO_HOURS = """
import hashlib
from tests.unit.moments.conftest import _SUBJECTS, spoken
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.options import find_options
lines = [f"{line[:-1]} {number}." for number in range(46) for subject in _SUBJECTS for line in subject]
print(hashlib.sha256(find_moments(spoken(lines), None, None, find_options()).model_dump_json().encode()).hexdigest())
"""


def test_two_hours_give_the_same_bytes_in_processes_that_hash_otherwise() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", _TWO_HOURS],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
