"""Times in JSON, as many ways as there are to write them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.timed_text import clock_seconds

_TEXT_KEYS = (
    "punctuated_word",
    "text",
    "word",
    "snippet",
    "body",
    "segment",
    "content",
    "value",
    "utf8",
    "caption",
    "line",
)
_SPEAKER_KEYS = ("speaker", "speaker_label", "speaker_id", "speakerLabel", "speakerTag", "speaker_tag")
_START_KEYS = (
    *(
        "start",
        "start_time",
        "startTime",
        "begin",
        "from",
        "start_ms",
        "startMs",
        "tStartMs",
        "startTimeMs",
        "start_offset",
    ),
    *(
        "startOffset",
        "startInSeconds",
        "start_seconds",
        "startSeconds",
        "startSec",
        "start_sec",
        "ts",
        "t0",
        "offset",
        "time",
    ),
)
_END_KEYS = (
    *("end", "end_time", "endTime", "to", "until", "stop", "end_ms", "endMs", "endTimeMs", "end_offset", "endOffset"),
    *("endInSeconds", "end_seconds", "endSeconds", "endSec", "end_sec", "end_ts", "t1"),
)
_LENGTH_KEYS = ("duration", "dur", "duration_ms", "durationMs", "dDurationMs", "length")
_MILLISECONDS = re.compile(r"(?:_ms|Ms|InMs|_millis|Millis|milliseconds)$")
_CENTISECONDS = frozenset({"t0", "t1"})  # whisper.cpp counts so
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

# In seconds a word lasts less than one, in milliseconds some hundred; a letter of a segment some hundredths, or tens.
_LONGEST_WORD = 20.0
_LONGEST_LETTER = 8.0
_MILLISECONDS_NOTE = ("The times are so large that only milliseconds make sense; they were read so.",)
_SHORTEST_SECONDS = 0.04
_USUAL_SECONDS = 0.3


@dataclass(frozen=True)
class TimedItem:
    """A word or a segment of a document; times that it does not have are None.

    ``bare`` tells plain numbers, whose unit is not said; ``within`` is when a word's segment begins and ends.
    """

    text: str
    start: float | None
    end: float | None
    speaker: str | None = None
    bare: bool = False
    within: tuple[float, float] | None = None


def timed_item(item: Any, where: str) -> TimedItem:
    """Read an item's text, speaker and times.

    Raises:
        TranscriptInvalid: it is no object, has no text, or a time that is none.
    """
    if not isinstance(item, Mapping):
        raise TranscriptInvalid(f"{where} of the transcript is not an object with a text, a start and an end.")
    text = next((item[key] for key in _TEXT_KEYS if isinstance(item.get(key), str)), None)
    if text is None:
        raise TranscriptInvalid(f"{where} of the transcript has no text.")
    start, end, bare = _times(item, where)
    return TimedItem(text, start, end, _speaker(item), bare)


def _speaker(item: Mapping[str, Any]) -> str | None:
    named = next((item[key] for key in _SPEAKER_KEYS if item.get(key) is not None), None)
    if isinstance(named, Mapping):
        named = named.get("name")
    if isinstance(named, int) and not isinstance(named, bool):
        return f"Speaker {named}"
    return named if isinstance(named, str) and named.strip() else None


def _times(item: Mapping[str, Any], where: str) -> tuple[float | None, float | None, bool]:
    offsets = item.get("offsets")
    if isinstance(offsets, Mapping):  # whisper.cpp, milliseconds
        return (
            number(offsets.get("from"), f"{where}.from") / 1000,
            number(offsets.get("to"), f"{where}.to") / 1000,
            False,
        )
    pair = item.get("timestamp", item.get("timestamps"))
    if isinstance(pair, list) and len(pair) == 2:
        start, end = (_time(value, "timestamp", f"{where}.timestamp") for value in pair)
        return start, end, _is_bare(pair[0], "timestamp")
    if isinstance(pair, Mapping):
        item = pair
    key = next((key for key in _START_KEYS if item.get(key) is not None), None)
    if key is None:
        return None, None, False
    start = _time(item[key], key, f"{where}.{key}")
    bare = _is_bare(item[key], key)
    stop = next((key for key in _END_KEYS if item.get(key) is not None), None)
    if stop is not None:
        return start, _time(item[stop], stop, f"{where}.{stop}"), bare
    length = next((key for key in _LENGTH_KEYS if item.get(key) is not None), None)
    if length is not None and start is not None:
        lasts = _time(item[length], length, f"{where}.{length}")
        return start, None if lasts is None else start + lasts, bare and _is_bare(item[length], length)
    return start, None, bare


def _is_bare(value: Any, key: str) -> bool:
    plain = isinstance(value, int | float) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value.strip())))
    return plain and key not in _CENTISECONDS and not _MILLISECONDS.search(key)


def _time(value: Any, key: str, where: str) -> float | None:
    """Read a time: a number, or text such as ``1.5``, ``1.5s``, ``PT1.5S`` and ``00:00:01.500``."""
    if value is None:
        return None
    if isinstance(value, Mapping) and ("seconds" in value or "nanos" in value):
        return float(value.get("seconds") or 0) + float(value.get("nanos") or 0) / 1e9
    if isinstance(value, str):
        read = _text_time(value.strip())
        if read is None:
            raise TranscriptInvalid(f"{where} of the transcript is not a time in numbers: {value[:40]!r}.")
    else:
        read = number(value, where)
    if _is_bare(value, key):
        return read
    return read / 1000 if _MILLISECONDS.search(key) else read / 100 if key in _CENTISECONDS else read


def _text_time(text: str) -> float | None:
    if _NUMBER.fullmatch(text) or _NUMBER.fullmatch(text.removesuffix("s")):
        return number(float(text.removesuffix("s")), "a time")
    if match := _DURATION.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds
    return clock_seconds(text)


def number(value: Any, where: str) -> float:
    """Return a finite number as it stands.

    Raises:
        TranscriptInvalid: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(_as_float(value)):
        raise TranscriptInvalid(f"{where} of the transcript is not a time in numbers: {str(value)[:40]!r}.")
    return float(value)


