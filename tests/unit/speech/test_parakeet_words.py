from __future__ import annotations

from moments_ray.speech.parakeet import words_of_tokens
from moments_ray.speech.windows import Window

WINDOW = Window(10.0, 13.0)


def test_tokens_join_to_words_at_spaces_and_times_are_those_of_the_source() -> None:
    words = words_of_tokens([" Hel", "lo", ",", " world", "."], [0.16, 0.32, 0.48, 0.8, 1.2], WINDOW)
    assert [(word.text, word.start, word.end) for word in words] == [
        ("Hello,", 10.16, 10.72),
        ("world.", 10.8, 11.44),
    ]


def test_a_word_ends_where_the_next_begins_or_the_window_does() -> None:
    words = words_of_tokens([" a", " b"], [0.0, 0.08], Window(10.0, 10.2))
    assert [(word.start, word.end) for word in words] == [(10.0, 10.08), (10.08, 10.2)]


def test_a_first_token_without_a_space_begins_a_word_and_spaces_alone_are_none() -> None:
    assert [word.text for word in words_of_tokens(["Hi", " "], [0.0, 0.5], WINDOW)] == ["Hi"]


def test_silence_has_no_words() -> None:
    assert words_of_tokens([], [], WINDOW) == []
