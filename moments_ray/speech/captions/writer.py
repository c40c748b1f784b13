"""Transcripts as subtitles and as plain text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pysubs2

from moments_ray.speech.captions.text import clean
from moments_ray.speech.scripts import CLAUSE_ENDS, join_words, without_closers
from moments_ray.speech.sentences import sentences
from moments_ray.speech.transcript import Transcript, Word

LINE_COLUMNS = 42  # the common limit of subtitling guides; a Chinese or Japanese character takes two
LINES = 2
LONGEST_SECONDS = 7.0

_BACKSLASH = re.compile(r"\\(?=[A-Za-z])")
_SHORTEST_SECONDS = 0.001
_TELLING_PAUSE_SECONDS = 0.3
_PARAGRAPH_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Subtitle:
    """Lines that are on screen together, and when (seconds)."""

    start: float
    end: float
    lines: tuple[str, ...]


def write_srt(transcript: Transcript, start: float = 0.0, end: float = math.inf) -> str:
    """Return the transcript as SubRip, cues broken at sentences and clauses; of a part, with times from its start."""
    return srt_of(_part(transcript, start, end))


def write_vtt(transcript: Transcript, start: float = 0.0, end: float = math.inf) -> str:
    """Return the transcript as WebVTT, cues broken at sentences and clauses; of a part, with times from its start."""
    written = _file_of(_part(transcript, start, end), _escaped).to_string("vtt", keep_ssa_tags=True)
    language = f"\nLanguage: {transcript.language}" if transcript.language else ""
    return written.replace("WEBVTT", f"WEBVTT{language}", 1)


def srt_of(cues: Sequence[Subtitle]) -> str:
    """Return cues as SubRip."""
    return _file_of(cues, _unmarked).to_string("srt", keep_ssa_tags=True)


def write_txt(transcript: Transcript) -> str:
    """Return the transcript as text; a pause of two seconds begins a new paragraph."""
    paragraphs: list[list[str]] = []
    silent_since = float("-inf")
    for sentence in sentences(transcript):
        if sentence.start - silent_since >= _PARAGRAPH_PAUSE_SECONDS:
            paragraphs.append([])
        paragraphs[-1].append(clean(sentence.text))
        silent_since = sentence.end
    return "".join(join_words(paragraph) + "\n\n" for paragraph in paragraphs)[:-1]


def subtitles(transcript: Transcript) -> list[Subtitle]:
    """Return the transcript as what is shown on screen, in order."""
    cues: list[Subtitle] = []
    for sentence in sentences(transcript):
        words = [
            word.model_copy(update={"text": part})
            for word in transcript.words[sentence.first_word : sentence.last_word + 1]
            for part in _parts(" ".join(word.text.split()))
        ]
        cues.extend(_cues(words))
    return [
        Subtitle(cue.start, _end(cue, cues[index + 1].start if index + 1 < len(cues) else None), cue.lines)
        for index, cue in enumerate(cues)
    ]


def _part(transcript: Transcript, start: float, end: float) -> list[Subtitle]:
    """Return what is shown between two times, counted from the first."""
    return [
        replace(cue, start=max(cue.start - start, 0.0), end=min(cue.end, end) - start)
        for cue in subtitles(transcript)
        if cue.end > start and cue.start < end
    ]


def _end(cue: Subtitle, following: float | None) -> float:
    end = min(cue.end, cue.start + LONGEST_SECONDS)
    if following is not None and following > cue.start:
        end = min(end, following)
    return max(end, cue.start + _SHORTEST_SECONDS)


def _cues(words: Sequence[Word]) -> Iterator[Subtitle]:
    first = 0
    while first < len(words):
        last = first
        while last + 1 < len(words) and _fits(words[first : last + 2]):
            last += 1
        if last + 1 < len(words):
            last = _good_break(words, first, last)
        taken = words[first : last + 1]
        yield Subtitle(max(taken[0].start, 0.0), taken[-1].end, tuple(_lines(taken)))
        first = last + 1


def _good_break(words: Sequence[Word], first: int, last: int) -> int:
    """Return the last clause end or pause in the second half of what fits, else all that fits."""
    for index in range(last, first + (last - first) // 2, -1):
        pause = words[index + 1].start - words[index].end
        if pause >= _TELLING_PAUSE_SECONDS or without_closers(words[index].text)[-1:] in CLAUSE_ENDS:
            return index
    return last


def _fits(words: Sequence[Word]) -> bool:
    return words[-1].end - words[0].start <= LONGEST_SECONDS and len(_wrapped(words, LINE_COLUMNS)) <= LINES


def _lines(words: Sequence[Word]) -> list[str]:
    """Wrap at the narrowest width that still gives as few lines, so that lines are about as long as each other."""
    lines = _wrapped(words, LINE_COLUMNS)
    for columns in range(LINE_COLUMNS // 2, LINE_COLUMNS):
        narrower = _wrapped(words, columns)
        if len(narrower) == len(lines) and max(map(_columns, narrower)) <= columns:
            return narrower
    return lines


def _wrapped(words: Sequence[Word], columns: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = join_words((lines[-1], word.text)) if lines else ""
        if lines and _columns(longer) <= columns:
            lines[-1] = longer
        else:
            lines.append(word.text)
    return lines


def _parts(text: str) -> Iterator[str]:
    """Cut a word that is wider than a line."""
    part = ""
    for char in text:
        if part and _columns(part + char) > LINE_COLUMNS:
            yield part
            part = ""
        part += char
    yield part


def _columns(text: str) -> int:
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _file_of(cues: Sequence[Subtitle], shown: Callable[[str], str]) -> pysubs2.SSAFile:
    file = pysubs2.SSAFile()
    for cue in cues:
        # pysubs2 reads backslashes as ASS does: one before a letter gets a word joiner, which nobody sees.
        text = r"\N".join(_BACKSLASH.sub("\\\\\u2060", shown(line)) for line in cue.lines)
        file.append(pysubs2.SSAEvent(start=round(cue.start * 1000), end=round(cue.end * 1000), text=text))
    return file


def _unmarked(line: str) -> str:
    return line.replace("-->", "→")


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