def _as_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def in_seconds(
    items: Sequence[TimedItem], *, like: tuple[str, ...] | None = None
) -> tuple[list[TimedItem], tuple[str, ...]]:
    """Turn milliseconds into seconds where the numbers can be nothing else, and return a note that says so.

    ``like`` is the note of another list of the same document, whose unit then holds here.
    """
    counted = [item for item in items if item.bare and item.start is not None]
    in_milliseconds = bool(like) if like is not None else _are_milliseconds(counted)
    if not in_milliseconds or not counted:
        return list(items), ()
    return [
        replace(
            item,
            start=None if item.start is None else item.start / 1000,
            end=None if item.end is None else item.end / 1000,
        )
        if item.bare
        else item
        for item in items
    ], _MILLISECONDS_NOTE


def _are_milliseconds(items: Sequence[TimedItem]) -> bool:
    lengths = [(item.end - item.start, len(item.text.strip())) for item in items if item.end and item.start is not None]
    lengths = lengths or [
        (after.start - before.start, len(before.text.strip()))
        for before, after in itertools.pairwise(items)
        if after.start is not None and before.start is not None
    ]
    told = [(seconds, letters) for seconds, letters in lengths if seconds > 0 and letters]
    if not told:
        return False
    return median(s for s, _ in told) > _LONGEST_WORD and median(s / n for s, n in told) > _LONGEST_LETTER


def filled(items: Sequence[TimedItem]) -> list[TimedItem]:
    """Give items without times the gap between their neighbours, inside their segment, shared by length.

    Raises:
        TranscriptInvalid: none of them has a time.
    """
    result = list(items)
    if result and all(item.start is None and item.within is None for item in result):
        raise TranscriptInvalid("The transcript's words have no times; ask its maker for word or segment times.")
    at = 0
    while at < len(result):
        if result[at].start is not None:
            at += 1
            continue
        last = at
        while (
            last + 1 < len(result) and result[last + 1].start is None and result[last + 1].within == result[at].within
        ):
            last += 1
        _fill(result, at, last)
        at = last + 1
    return [
        item if item.end is not None else replace(item, end=_open_end(item, following))
        for item, following in itertools.zip_longest(result, result[1:])
    ]


def _open_end(item: TimedItem, following: TimedItem | None) -> float | None:
    """Return where a word ends that has only a beginning: where the next one begins."""
    if following is None or following.start is None or item.start is None:
        return item.within[1] if item.within else None
    return max(following.start, item.start)


def _fill(items: list[TimedItem], first: int, last: int) -> None:
    before = items[first - 1] if first else None
    after = items[last + 1] if last + 1 < len(items) else None
    count = last - first + 1
    within = items[first].within
    start = 0.0 if before is None else (before.start if before.end is None else before.end) or 0.0
    end = after.start if after is not None else None
    if within is not None:
        start = max(start, within[0])
        end = within[1] if end is None else min(end, within[1])
    if end is None:
        end = start + _USUAL_SECONDS * count
    elif before is None and within is None:
        start = max(end - _USUAL_SECONDS * count, 0.0)
    if end - start < _SHORTEST_SECONDS * count and before is not None and before.start is not None:
        # No gap was left: the word before gives of its time.
        start = max(before.start + (start - before.start) / (count + 1), end - _USUAL_SECONDS * count)
        items[first - 1] = replace(before, end=start)
    letters = sum(len(item.text.strip()) + 1 for item in items[first : last + 1])
    seconds, clock = max(end - start, 0.0), start
    for index in range(first, last + 1):
        share = seconds * (len(items[index].text.strip()) + 1) / letters
        items[index] = replace(items[index], start=clock, end=clock + share)
        clock += share
