"""Cues from formats that few tools write now: ASS, MicroDVD, MPL2, TMPlayer, SAMI, LRC and tables."""

from __future__ import annotations

import csv
import itertools
import re
import warnings
from collections.abc import Sequence

import pysubs2

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.cues import CaptionTrack, Cue, OpenCue, Piece, closed, plain_cue
from moments_ray.speech.captions.timed_text import numbered_lines

_USUAL_FPS = 23.976  # what most films that were subtitled by frames have
_KARAOKE = re.compile(r"\{[^{}]*\\(?:k|kf|ko|K)(\d{1,6})[^{}]*\}")
_LRC_TIME = re.compile(r"\[(\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?)\]")
_LRC_WORD = re.compile(r"<(\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?)>")
_LRC_OFFSET = re.compile(r"^\[offset:\s*([+-]?\d{1,7})\s*\]", re.IGNORECASE | re.MULTILINE)
_SAMI_LANGUAGE = re.compile(r"<P\s+Class\s*=\s*\"?(\w+)", re.IGNORECASE)
_TSV_HEADS = (("start", "end", "text"), ("begin", "end", "text"))


def read_ass(text: str) -> CaptionTrack:
    """Read (Advanced) SubStation Alpha: the dialogue without comments and drawings, karaoke with its word times.

    Raises:
        TranscriptInvalid: the file is not ASS after all.
    """
    if not re.search(r"^\s*\[Events\]", text, re.IGNORECASE | re.MULTILINE):
        fields = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
        text = f"[Events]\nFormat: {fields}\n{text}"
    events = _events(text, "ass", "ASS")
    return CaptionTrack("ass", tuple(_ass_cue(event) for event in events if not event.is_comment))


def read_microdvd(text: str) -> CaptionTrack:
    """Read MicroDVD, which counts frames: at the rate that its first line names, else at that of film.

    Raises:
        TranscriptInvalid: it cannot be read.
    """
    named = re.match(r"\s*\{1\}\{1\}\s*\d+(?:[.,]\d+)?\s*$", text.split("\n", 1)[0])
    events = _events(text, "microdvd", "MicroDVD", **({} if named else {"fps": _USUAL_FPS}))
    note = f"MicroDVD counts frames and this file does not say how many a second; {_USUAL_FPS} were assumed."
    return CaptionTrack("microdvd", tuple(map(_subtitle, events)), notes=() if named else (note,))


def read_mpl2(text: str) -> CaptionTrack:
    """Read MPL2, which counts tenths of seconds."""
    return CaptionTrack("mpl2", tuple(map(_subtitle, _events(text, "mpl2", "MPL2"))))


def read_tmplayer(text: str) -> CaptionTrack:
    """Read TMPlayer's lines of one time each."""
    events = _events(text, "tmp", "TMPlayer")
    cues = [OpenCue(event.start / 1000, None, (Piece(event.plaintext),)) for event in events]
    return CaptionTrack("tmplayer", tuple(closed(cues)))


def read_sami(text: str) -> CaptionTrack:
    """Read SAMI; of a file in several languages (classes) the one with the most captions.

    Raises:
        TranscriptInvalid: it cannot be read.
    """
    classes = [found.upper() for found in _SAMI_LANGUAGE.findall(text)]
    notes: tuple[str, ...] = ()
    if len(set(classes)) > 1:
        taken = max(dict.fromkeys(classes), key=classes.count)
        text = re.sub(
            r"(?is)<P\s+Class\s*=\s*\"?(?!" + re.escape(taken) + r"\b)\w+\"?[^>]*>.*?(?=<P\b|<SYNC\b|</BODY)", "", text
        )
        notes = (f"The captions are in {len(set(classes))} languages; {taken} was taken, which has the most.",)
    events = _events(text, "sami", "SAMI")
    return CaptionTrack("sami", tuple(map(_subtitle, events)), notes=notes)


