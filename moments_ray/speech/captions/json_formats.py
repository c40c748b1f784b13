"""Words and cues from JSON: YouTube's json3, our own transcript, and what recognisers answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Never

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.cues import MOST_WORDS, CaptionTrack, OpenCue, Piece, closed
from moments_ray.speech.captions.json_services import in_our_shape
from moments_ray.speech.captions.json_times import TimedItem, filled, in_seconds, number, timed_item
from moments_ray.speech.captions.text import clean, spoken_words
from moments_ray.speech.captions.transcribe import ENGINE
from moments_ray.speech.languages import normal_language
from moments_ray.speech.transcript import Segment, Transcript, Word

LONGEST_ENGINE = 64  # characters
LONGEST_SPEAKER = 64

_WORD_LISTS = ("word_timestamps", "alignment", "words", "word_segments", "result")
_SEGMENT_LISTS = (
    *("segment_timestamps", "segments", "utterances", "chunks", "transcription", "monologues", "paragraphs"),
    *("captions", "subtitles", "cues", "transcript", "transcripts", "sentences", "lines", "data", "results", "body"),
)
_TEXTS = ("text", "transcript", "transcription", "full_text")
_EXPECTED = 'timed words or segments, as in {"word_timestamps": [{"word": "Hello", "start": 0.1, "end": 0.5}]}'
_TERMINALS = (".", "?", "!", "。", "？", "！", "…")
_ALIGNED_SHARE = 0.9
_LOOK_AHEAD_WORDS = 4


@dataclass(frozen=True)
class _Listed:
    """A document's words and segments as it lists them; ``owners`` are the indexes of the words' segments."""

    words: Sequence[Any] | None
    segments: Sequence[Any]
    owners: Sequence[int] = ()


def read_json(text: str, language: str | None) -> CaptionTrack | Transcript:
    """Read json3, our own transcript, the answers of recognisers, or any object with timed words or segments.

    Times may be numbers (of seconds, or of milliseconds where only they make sense, which is noted), clocks or
    durations. Without timed words the segments are cues.

    Raises:
        TranscriptInvalid: naming the line or the item that cannot be read.
    """
    document = in_our_shape(_parse(text))
    if isinstance(document, list):
        document = {"segments" if _holds_segments(document) else "words": document}
    if not isinstance(document, Mapping):
        raise TranscriptInvalid(f"The JSON holds no transcript; expected {_EXPECTED}.")
    if isinstance(document.get("events"), list):
        return CaptionTrack("json3", tuple(closed(_json3_cues(document["events"]))))
    named = next((document[key] for key in ("language", "language_code", "lang") if key in document), None)
    language = language or (normal_language(named) if isinstance(named, str) else None)
    return _read(document, language)


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if error.msg == "Extra data" and len(lines) > 1:
            return [_parse(line) for line in lines]  # a document a line
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
        isinstance(item, Mapping)
        and ("words" in item or any(" " in str(item.get(key, "")).strip() for key in ("text", "snippet", "body")))
        for item in items
    )


def _json3_cues(events: Sequence[Any]) -> list[OpenCue]:
    cues = []
    for index, event in enumerate(events):
        if not isinstance(event, Mapping) or not isinstance(event.get("segs"), list):
            continue  # windows and styles
        where = f"events[{index}]"
        start = number(event.get("tStartMs", 0), f"{where}.tStartMs") / 1000
        length = number(event.get("dDurationMs", 0), f"{where}.dDurationMs") / 1000
        segs = [seg for seg in event["segs"] if isinstance(seg, Mapping) and isinstance(seg.get("utf8"), str)]
        timed = len(segs) > 1 or any("tOffsetMs" in seg for seg in segs)
        pieces = tuple(
            Piece(seg["utf8"], start + number(seg.get("tOffsetMs", 0), f"{where}.tOffsetMs") / 1000 if timed else None)
            for seg in segs
        )
        if any(piece.text.strip() for piece in pieces):
            cues.append(OpenCue(start, start + length if length else None, pieces))
    return sorted(cues, key=lambda cue: cue.start)


def _read(document: Mapping[str, Any], language: str | None) -> CaptionTrack | Transcript:
    listed = _lists(document)
    if (listed is None or not (listed.words or listed.segments)) and _has_text(document):
        raise TranscriptInvalid(f"The transcript has a text but no times; ask its maker for {_EXPECTED}.")
    if listed is None:
        keys = ", ".join(repr(str(key)[:30]) for key in list(document)[:6]) or "nothing"
        raise TranscriptInvalid(f"The JSON holds no transcript but {keys}; expected {_EXPECTED}.")
    segments = [timed_item(item, f"segments[{at}]") for at, item in enumerate(listed.segments)]
    if listed.words is None:
        segments, unit = in_seconds(segments)
        cues = [OpenCue(item.start or 0.0, item.end, (Piece(item.text),), item.speaker) for item in filled(segments)]
        return CaptionTrack("json", tuple(closed(cues)), language, unit)
    if len(listed.words) > MOST_WORDS:
        raise TranscriptInvalid(f"The transcript has more than {MOST_WORDS:,} words; split it.")
    return _transcript(document, listed, segments, language)


def _lists(document: Mapping[str, Any]) -> _Listed | None:
    """Find the lists of a document; words inside segments come before a second list that knows no segments."""
    segments = next((document[key] for key in _SEGMENT_LISTS if _is_list(document.get(key))), None)
    words = next((document[key] for key in _WORD_LISTS if _is_list(document.get(key))), None)
    if words is None and segments is None:
        return None
    has_words = [isinstance(item, Mapping) and _is_list(item.get("words")) for item in segments or ()]
    if segments and any(has_words) and (not words or "word_segments" in document):
        # A segment whose words were not found is as good as a word.
        inside = [
            (word, at) for at, item in enumerate(segments) for word in (has_words[at] and item["words"]) or [item]
        ]
        return _Listed([word for word, _ in inside], segments, [at for _, at in inside])
    return _Listed(None if segments and not words else words, segments or [])


def _has_text(document: Mapping[str, Any]) -> bool:
    return any(isinstance(document.get(key), str) and document[key].strip() for key in _TEXTS)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _transcript(
    document: Mapping[str, Any], listed: _Listed, segments: list[TimedItem], language: str | None
) -> Transcript:
    items, unit = in_seconds([timed_item(item, f"words[{index}]") for index, item in enumerate(listed.words or ())])
    segments, _ = in_seconds(segments, like=unit)
    missing = sum(item.start is None for item in items)
    items = filled([_within(item, segments, owner) for item, owner in zip_longest(items, listed.owners)])
    segments = [item for item in segments if item.start is not None and item.end is not None]
    words = _punctuated([word for item in items for word in _words(item)], segments)
    notes = list(unit)
    if missing:
        notes.append(f"{missing} of {len(items)} words have no times; they were put between their neighbours.")
    engine = document.get("engine")
    return Transcript(
        engine=clean(engine)[:LONGEST_ENGINE] or ENGINE if isinstance(engine, str) else ENGINE,
        language=language,
        words=tuple(words),
        segments=tuple(_segment(item) for item in segments),
        words_estimated=document.get("words_estimated") is True or missing * 2 > len(items),
        health={"notes": list(notes)} if notes else {},
    )


def _within(item: TimedItem, segments: Sequence[TimedItem], owner: int | None) -> TimedItem:
    if owner is None:
        return item
    segment = segments[owner]
    return item if segment.start is None or segment.end is None else replace(item, within=(segment.start, segment.end))


def _words(item: TimedItem) -> list[Word]:
    """Return the word of an item: mostly one, none if it is no speech, several if it holds several."""
    start, end = item.start or 0.0, item.end or 0.0
    found = spoken_words(clean(item.text))
    share = (end - start) / max(len(found), 1)
    return [
        Word(text=word, start=start + position * share, end=start + (position + 1) * share)
        for position, word in enumerate(found)
    ]


def _segment(item: TimedItem) -> Segment:
    speaker = clean(item.speaker)[:LONGEST_SPEAKER] or None if item.speaker else None
    return Segment(text=clean(item.text), start=item.start or 0.0, end=item.end or 0.0, speaker=speaker)


def _punctuated(words: list[Word], segments: Sequence[TimedItem]) -> list[Word]:
    """Take the punctuation of the segments for words that come without, as some services give them."""
    written = [token for item in segments for token in spoken_words(clean(item.text))]
    if any(word.text.endswith(_TERMINALS) for word in words) or not any(t.endswith(_TERMINALS) for t in written):
        return words
    punctuated, at, found = [], 0, 0
    for word in words:
        near = range(at, min(at + _LOOK_AHEAD_WORDS, len(written)))
        match = next((index for index in near if _letters(written[index]) == _letters(word.text)), None)
        if match is not None:
            word = word.model_copy(update={"text": written[match]})  # noqa: PLW2901
            at, found = match + 1, found + 1
        punctuated.append(word)
    return punctuated if found >= _ALIGNED_SHARE * len(words) else words


def _letters(word: str) -> str:
    return "".join(char for char in word.casefold() if char.isalnum())
