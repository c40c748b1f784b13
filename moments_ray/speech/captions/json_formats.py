"""Cues and words from JSON: YouTube's json3, our own transcript, and what recognisers answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Never

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.cues import ENGINE, MOST_WORDS, Cue, Piece, transcript_of
from moments_ray.speech.captions.text import clean, spoken_words
from moments_ray.speech.languages import normal_language
from moments_ray.speech.transcript import Segment, Transcript, Word

LONGEST_ENGINE = 64  # characters
LONGEST_SPEAKER = 64

_WORD_LISTS = ("word_timestamps", "alignment", "words")
_SEGMENT_LISTS = ("segment_timestamps", "segments")


def read_json(text: str, language: str | None) -> Transcript:
    """Read json3, our own transcript, or any object with timed words or segments (seconds).

    Words are looked for under ``word_timestamps``, ``alignment`` and ``words``, then inside each segment; segments
    under ``segment_timestamps`` and ``segments``. Without timed words the segments are read as cues.

    Raises:
        TranscriptInvalid: naming the line or the item that cannot be read.
    """
    document = _parse(text)
    if isinstance(document, list):
        document = {"segments" if _holds_segments(document) else "words": document}
    if not isinstance(document, Mapping):
        raise TranscriptInvalid("The JSON holds no transcript; expected an object with timed words or segments.")
    named = document.get("language")
    language = language or (normal_language(named) if isinstance(named, str) else None)
    if isinstance(document.get("events"), list):
        return transcript_of(_json3_cues(document["events"]), language)
    return _timed_words(document, language)


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise TranscriptInvalid(
            f"Line {error.lineno} of the transcript is not valid JSON: {error.msg}.", {"line": error.lineno}
        ) from error
    except (RecursionError, ValueError) as error:
        raise TranscriptInvalid("The transcript's JSON is nested too deeply or holds a number out of range.") from error


def _refuse_constant(name: str) -> Never:
    raise TranscriptInvalid(f"The transcript's JSON holds {name}, which is not a number.")


def _holds_segments(items: Sequence[Any]) -> bool:
    """Tell a bare list of segments from one of words: segments have words of their own, or a text of several."""
    return any(
        isinstance(item, Mapping) and ("words" in item or " " in str(item.get("text", "")).strip()) for item in items
    )


def _json3_cues(events: Sequence[Any]) -> list[Cue]:
    cues = []
    for index, event in enumerate(events):
        if not isinstance(event, Mapping) or not isinstance(event.get("segs"), list):
            continue  # windows and styles
        start = _milliseconds(event, "tStartMs", f"events[{index}]")
        length = _milliseconds(event, "dDurationMs", f"events[{index}]") if "dDurationMs" in event else 0.0
        segs = [seg for seg in event["segs"] if isinstance(seg, Mapping) and isinstance(seg.get("utf8"), str)]
        timed = len(segs) > 1 or any("tOffsetMs" in seg for seg in segs)
        pieces = tuple(
            Piece(seg["utf8"], start + _milliseconds(seg, "tOffsetMs", f"events[{index}].segs") if timed else None)
            for seg in segs
        )
        if any(piece.text.strip() for piece in pieces):
            cues.append(Cue(start, start + length, pieces))
    return cues


def _milliseconds(item: Mapping[str, Any], key: str, where: str) -> float:
    return _number(item.get(key, 0), f"{where}.{key}") / 1000


def _timed_words(document: Mapping[str, Any], language: str | None) -> Transcript:
    segments = _items(document, _SEGMENT_LISTS) or []
    words = _items(document, _WORD_LISTS)
    if words is None and any(isinstance(segment, Mapping) and "words" in segment for segment in segments):
        words = [word for segment in segments if isinstance(segment, Mapping) for word in segment.get("words") or ()]
    if words is None and not any(key in document for key in _SEGMENT_LISTS):
        raise TranscriptInvalid(
            "The JSON holds no transcript; expected timed words or segments, as in "
            '{"word_timestamps": [{"word": "Hello", "start": 0.1, "end": 0.5}]}.'
        )
    if words is None:
        return transcript_of([_cue(segment, index) for index, segment in enumerate(segments)], language)
    if len(words) > MOST_WORDS:
        raise TranscriptInvalid(f"The transcript has more than {MOST_WORDS:,} words; split it.")
    engine = document.get("engine")
    return Transcript(
        engine=clean(engine)[:LONGEST_ENGINE] or ENGINE if isinstance(engine, str) else ENGINE,
        language=language,
        words=tuple(word for index, item in enumerate(words) for word in _words(item, index)),
        segments=tuple(_segment(item, index) for index, item in enumerate(segments)),
        words_estimated=document.get("words_estimated") is True,
    )


def _items(document: Mapping[str, Any], keys: Sequence[str]) -> list[Any] | None:
    return next((document[key] for key in keys if isinstance(document.get(key), list)), None)


def _words(item: Any, index: int) -> list[Word]:
    """Return the word of an item: mostly one, none if it is no speech, several if it holds several."""
    where = f"words[{index}]"
    text, start, end = _timed_text(item, ("word", "text"), where)
    found = spoken_words(clean(text))
    share = (end - start) / max(len(found), 1)
    return [
        Word(text=word, start=start + position * share, end=start + (position + 1) * share)
        for position, word in enumerate(found)
    ]


def _segment(item: Any, index: int) -> Segment:
    text, start, end = _timed_text(item, ("text", "segment", "word"), f"segments[{index}]")
    speaker = item.get("speaker")
    named = clean(speaker)[:LONGEST_SPEAKER] or None if isinstance(speaker, str) else None
    return Segment(text=clean(text), start=start, end=end, speaker=named)


def _cue(item: Any, index: int) -> Cue:
    text, start, end = _timed_text(item, ("text", "segment"), f"segments[{index}]")
    return Cue(start, end, (Piece(text),))


def _timed_text(item: Any, keys: Sequence[str], where: str) -> tuple[str, float, float]:
    if not isinstance(item, Mapping):
        raise TranscriptInvalid(f"{where} of the transcript is not an object with a text, a start and an end.")
    text = next((item[key] for key in keys if isinstance(item.get(key), str)), None)
    if text is None:
        raise TranscriptInvalid(f"{where} of the transcript has no text.")
    return text, _number(item.get("start"), f"{where}.start"), _number(item.get("end"), f"{where}.end")


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(_as_float(value)):
        raise TranscriptInvalid(f"{where} of the transcript is not a time in numbers: {str(value)[:40]!r}.")
    return float(value)


def _as_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
