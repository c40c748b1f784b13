"""Cues from the text formats: SRT, WebVTT and ASS."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import pysubs2

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.cues import Cue, Piece

LONGEST_LINE = 200_000  # characters

_ARROW = re.compile(r"^[\s\d:.,-]*-->")
_TIME = r"(-?)(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,6}))?"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
_INLINE_TIME = re.compile(rf"<{_TIME}>")
_LANGUAGE = re.compile(r"^Language:\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*$")
_VTT_BLOCKS_WITHOUT_SPEECH = ("NOTE", "STYLE", "REGION")


def read_srt(text: str) -> list[Cue]:
    """Read SubRip: numbers may be missing, blank lines may stand inside a cue, times may have a full stop.

    Raises:
        TranscriptInvalid: naming the line whose times cannot be read.
    """
    return list(_cues(_numbered_lines(text)))


def read_vtt(text: str) -> tuple[list[Cue], str | None]:
    """Read WebVTT with its inline word times; also return the language its header names.

    Raises:
        TranscriptInvalid: naming the line whose times cannot be read.
    """
    lines = _numbered_lines(text)
    language = None
    for _, line in lines[1:]:
        if not line or "-->" in line:
            break
        if match := _LANGUAGE.match(line):
            language = match[1]
    return list(_cues(_without_notes(lines))), language


def read_ass(text: str) -> list[Cue]:
    """Read Advanced SubStation Alpha: the dialogue, without comments and drawings.

    Raises:
        TranscriptInvalid: the file is not ASS after all.
    """
    _numbered_lines(text)  # refuses lines no caption has
    try:
        with warnings.catch_warnings(action="ignore"):
            events = pysubs2.SSAFile.from_string(text, format_="ass").events
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError, KeyError, OverflowError) as error:
        raise TranscriptInvalid(f"The ASS subtitles cannot be read: {error}.") from error
    return [
        Cue(event.start / 1000, event.end / 1000, (Piece(event.plaintext),))
        for event in events
        if not event.is_comment and not event.is_drawing
    ]


def _numbered_lines(text: str) -> list[tuple[int, str]]:
    lines = list(enumerate(text.split("\n"), start=1))
    for number, line in lines:
        if len(line) > LONGEST_LINE:
            raise TranscriptInvalid(
                f"Line {number} of the captions is {len(line):,} characters long; no caption is.", {"line": number}
            )
    return lines


def _cues(lines: list[tuple[int, str]]) -> Iterator[Cue]:
    times: tuple[float, float] | None = None
    body: list[str] = []
    for number, line in lines:
        if not _ARROW.match(line):
            body.append(line)
            continue
        if times:
            yield _cue(times, _without_cue_name(body))
        times = _timing(line, number)
        body = []
    if times:
        yield _cue(times, body)


def _without_cue_name(body: list[str]) -> list[str]:
    """Drop the next cue's number or name: the line right above its times, if a number or below a blank line."""
    if body and body[-1].strip() and (body[-1].strip().isdigit() or (len(body) > 1 and not body[-2].strip())):
        return body[:-1]
    return body


def _without_notes(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    kept = []
    skipping = True  # the header is a block without speech
    after_blank = False
    for number, line in lines:
        if _ARROW.match(line):
            skipping = False
        elif after_blank:
            skipping = line.split(" ", 1)[0].strip() in _VTT_BLOCKS_WITHOUT_SPEECH
        after_blank = not line
        if not skipping:
            kept.append((number, line))
    return kept


def _timing(line: str, number: int) -> tuple[float, float]:
    match = _TIMING.match(line)
    if not match:
        raise TranscriptInvalid(
            f"Line {number} of the captions does not say from when to when: {line.strip()[:60]!r}.", {"line": number}
        )
    groups = match.groups()
    return _seconds(*groups[:5]), _seconds(*groups[5:])


def _seconds(sign: str, hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return float(f"{sign}{whole}.{fraction or 0}")


def _cue(times: tuple[float, float], body: list[str]) -> Cue:
    text = "\n".join(body)
    pieces: list[Piece] = []
    start: float | None = None
    position = 0
    for match in _INLINE_TIME.finditer(text):
        pieces.append(Piece(text[position : match.start()], start))
        start = _seconds(*match.groups())
        position = match.end()
    pieces.append(Piece(text[position:], start))
    return Cue(*times, tuple(pieces))
