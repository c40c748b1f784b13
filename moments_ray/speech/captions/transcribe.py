"""From cues to timed words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.bilingual import in_one_language
from moments_ray.speech.captions.credits import without_credits
from moments_ray.speech.captions.cues import MOST_WORDS, CaptionTrack, Cue, longest_seconds
from moments_ray.speech.captions.highlights import resolve_highlights
from moments_ray.speech.captions.simultaneous import merge_simultaneous
from moments_ray.speech.captions.text import speaker_labels, spoken_words, turns, without_markup
from moments_ray.speech.languages import normal_language
from moments_ray.speech.scripts import join_words
from moments_ray.speech.transcript import Segment, Transcript, Word

ENGINE = "captions"

_TOUCHING_SECONDS = 0.1
_STILL_SHOWN_SECONDS = 10.0  # roll-up captions keep their last line on screen through a pause
_MOST_REPEATED_WORDS = 80
_FEWEST_WORDS_TO_TELL = 3
_ROLLING_SHARE = 0.3
_FEWEST_CUES_TO_ROLL = 3

# A cue this long is a stretch of speech as a recogniser cut it, and speech fills it.
_SEGMENT_SECONDS = 8.0
_FILLED_SHARE = 0.4


@dataclass(frozen=True)
class _Mark:
    """A word, when it begins and ends where that is known, who says it, and the turn it belongs to."""

    word: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    turn: int = 0

    @property
    def key(self) -> str:
        """What it has in common with the same word, punctuated otherwise."""
        return "".join(char for char in self.word.casefold() if char.isalnum()) or self.word


_Marked = tuple[Cue, list[_Mark]]


def transcript_of(track: CaptionTrack, language: str | None) -> Transcript:
    """Time the words of cues: by their own marks where they have them, else spread by length over the cue.

    Cues of one time are one cue; of two languages in one file one is taken, ``language`` if it is one of them; lines
    that scroll through several cues (roll-up captions) are taken once; credits are left out. ``health`` has ``notes``
    that tell of it.

    Raises:
        TranscriptInvalid: more than ``MOST_WORDS`` cues or words.
    """
    if len(track.cues) > MOST_WORDS:
        raise TranscriptInvalid(f"The captions have more than {MOST_WORDS:,} cues; split the file.")
    notes = list(track.notes)
    cues = without_credits(sorted(track.cues, key=lambda cue: cue.start), notes)
    cues = merge_simultaneous(resolve_highlights(cues))
    cues, spoken_language = in_one_language(cues, language, notes)
    speakers = track.speakers | speaker_labels([cue.text for cue in cues])
    marked = [(cue, _marks(cue, speakers)) for cue in cues]
    if sum(len(marks) for _, marks in marked) > MOST_WORDS:
        raise TranscriptInvalid(f"The captions have more than {MOST_WORDS:,} words; split the file.")
    words: list[Word] = []
    segments: list[Segment] = []
    estimated = 0
    for cue, marks in _without_overlap(_without_repeats(marked)):
        timed = list(_timed(cue, marks))
        words.extend(timed)
        segments.extend(_segments(cue, marks, timed))
        if all(mark.start is None for mark in marks):
            estimated += len(marks)
    return Transcript(
        engine=ENGINE,
        language=spoken_language or language or normal_language(track.language),
        words=tuple(words),
        segments=tuple(segments),
        words_estimated=estimated * 2 > len(words),
        health={"notes": list(notes)} if notes else {},
    )


def _marks(cue: Cue, speakers: frozenset[str]) -> list[_Mark]:
    if not cue.is_timed:
        return [
            _Mark(word, speaker=speaker or cue.speaker, turn=turn)
            for turn, (speaker, text) in enumerate(turns(cue.text, speakers))
            for word in spoken_words(text)
        ]
    marks: list[_Mark] = []
    unbroken = False  # a piece that follows without a space goes on with the same word
    speaker = cue.speaker
    for piece in cue.pieces:
        text = without_markup(piece.text)
        first = True
        for named, said in turns(text, speakers):
            speaker = named or speaker
            found = spoken_words(said)
            if first and found and unbroken and marks and not text[0].isspace():
                marks[-1] = replace(marks[-1], word=marks[-1].word + found.pop(0))
            first = False
            marks.extend(_Mark(word, piece.start, piece.end, speaker) for word in found)
        unbroken = not text[-1:].isspace() if text else unbroken
    return marks


def _without_repeats(marked: list[_Marked]) -> list[_Marked]:
    """Take the lines of roll-up captions once, if these are such."""
    repeats = [0]
    for (before, shown), (cue, marks) in itertools.pairwise(marked):
        gap = cue.start - before.end
        count = _repeated(shown, marks) if gap <= _STILL_SHOWN_SECONDS else 0
        tells = gap <= _TOUCHING_SECONDS or count >= _FEWEST_WORDS_TO_TELL or _is_line(count, cue, marks)
        repeats.append(count if tells else 0)
    rolls = len(marked) >= _FEWEST_CUES_TO_ROLL and sum(map(bool, repeats)) >= _ROLLING_SHARE * len(marked)
    kept = [(cue, marks[count:] if rolls else marks) for (cue, marks), count in zip(marked, repeats, strict=False)]
    return [(cue, marks) for cue, marks in kept if marks]


def _is_line(count: int, cue: Cue, marks: Sequence[_Mark]) -> bool:
    """Tell whether a cue's first words, and more follow, are its first line."""
    return 0 < count < len(marks) and len(cue.lines) > 1 and len(without_markup(cue.lines[0]).split()) <= count