def read_lrc(text: str) -> CaptionTrack:
    """Read LRC, also with times inside lines; a line lasts until the next one.

    Raises:
        TranscriptInvalid: a line is longer than any caption's.
    """
    numbered_lines(text)
    match = _LRC_OFFSET.search(text)
    sooner = int(match[1]) / 1000 if match else 0.0
    cues = []
    for line in text.split("\n"):
        starts = _LRC_TIME.findall(line)
        said = _LRC_TIME.sub("", line)
        cues += [OpenCue(max(_lrc_seconds(start) - sooner, 0.0), None, _lrc_pieces(said, sooner)) for start in starts]
    cues.sort(key=lambda cue: cue.start)
    return CaptionTrack("lrc", tuple(cue for cue in closed(cues) if cue.text.strip()))


def read_table(text: str) -> CaptionTrack:
    """Read a table with tabs or commas: Whisper's (milliseconds) or an editor's labels (seconds).

    Raises:
        TranscriptInvalid: naming the line whose times cannot be read.
    """
    rows = list(csv.reader((line for _, line in numbered_lines(text)), delimiter="\t" if "\t" in text else ","))
    named = tuple(cell.strip().lower() for cell in rows[0]) in _TSV_HEADS
    cues = []
    for number, row in enumerate(rows[1:] if named else rows, start=2 if named else 1):
        if not any(cell.strip() for cell in row):
            continue
        try:
            start, end = (float(cell) for cell in row[:2])
        except ValueError as error:
            raise TranscriptInvalid(
                f"Line {number} of the captions does not say from when to when: {' '.join(row)[:60]!r}.",
                {"line": number},
            ) from error
        cues.append(plain_cue(start, end, " ".join(row[2:])))
    if named and all(cue.start == int(cue.start) for cue in cues) and max((cue.end for cue in cues), default=0) > 1000:
        return CaptionTrack("tsv", tuple(plain_cue(cue.start / 1000, cue.end / 1000, cue.text) for cue in cues))
    return CaptionTrack("tsv", tuple(cues))


def looks_like_table(text: str) -> bool:
    """Tell whether the first line begins with two times and a tab, or is the head of such a table."""
    first = text.lstrip().split("\n", 1)[0]
    cells = tuple(cell.strip().lower() for cell in re.split(r"[\t,]", first))
    return cells in _TSV_HEADS or bool(re.match(r"^\d+(?:\.\d+)?\t\d+(?:\.\d+)?\t", first))


def _events(text: str, format_: str, name: str, **options: float) -> Sequence[pysubs2.SSAEvent]:
    numbered_lines(text)  # refuses lines no caption has
    try:
        with warnings.catch_warnings(action="ignore"):
            events: Sequence[pysubs2.SSAEvent] = pysubs2.SSAFile.from_string(text, format_=format_, **options).events
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError, KeyError, OverflowError, AssertionError) as error:
        raise TranscriptInvalid(f"The {name} subtitles cannot be read: {error}.") from error
    return [event for event in events if not event.is_drawing]


def _subtitle(event: pysubs2.SSAEvent) -> Cue:
    return plain_cue(event.start / 1000, event.end / 1000, event.plaintext)


def _ass_cue(event: pysubs2.SSAEvent) -> Cue:
    start, end = event.start / 1000, event.end / 1000
    text = event.text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    beats = list(_KARAOKE.finditer(text))
    if len(beats) < 2:
        return plain_cue(start, end, text, event.name.strip() or None)
    pieces = [Piece(text[: beats[0].start()])] if text[: beats[0].start()].strip() else []
    clock = start
    for beat, following in itertools.zip_longest(beats, beats[1:]):
        pieces.append(Piece(text[beat.end() : following.start() if following else len(text)], min(clock, end)))
        clock += int(beat[1]) / 100
    return Cue(start, end, tuple(pieces), event.name.strip() or None)


def _lrc_pieces(line: str, sooner: float) -> tuple[Piece, ...]:
    if not _LRC_WORD.search(line):
        return (Piece(line),)
    head, *rest = _LRC_WORD.split(line)
    timed = [
        Piece(said, max(_lrc_seconds(start) - sooner, 0.0)) for start, said in zip(rest[::2], rest[1::2], strict=True)
    ]
    return (Piece(head), *timed) if head.strip() else tuple(timed)


def _lrc_seconds(clock: str) -> float:
    minutes, seconds, *fraction = re.split(r"[.:]", clock)
    return int(minutes) * 60 + float(f"{seconds}.{fraction[0] if fraction else 0}")
