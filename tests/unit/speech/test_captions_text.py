from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.speech.captions.text import LONGEST_WORD, clean, speaker_labels, spoken_words


@pytest.mark.parametrize(
    ("raw", "spoken"),
    [
        ("plain words", "plain words"),
        ("two\nlines", "two lines"),
        ("<i>it</i> <c.yellow>is</c> <font color='#fff'>so</font>", "it is so"),
        ("{\\an8}up here", "up here"),
        ("a &amp; b &lt; c&nbsp;d &#39;e&#39;", "a & b < c d 'e'"),
        ("&amp;lt;b&amp;gt;twice&amp;lt;/b&amp;gt;", "twice"),
        ("I <3 you, 2 < 3 > 1", "I <3 you, 2 < 3 > 1"),
        ("nul\x00 and \x1b[31mescape", "nul and [31mescape"),
        ("\u202eright\u202c to \u2066left\u2069\u200b", "right to left"),
        ("lone \ud800surrogate", "lone surrogate"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("[Music] so [ __ ] it began [upbeat music]", "so it began"),
        ("♪ la la ♪", "♪ la la ♪"),
        ("(applause) thank you (thank you all)", "thank you (thank you all)"),
        ("(DOOR CLOSES) hello", "hello"),
        ("(whispering)", ""),
        (">> so we went", "so we went"),
        ("- Are you there?\n- I am.", "Are you there? I am."),
        ("MAN 2: Who is it?", "Who is it?"),
        ("REMEMBER: NEVER DO THIS", "REMEMBER: NEVER DO THIS"),
        ("Remember: never do this", "Remember: never do this"),
        ("at 10:30 we left", "at 10:30 we left"),
        ("e\u0301te\u0301", "été"),
    ],
)
def test_clean_keeps_what_is_spoken(raw: str, spoken: str) -> None:
    assert clean(raw) == spoken


def test_a_name_is_a_speaker_when_it_begins_caption_after_caption() -> None:
    texts = ["Aaron van Wirdum: hi", "Sjors: hello", "Aaron van Wirdum: so", "Note: once", ">> Aaron van Wirdum: and"]
    assert speaker_labels(texts) == {"Aaron van Wirdum"}
    assert clean(texts[0], frozenset({"Aaron van Wirdum"})) == "hi"


@pytest.mark.parametrize(
    ("cleaned", "words"),
    [
        ("Pourquoi ? « Oui . »", ["Pourquoi?", "«Oui.»"]),
        ("he's in - in a mood", ["he's", "in", "in", "a", "mood"]),
        ("♪ la la ♪ 🎉", ["la", "la"]),
        ("R & D at 5 %", ["R", "&", "D", "at", "5", "%"]),
        ("你好。世界", ["你", "好。", "世", "界"]),
        ("...", []),
    ],
)
def test_words_carry_their_punctuation_and_ornaments_go(cleaned: str, words: list[str]) -> None:
    assert spoken_words(cleaned) == words


def test_a_word_has_a_length_limit_and_what_is_longer_goes_on_in_the_next() -> None:
    assert spoken_words("a" * 1_000_000) == ["a" * LONGEST_WORD] * (1_000_000 // LONGEST_WORD)


@given(st.text(st.characters(), max_size=200))
def test_clean_text_can_be_stored_and_shown_anywhere(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in cleaned)
    assert all(word and not any(char.isspace() for char in word) for word in spoken_words(cleaned))