def _repeated(shown: Sequence[_Mark], marks: Sequence[_Mark]) -> int:
    """Return how many of the first words of ``marks`` are the last ones of ``shown``."""
    for count in range(min(len(shown), len(marks), _MOST_REPEATED_WORDS), 0, -1):
        if all(old.key == new.key for old, new in zip(shown[-count:], marks[:count], strict=True)):
            return count
    return 0


def _without_overlap(marked: list[_Marked]) -> Iterator[_Marked]:
    for index, (cue, marks) in enumerate(marked):
        following = marked[index + 1][0].start if index + 1 < len(marked) else cue.end
        yield (replace(cue, end=following) if cue.start < following < cue.end else cue), marks


def _timed(cue: Cue, marks: Sequence[_Mark]) -> Iterator[Word]:
    """Spread each run of words with one mark from that mark to its end, else to the next mark."""
    runs = [(key, [mark.word for mark in run]) for key, run in itertools.groupby(marks, lambda m: (m.start, m.end))]
    clock = cue.start
    for index, ((mark, last), run) in enumerate(runs):
        start = clock if mark is None else mark
        following = runs[index + 1][0][0] if index + 1 < len(runs) else None
        end = max(last if last is not None else cue.end if following is None else following, start)
        yield from _spread(run, start, end)
        clock = end


def _spread(words: Sequence[str], start: float, end: float) -> Iterator[Word]:
    """Share the seconds from ``start`` to ``end`` among words by their length, none longer than it can be spoken."""
    characters = sum(len(word) + 1 for word in words)
    seconds = end - start
    fills = seconds >= _SEGMENT_SECONDS and longest_seconds(words) >= _FILLED_SHARE * seconds
    clock = start
    for word in words:
        share = seconds * (len(word) + 1) / characters
        if not fills:
            share = min(share, longest_seconds((word,)))
        yield Word(text=word, start=round(clock, 3), end=round(clock + share, 3))
        clock += share


def _segments(cue: Cue, marks: Sequence[_Mark], words: Sequence[Word]) -> Iterator[Segment]:
    """Return the cue, parted where somebody else goes on."""
    parts = [list(part) for _, part in itertools.groupby(zip(marks, words, strict=True), lambda each: each[0].turn)]
    for index, part in enumerate(parts):
        yield Segment(
            text=join_words(mark.word for mark, _ in part),
            start=part[0][1].start if index else cue.start,
            end=part[-1][1].end if index + 1 < len(parts) else max(cue.end, part[-1][1].end),
            speaker=part[0][0].speaker,
        )
