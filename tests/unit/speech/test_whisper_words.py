from __future__ import annotations

from pathlib import Path

from moments_ray.speech.whisper import Models, is_believable, transcript_of
from moments_ray.speech.whisper_decoding import Decoded, DecodedSegment, DecodedWord
from moments_ray.speech.whisper_models import Place

TINY, BASE = Place("tiny", Path("/tiny"), "here"), Place("base", Path("/base"), "here")


def segment(text: str, start: float, *, seconds_a_word: float = 0.3, probability: float = 0.9) -> DecodedSegment:
    return DecodedSegment(
        words=tuple(
            DecodedWord(
                text=f" {word}",
                start=start + index * seconds_a_word,
                end=start + (index + 1) * seconds_a_word,
                probability=probability,
            )
            for index, word in enumerate(text.split())
        )
    )


def decoded(*segments: DecodedSegment, speech_seconds: float = 3.0) -> Decoded:
    return Decoded(language="en", directory="/tiny", device="cpu", speech_seconds=speech_seconds, segments=segments)


def test_words_and_segments_come_with_their_times_and_the_model_that_heard_them() -> None:
    heard = transcript_of(decoded(segment("And so, my fellow Americans", 1.0)), "whisper", Models(TINY, BASE))
    assert heard.text == heard.segments[0].text == "And so, my fellow Americans"
    assert (heard.words[0].start, heard.segments[0].end, heard.language) == (1.0, 2.5, "en")
    assert heard.health == {
        "model": "tiny",
        "device": "cpu",
        "model_loaded": False,
        "speech_seconds": 3.0,
        "words_not_believed": 0,
    }


def test_improbable_words_are_left_out_and_counted() -> None:
    noise = segment("a recommendation for you", 33.0, probability=0.3)
    heard = transcript_of(decoded(segment("this was said", 1.0), noise), "whisper", Models(TINY, None))
    assert (heard.text, heard.health["words_not_believed"]) == ("this was said", 4)


def test_more_words_than_anybody_says_are_not_believed() -> None:
    invented = segment("thank you so much for watching", 99.8, seconds_a_word=0.001)
    assert not is_believable(invented, [invented])
    for spoken in (
        segment("thank you so much for watching", 99.8, seconds_a_word=0.12),
        segment("Yes.", 3.0, seconds_a_word=0.02),
    ):
        assert is_believable(spoken, [spoken])


def test_a_clear_sentence_among_many_unclear_ones_is_chance() -> None:
    clear = segment("just a suggestion", 10.0, probability=0.7)
    unclear = [segment("a moment of the same voice", 4.0 * n, probability=0.55) for n in (0, 1, 2, 3, 4)]
    assert is_believable(clear, [clear])
    assert not is_believable(clear, [*unclear, clear])
    far = [segment("another voice", 60.0, probability=0.95)]
    assert is_believable(far[0], [*unclear, *far])


def test_a_word_or_two_in_a_whole_film_are_nothing() -> None:
    heard = transcript_of(decoded(segment("you", 1.0), segment("you", 40.0)), "whisper", Models(TINY, None))
    assert (heard.words, heard.segments, heard.language) == ((), (), None)
    assert heard.health["words_not_believed"] == 2


def test_where_almost_nothing_was_understood_the_rest_is_chance() -> None:
    few = decoded(segment("so I guess we are going", 70.0), speech_seconds=34.0)
    assert transcript_of(few, "whisper", Models(TINY, None)).words == ()
