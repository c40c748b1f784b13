"""Whether what the English model made of speech was said; the figures are those of recordings in these languages."""

from __future__ import annotations

import pytest
from faster_whisper.transcribe import Segment, Word

from moments_ray.speech.whisper_decoding import is_english


def segment(text: str, *, probability: float, compression: float = 1.4) -> Segment:
    words = [
        Word(start=0.3 * index, end=0.3 * index + 0.3, word=f" {word}", probability=probability)
        for index, word in enumerate(text.split())
    ]
    return Segment(
        id=1,
        seek=0,
        start=0.0,
        end=0.3 * len(words),
        text=text,
        tokens=[],
        avg_logprob=-0.3,
        compression_ratio=compression,
        no_speech_prob=0.0,
        words=words,
        temperature=0.0,
    )


@pytest.mark.parametrize(
    ("segments", "english"),
    [
        pytest.param([segment("ask not what your country can do for you", probability=0.9)], True, id="a clear voice"),
        pytest.param(
            [segment("if it's watch the following two videos", probability=0.87)], True, id="a short sentence"
        ),
        pytest.param([segment("last come a dreas say am comido", probability=0.57)], False, id="Spanish"),
        pytest.param(
            [segment("see a lot of people who are going to see", probability=0.87, compression=6.0)],
            False,
            id="circles",
        ),
        pytest.param([segment("thank you", probability=0.95)], False, id="too little to tell"),
        pytest.param(
            [segment("it is easy", probability=0.95), segment("nose puede in grissar la", probability=0.5)],
            False,
            id="the words count, wherever they stand",
        ),
        pytest.param([], False, id="nothing"),
    ],
)
def test_english_is_known_by_the_words_of_the_model_for_english(segments: list[Segment], english: bool) -> None:
    assert is_english(segments) is english
