"""The talk's captions can be read, and say when the words are said."""

from __future__ import annotations

from moments_ray.demo.captions import make_cues
from moments_ray.speech.voice import SpokenLine, SpokenWord


def line(text: str, start: float = 0.0) -> SpokenLine:
    words = tuple(
        SpokenWord(text=word, start=start + index * 0.5, end=start + index * 0.5 + 0.5)
        for index, word in enumerate(text.split())
    )
    return SpokenLine(text=text, start=start, end=words[-1].end, words=words)


def test_a_short_sentence_is_one_cue_with_its_own_times() -> None:
    assert make_cues([line("She dances.", 3.0)]) == [("She dances.", 3.0, 4.0)]


def test_two_sentences_never_share_a_cue() -> None:
    assert len(make_cues([line("Yes."), line("No.", 2.0)])) == 2


def test_a_long_sentence_is_parted_after_a_comma_with_true_word_times() -> None:
    sentence = (
        "In the summer of that year, a new bridge opened across the wide water, and people drove for miles to see."
    )
    cues = make_cues([line(sentence)])
    assert [text.replace("\n", " ") for text, _, _ in cues] == [
        "In the summer of that year, a new bridge opened across the wide water,",
        "and people drove for miles to see.",
    ]
    assert cues[0][2] == cues[1][1] == 7.0
    assert cues[1][2] == 10.5


def test_no_cue_has_more_than_two_lines_of_42_letters() -> None:
    sentence = " ".join(["considerable", "and", "quite", "unpunctuated"] * 12) + "."
    for text, start, end in make_cues([line(sentence)]):
        rows = text.split("\n")
        assert len(rows) <= 2
        assert max(map(len, rows)) <= 42
        assert start < end
