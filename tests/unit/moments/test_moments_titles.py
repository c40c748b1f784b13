"""Titles that are said: what is cut off them, which sentences can be one, and which of them is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from moments_ray.moments.finding.cues import is_general, opens_as_question
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.title_cleaning import (
    announced,
    cleaned,
    existing,
    first_question,
    is_clause,
    is_statement,
    main_clause,
    main_question,
    opens_on_pronoun,
    pointers,
)
from moments_ray.moments.finding.titles import Titles
from moments_ray.speech.scripts import split_words
from moments_ray.speech.transcript import Transcript

Speak = Callable[[Sequence[str]], Transcript]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Yeah, um, so why does, you know, bread rise?", "Why does bread rise?"),
        ("How do you know that the dough is ready?", "How do you know that the dough is ready?"),
        ("First of all, Anna, what is yeast?", "What is yeast?"),
        ("We have a rule, and so what is the rule?", "What is the rule?"),
        ("Realistically speaking, why would bakers wait?", "Why would bakers wait?"),
        ("Early bread was flat?", "Early bread was flat?"),
        ("Is that kind of bread sort of sour?", "Is that kind of bread sour?"),
        ("How does an oven or how does steam help the crust?", "How does steam help the crust?"),
    ],
)
def test_of_a_question_fillers_and_what_leads_to_it_are_cut(said: str, title: str) -> None:
    assert cleaned(said, asks=True) == title


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("More generally, salt keeps dough back.", "Salt keeps dough back"),
        ("The crust was thick, right?", "The crust was thick"),
        ("I think the the oven was cold.", "The oven was cold"),
    ],
)
def test_a_statement_loses_adverbs_stutters_and_tags(said: str, title: str) -> None:
    assert cleaned(said, asks=False) == title


def test_a_long_sentence_gives_its_main_clause_its_first_question_or_what_it_announces() -> None:
    assert main_clause("Bakers wait a night because yeast is slow") == "Bakers wait a night"
    assert first_question("How did you start and why did you stay?") == "How did you start?"
    assert announced("The next one is a fire in the bakery due to a broken flue") == (
        "Fire in the bakery due to a broken flue"
    )
    assert announced("Let's talk about sourdough bread, which I love") == "Sourdough bread"
    assert announced("Let's talk about it") == announced("Bakers wait a night") == ""


@pytest.mark.parametrize(
    "said",
    [
        "How does a bee tell her sisters where flowers are, when it is completely dark inside the hive?",
        "Why do bakers wait a night, if the yeast is fresh and the oven is hot already?",
        "How do mills work, which are older than the town?",
        "Do you know what bread costs, where the flour comes from a mill?",
    ],
)
def test_a_clause_that_hangs_on_a_question_is_cut_off_it_and_never_stands_alone(said: str) -> None:
    assert cleaned(said, asks=True) == said
    assert first_question(said) == said.partition(",")[0] + "?"


@pytest.mark.parametrize(
    ("title", "clause"),
    [
        ("When it is completely dark inside the hive?", True),
        ("Where the flowers are?", True),
        ("Why bread rises?", True),
        ("How bees talk to each other?", True),
        ("What the rule is?", True),
        ("Who they are?", True),
        ("When is it dark inside the hive?", False),
        ("Where else do flowers grow?", False),
        ("Why not wait a night?", False),
        ("What's the rule?", False),
        ("What about salt?", False),
        ("How many loaves does an oven hold?", False),
        ("Who bakes the bread?", False),
        ("Which flour is best?", False),
    ],
)
def test_a_clause_is_told_from_a_question_by_where_its_verb_stands(title: str, clause: bool) -> None:
    assert is_clause(title) is clause


@pytest.mark.parametrize(
    ("said", "main"),
    [
        ("What does a baker do as a teacher when the children never saw flour?", "What does a baker do as a teacher?"),
        ("How do mills grind the rye that we eat?", "How do mills grind the rye?"),
        ("Why do we choose bread that is sour?", "Why do we choose bread?"),
        ("What do they talk about when bread is short?", ""),
        ("What is the bond between the work that you do and the bread?", ""),
    ],
)
def test_a_long_question_can_stand_without_the_clause_that_hangs_on_it(said: str, main: str) -> None:
    assert main_question(said) == main


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ("There's no central plan for the oven, other than what Anna says", "No central plan for the oven"),
        ("There is also a mill beside the river", "Mill beside the river"),
        ("There were two of these", ""),
        ("There is bread for the", ""),
        ("Bread is there", ""),
    ],
)
def test_what_a_sentence_says_that_there_is_can_stand_alone(said: str, subject: str) -> None:
    assert existing(said) == subject


@pytest.mark.parametrize(
    ("title", "whole"),
    [
        ("Salt is what keeps the dough back", True),
        ("Since May we've had another oven", True),
        ("By a baker", False),
        ("Except by old bakers", False),
        ("The ovens were used a lot last", False),
        ("Loaves on the shelf", False),
        ("Rye stands for the north", True),
        ("Because salt keeps the dough back", False),
        ("Which are the loaves of the town", False),
        ("Indexed in the journal of bakers", False),
    ],
)
def test_a_statement_has_a_verb_and_no_torn_edge(title: str, whole: bool) -> None:
    assert is_statement(title, lambda _: False) is whole


def test_words_that_point_elsewhere_are_told_from_words_that_join() -> None:
    assert pointers("Why do bakers say that dough lives?") == 0
    assert pointers("The first one is that.") == 2
    assert opens_on_pronoun("It's the yeast")
    assert not opens_on_pronoun("Italian bread")


def test_general_nouns_and_ordinals_inform_nobody() -> None:
    assert all(is_general(word) for word in ("idea", "Cases", "levels,", "26th", "note"))
    assert not any(is_general(word) for word in ("yeast", "ovens", "Bitcoin", "2015"))


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Don't bakers sleep?", True),
        ("What is the damage, right?", True),
        ("The oven, right?", False),
        ("为什么？", True),
    ],
)
def test_a_question_is_told_by_how_it_opens(text: str, asks: bool) -> None:
    assert opens_as_question(text) is asks


def test_a_title_is_no_clause_of_a_question_that_is_too_long(speak: Speak) -> None:
    asked = "How does a bee tell her many sisters where flowers are, when it is completely dark inside the hive?"
    lines = [
        "The hive is dark.",
        asked,
        "She dances.",
        "Bees feel the dance.",
        "The sisters of the bee fly to flowers.",
    ]
    titles = Titles(Timeline.of(speak(lines), 60.0))
    assert titles.title(1, 4) == "How does a bee tell her many sisters where flowers are?"


FILLING = [
    "The flour of the mill is white and fine, and the miller sells it to the town by the sack in the spring.",
    "It is a nice idea, and that is the case at this level, as I said to them on the other side of it.",
]


def test_what_a_moment_opens_by_asking_is_its_title_though_its_words_are_rare_nowhere(speak: Speak) -> None:
    lines = [*FILLING, "Okay, so why does bread dough need yeast?", "Dough and yeast are bread.", *FILLING, *FILLING]
    titles = Titles(Timeline.of(speak(lines), 120.0))
    assert titles.title(2, 5) == "Why does bread dough need yeast?"


def test_a_title_in_a_script_without_spaces_ends_where_a_word_does(speak: Speak) -> None:
    said = "ขนมปังที่อร่อยต้องใช้เวลาหมักแป้งนานมากในห้องครัว"
    title = Titles(Timeline.of(speak([said]), 60.0)).title(0, 0)
    words = split_words(said)
    assert title in {"".join(words[:count]) for count in range(2, len(words))}


def test_general_nouns_alone_are_no_title_where_something_is_named(speak: Speak) -> None:
    lines = ["It was a clever idea and a side note on the rye harvest.", *FILLING]
    assert "harvest" in Titles(Timeline.of(speak(lines), 60.0)).title(0, 0).casefold()
