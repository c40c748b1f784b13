"""Of two languages one is taken, and that is said."""

from __future__ import annotations

import pytest

from tests.unit.speech.caption_reading import notes, read
from tests.unit.speech.caption_talk import TALK, srt, text_of

CHINESE = [
    "好面包只需要四样东西，",
    "其中之一是时间。",
    "大多数人急着处理面团，",
    "然后奇怪为什么没味道。",
    "我来告诉你碗里发生什么，",
]
RUSSIAN = [
    "Хорошему хлебу нужны четыре вещи,",
    "и одна из них время.",
    "Большинство торопит тесто,",
    "а потом удивляется вкусу.",
    "Покажу, что происходит в миске",
]
SPANISH = [
    "El buen pan sólo necesita cuatro cosas, y una",
    "de ellas es el tiempo.",
    "La mayoría de la gente apresura la masa, y luego",
    "se pregunta por qué no sabe a nada.",
    "Te enseño lo que pasa dentro del cuenco",
]


@pytest.mark.parametrize("other", [CHINESE, RUSSIAN, SPANISH], ids=["zh", "ru", "es"])
@pytest.mark.parametrize("layout", ["one cue", "two cues", "two files"])
@pytest.mark.parametrize("first", [True, False])
def test_of_two_languages_one_is_taken_and_said(other: list[str], layout: str, first: bool) -> None:
    named = {id(CHINESE): "zh", id(RUSSIAN): "ru", id(SPANISH): "es"}[id(other)]
    pairs = [((s, e, t), (s, e, o)) for (s, e, t), o in zip(TALK, other, strict=False)]
    ordered = [pair if first else pair[::-1] for pair in pairs]
    if layout == "one cue":
        file = srt([(a[0], a[1], f"{a[2]}\n{b[2]}") for a, b in ordered])
    elif layout == "two cues":
        file = srt([line for pair in ordered for line in pair])
    else:
        file = srt([pair[0] for pair in ordered]) + srt([pair[1] for pair in ordered])
    english, foreign = read(srt(TALK[:5])).text, read(srt([pair[1] for pair in pairs])).text
    assert read(file).text == (english if first else foreign)
    assert "in two languages" in notes(read(file))
    assert read(file, language="en").text == english
    assert read(file, language=named).text == foreign
    assert "it was asked for" in notes(read(file, language=named))


def test_of_two_languages_the_one_with_more_lines_is_taken() -> None:
    lines = [(s, e, f"{o}\n{t}") for (s, e, t), o in zip(TALK, CHINESE, strict=False)]
    transcript = read(srt([*lines, *TALK[5:]]))
    assert transcript.text == text_of()
    assert "en was taken, because it has the most lines" in notes(transcript)


def test_words_of_another_language_in_a_talk_are_spoken() -> None:
    talk = [(s, e, f'{n}. He said "хорошо" and\nwent home to 东京 {t}') for n, (s, e, t) in enumerate(TALK)]
    assert read(srt(talk)).text == text_of(talk).replace("\n", " ").replace("东京", "东 京").replace("东 京", "东京")
