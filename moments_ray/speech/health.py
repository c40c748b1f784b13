"""Checks before anything believes a transcript: what can be mended is mended and counted, what cannot is refused."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from pydantic import JsonValue

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.transcribe import ENGINE
from moments_ray.speech.identify import identify_language
from moments_ray.speech.languages import normal_language, same_language
from moments_ray.speech.loops import Loop, find_loops, without_repeats
from moments_ray.speech.scripts import is_ideograph
from moments_ray.speech.transcript import Segment, Transcript, Word

SHORTEST_WORD_SECONDS = 0.02
LONGEST_WORD_SECONDS = 5.0

_SLACK_SECONDS = 1.0  # containers and captions disagree this much about where a video ends
_MOST_OUTSIDE = 0.5
_STEP_BACK_SECONDS = 0.5  # less is a recogniser's jitter, more is a different order
_SAME_SPEECH_SECONDS = 2.0
_PLAUSIBLE_RATE = (0.8, 6.0)  # words a second; an auctioneer reaches five
_PLAUSIBLE_SEGMENT_RATE = (0.4, 8.0)  # captions stay on screen through pauses, or leave it too soon
_FEWEST_WORDS_FOR_A_RATE = 30
_IDEOGRAPH_WEIGHT = 0.5  # a Chinese or Japanese word has about two characters
_MOST_LOOPED = 0.2
_MOST_REPAIRED = 0.25


def check(transcript: Transcript, duration: float | None) -> Transcript:
    """Return the transcript with its times in order and inside ``duration`` (seconds; None if unknown), health filled.

    Afterwards words start one after another, last at least ``SHORTEST_WORD_SECONDS`` and do not overlap. ``health``
    has ``verdict`` (``good``, ``suspect`` or ``no_speech``), ``warnings`` in words, ``repairs`` by kind, ``coverage``
    (share of the duration), ``words_per_second`` and ``loops``. What a recogniser wrote there before is kept.
    A phrase that a recogniser says over and over is kept once; captions keep theirs, because a person wrote them.

    Raises:
        TranscriptInvalid: most words are outside the duration, or more than can be spoken in it.
    """
    repairs: Counter[str] = Counter()
    words = _in_range(_in_order(transcript.words, repairs), duration, repairs)
    words = _apart(words, duration, repairs)
    text = transcript.model_copy(update={"words": tuple(words)}).text
    detected = identify_language(text)
    language = normal_language(transcript.language) or detected
    loops = find_loops(words)
    spoken = _spoken_seconds(words)
    count = sum(_IDEOGRAPH_WEIGHT if is_ideograph(word.text) else 1.0 for word in words)
    rate = count / spoken if spoken else 0.0
    shown = sum(max(segment.end - segment.start, 0.0) for segment in transcript.segments)
    warnings = _warnings(words, repairs, loops, _implausible_rate(count, rate, count / shown if shown else None))
    if detected and language and not same_language(detected, language):
        warnings.append(f"the words look like {detected}, not {language}")
    segments = _segments(transcript.segments, duration)
    if loops and transcript.engine != ENGINE:
        words, segments = without_repeats(words, segments, loops)
        repairs["repeated"] = sum(loop.words - loop.phrase_words for loop in loops)
    health: dict[str, JsonValue] = {
        **transcript.health,
        "verdict": "no_speech" if not words else "suspect" if warnings else "good",
        "warnings": list[JsonValue](warnings),
        "repairs": {kind: count for kind, count in sorted(repairs.items()) if count},
        "words": len(words),
        "words_per_second": round(rate, 2),
        "coverage": round(min(spoken / duration, 1.0), 4) if duration else None,
        "loops": [{"start": loop.start, "end": loop.end, "text": loop.text, "times": loop.times} for loop in loops],
    }
    return transcript.model_copy(
        update={
            "language": language,
            "words": tuple(words),
            "segments": segments if words else (),
            "health": health,
        }
    )


def _in_order(words: Sequence[Word], repairs: Counter[str]) -> list[Word]:
    ordered = []
    for word in words:
        if not word.text.strip():
            repairs["empty"] += 1
        elif word.end < word.start:
            repairs["reversed"] += 1
            ordered.append(Word(text=word.text, start=word.end, end=word.start))
        else:
            ordered.append(word)
    steps_back = sum(after.start < before.start - _STEP_BACK_SECONDS for before, after in itertools.pairwise(ordered))
    if steps_back:
        repairs["out_of_order"] = steps_back
        ordered.sort(key=lambda word: word.start)
    return ordered


def _in_range(words: Sequence[Word], duration: float | None, repairs: Counter[str]) -> list[Word]:
    last = float("inf") if duration is None else duration
    inside = [word for word in words if word.end > 0 and word.start < last]
    beyond = sum(word.end <= 0 or word.start >= last + _SLACK_SECONDS for word in words)
    if beyond > _MOST_OUTSIDE * len(words):
        raise TranscriptInvalid(
            f"{beyond} of {len(words)} words lie outside the video's {last:.1f} s: "
            "this transcript belongs to another video or counts time otherwise."
        )
    if len(inside) < len(words):
        repairs["outside"] = len(words) - len(inside)
    clamped = []
    for word in inside:
        start, end = max(word.start, 0.0), min(word.end, last)
        if end - start > LONGEST_WORD_SECONDS:
            repairs["too_long"] += 1
            end = start + LONGEST_WORD_SECONDS
        repairs["clamped"] += word.start < 0 or word.end > last
        clamped.append(Word(text=word.text, start=start, end=end))
    return clamped


def _apart(words: Sequence[Word], duration: float | None, repairs: Counter[str]) -> list[Word]:
    """Give each word a start of its own, then an end between its own start and the next one's or the video's end."""
    if duration is not None and len(words) * SHORTEST_WORD_SECONDS > duration:
        raise TranscriptInvalid(f"Nobody speaks {len(words)} words in {duration:.1f} s; this is not its transcript.")
    starts: list[float] = []
    for word in words:
        starts.append(max(word.start, starts[-1] + SHORTEST_WORD_SECONDS) if starts else word.start)
    if duration is not None:
        latest = duration
        for index in range(len(starts) - 1, -1, -1):
            latest = min(starts[index], latest - SHORTEST_WORD_SECONDS)
            starts[index] = max(latest, 0.0)
    apart = []
    for word, start, following in zip(words, starts, [*starts[1:], duration], strict=False):
        end = max(word.end, start + SHORTEST_WORD_SECONDS)
        if following is not None:
            end = min(end, max(following, start))
        repairs["moved"] += start != word.start
        repairs["too_short"] += end > word.end and start == word.start
        repairs["overlap"] += end < word.end
        apart.append(Word(text=word.text, start=start, end=end))
    return apart


def _segments(segments: Sequence[Segment], duration: float | None) -> tuple[Segment, ...]:
    last = float("inf") if duration is None else duration
    kept = [
        segment.model_copy(update={"start": max(segment.start, 0.0), "end": min(max(segment.end, segment.start), last)})
        for segment in segments
        if segment.text.strip() and segment.start < last and segment.end > 0
    ]
    return tuple(sorted(kept, key=lambda segment: segment.start))


def _spoken_seconds(words: Sequence[Word]) -> float:
    """Return the seconds of speech, short pauses included."""
    pauses = (after.start - before.end for before, after in itertools.pairwise(words))
    bridged = sum(pause for pause in pauses if pause < _SAME_SPEECH_SECONDS)
    return sum(word.end - word.start for word in words) + bridged


def _implausible_rate(count: float, rate: float, of_segments: float | None) -> float | None:
    """Return the words a second that nobody speaks: by the words' own times, or by those of their captions."""
    if count < _FEWEST_WORDS_FOR_A_RATE:
        return None
    if not _PLAUSIBLE_RATE[0] <= rate <= _PLAUSIBLE_RATE[1]:
        return rate
    slowest, fastest = _PLAUSIBLE_SEGMENT_RATE
    return of_segments if of_segments is not None and not slowest <= of_segments <= fastest else None


def _warnings(words: Sequence[Word], repairs: Counter[str], loops: Sequence[Loop], rate: float | None) -> list[str]:
    warnings: list[str] = []
    if not words:
        return warnings
    if rate is not None:
        warnings.append(f"{rate:.1f} words a second is not how people speak")
    looped = sum(loop.words for loop in loops)
    if looped > _MOST_LOOPED * len(words):
        warnings.append(f"{looped} of {len(words)} words are the same phrases over and over")
    repaired = sum(repairs.values())
    if repaired > _MOST_REPAIRED * len(words):
        warnings.append(f"{repaired} times had to be mended in {len(words)} words")
    return warnings
