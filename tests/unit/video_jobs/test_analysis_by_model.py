"""What a chat model says of a talk, taken by its words: terms that are not said and passages that are not there go."""

from __future__ import annotations

import asyncio
import json

import pytest

from moments_ray.errors import ModelContextExceeded, ModelOutputInvalid
from moments_ray.models.conversation import Answer, Question
from moments_ray.speech.sentences import Sentence, sentences
from moments_ray.speech.transcript import Segment, Transcript, Word
from moments_ray.text.terms import passages_of
from moments_ray.video_jobs.analysis_by_model import SaidAnalysis, analysis_said, said_of

LINES = [
    "The river rose in the night.",
    "Nobody had warned the village.",
    "We lost the bridge and the mill.",
    "Then the neighbours came with boats.",
    "They brought bread and blankets.",
    "I will never forget their kindness.",
]


def talk() -> list[Sentence]:
    """Six sentences, a minute each: a passage each."""
    words: list[Word] = []
    segments: list[Segment] = []
    for at, line in enumerate(LINES):
        spoken = line.split()
        words += [Word(text=word, start=60 * at + i, end=60 * at + i + 0.8) for i, word in enumerate(spoken)]
        segments.append(Segment(text=line, start=60 * at, end=60 * at + len(spoken)))
    return list(
        sentences(Transcript(engine="test", language="en", words=tuple(words), segments=tuple(segments), health={}))
    )


def said(**document: object) -> SaidAnalysis:
    return SaidAnalysis.model_validate(document)


def test_topics_are_words_of_the_talk_and_stand_where_its_passages_are() -> None:
    answer = said(
        topics=[
            {"label": "Flood", "words": ["river", "bridge"], "passages": [1, 2, 3, 99]},
            {"label": "neighbours", "words": ["boats", "helicopters"], "passages": [4]},
            {"label": "weather", "words": ["storm"], "passages": [1]},
        ]
    )
    _, topics, _ = analysis_said([answer], talk(), 0.0)
    assert [(topic.label, topic.words) for topic in topics] == [
        ("river", ("river", "bridge")),
        ("neighbours", ("neighbours", "boats")),
    ]
    passages = passages_of(talk())
    assert topics[0].ranges == ((passages[0].start, passages[2].end),)
    assert topics[0].score == 1.0


def test_keywords_are_counted_where_they_are_said() -> None:
    _, _, keywords = analysis_said([said(keywords=["the river", "river", "flood", "bread"])], talk(), 0.0)
    assert [(keyword.text, keyword.count, keyword.score) for keyword in keywords] == [
        ("the river", 1, 1.0),
        ("bread", 1, 0.5),
    ]


def test_a_talk_that_feels_both_ways_is_mixed() -> None:
    feelings = [{"passage": at, "feels": "negative" if at < 4 else "positive"} for at in range(1, 7)]
    felt, _, _ = analysis_said([said(feelings=feelings)], talk(), 0.0)
    assert felt.sentiment == "mixed"
    assert felt.timeline[0].score < 0 < felt.timeline[-1].score
    assert analysis_said([said(feelings=[])], talk(), 0.0)[0].sentiment == "neutral"


async def test_a_long_talk_is_asked_about_in_parts_whose_passages_are_numbered_through() -> None:
    asked: list[str] = []

    async def send(question: Question) -> Answer:
        text = question.turns[-1].text
        asked.append(text)
        if text.count("\n") > 8:
            raise ModelContextExceeded("too long")
        return Answer(text=json.dumps({"keywords": ["river"]}))

    passages = passages_of(talk()) * 3
    assert len(await said_of(passages, send, most_tokens=100_000)) == 2
    assert [text.partition("]")[0] for text in asked] == ["[1", "[1", "[10"]


async def test_what_is_no_analysis_is_an_error_that_says_so() -> None:
    async def send(_: Question) -> Answer:
        await asyncio.sleep(0)
        return Answer(text="I cannot do that.")

    with pytest.raises(ModelOutputInvalid):
        await said_of(passages_of(talk()), send, most_tokens=100_000)


async def test_where_nobody_speaks_nobody_is_asked() -> None:
    async def send(_: Question) -> Answer:
        raise AssertionError

    assert await said_of((), send, most_tokens=1000) == []
    felt, topics, keywords = analysis_said([], [], 0.0)
    assert (felt.sentiment, topics, keywords) == ("neutral", (), ())
