"""Cues from the line formats: SRT, WebVTT and SBV."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.cues import CaptionTrack, Cue, Piece
from moments_ray.speech.captions.text import without_markup

LONGEST_LINE = 200_000  # characters

_TIME = r"(-?)(?:(\d{1,4})\s?:\s?)?(\d{1,2})\s?:\s?(\d{1,2})(?:\s?[.,:;]\s?(\d{1,6}))?"
# Translators and word processors make much of the arrow.
_ARROW = r"(?:-{1,2}\s?>|[–—→⟶])>?"
_BEGINS_WITH_TIME = re.compile(rf"^\s*-?\d[\d:., ]*:[\d:.,; ]*{_ARROW}")
_TIMING = re.compile(rf"^\s*{_TIME}\s*{_ARROW}\s*{_TIME}(?:\s.*)?$")
_SBV_TIMING = re.compile(rf"^{_TIME}\s*,\s*{_TIME}\s*$")
_INLINE_TIME = re.compile(rf"<{_TIME}>")
_VOICE = re.compile(r"<v(?:\.[\w.-]+)?[ \t]+([^<>\n]{1,60})>")
_LANGUAGE = re.compile(r"^Language:\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*$")
_MAP = re.compile(r"^X-TIMESTAMP-MAP=(?=.*MPEGTS:(\d{1,19}))(?=.*LOCAL:([\d:.]+))", re.IGNORECASE)
_VTT_BLOCKS_WITHOUT_SPEECH = ("NOTE", "STYLE", "REGION", "WEBVTT")
_MPEG_TICKS_A_SECOND = 90_000
_MPEG_TICKS = 1 << 33  # the clock of transport streams begins again after 26.5 hours

_TOUCHING_SECONDS = 0.1
_NUMBERED_SHARE = 0.5
_FEWEST_LINES = 4
_NEXT_FILE = "\x00next file"

Lines = list[tuple[int, str]]


@dataclass(frozen=True)
class _Block:
    """The times of a cue, the lines below them, and which of the joined files it is in."""

    start: float
    end: float
    body: tuple[str, ...]
    file: int = 0


def read_srt(text: str) -> CaptionTrack:
    """Read SubRip: numbers may be missing or given twice, lines doubled, blank lines anywhere, times in other forms.

    Raises:
        TranscriptInvalid: naming the line whose times cannot be read.
    """
    blocks = _blocks(_single_spaced(numbered_lines(text)), _BEGINS_WITH_TIME, _TIMING)
    return CaptionTrack("srt", tuple(_cue(block) for block in _without_numbers(blocks)))


def read_sbv(text: str) -> CaptionTrack:
    """Read YouTube's SBV: a line of two times, then text.

    Raises:
        TranscriptInvalid: naming the line that cannot be read.
    """
    blocks = _blocks(_single_spaced(numbered_lines(text)), _SBV_TIMING, _SBV_TIMING)
    joined = [replace(block, body=tuple(line.replace("[br]", "\n") for line in block.body)) for block in blocks]
    return CaptionTrack("sbv", tuple(_cue(block) for block in joined))


def read_vtt(text: str) -> CaptionTrack:
    """Read WebVTT with its inline word times, and files joined of the segments of a stream.

    Raises:
        TranscriptInvalid: naming the line whose times cannot be read.
    """
    lines = _single_spaced(numbered_lines(text))
    language = None
    for _, line in lines[1:]:
        if not line or "-->" in line:
            break
        if match := _LANGUAGE.match(line):
            language = match[1]
    spoken, offsets = _parted(lines)
    blocks = [
        replace(block, start=block.start + offsets[block.file], end=block.end + offsets[block.file])
        for block in _blocks(spoken, _BEGINS_WITH_TIME, _TIMING)
    ]
    cues = [_cue(block) for block in _once(_without_names(blocks))]
    notes = ("The file is joined of segments; their own clocks were followed.",) if any(offsets) else ()
    speakers = frozenset(_name(voice) for voice in _VOICE.findall(text))
    return CaptionTrack("vtt", tuple(cues), language, notes, speakers)


def looks_like_srt(text: str) -> bool:
    """Tell whether any line is one of SubRip's times."""
    return any(_BEGINS_WITH_TIME.match(line) for line in text.split("\n"))


def looks_like_sbv(text: str) -> bool:
    """Tell whether the first line that is not blank is one of SBV's times."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return bool(_SBV_TIMING.match(first))


def numbered_lines(text: str) -> Lines:
    """Return a text's lines with their numbers.

    Raises:
        TranscriptInvalid: a line is longer than any caption's.
    """
    lines = list(enumerate(text.split("\n"), start=1))
    for number, line in lines:
        if len(line) > LONGEST_LINE:
            raise TranscriptInvalid(
                f"Line {number} of the captions is {len(line):,} characters long; no caption is.", {"line": number}
            )
    return lines


def clock_seconds(text: str) -> float | None:
    """Read a time such as ``00:01:02.5``, None if it is none."""
    match = re.fullmatch(_TIME, text.strip())
    return _seconds(*match.groups()) if match else None


def pieces_of(text: str) -> tuple[Piece, ...]:
    """Part text at its inline times."""
    pieces: list[Piece] = []
    start: float | None = None
    position = 0
    for match in _INLINE_TIME.finditer(text):
        pieces.append(Piece(text[position : match.start()], start))
        start = _seconds(*match.groups())
        position = match.end()
    return (*pieces, Piece(text[position:], start))


def _single_spaced(lines: Lines) -> Lines:
    """Undo doubled line ends: every line is followed by a blank one, and blocks by three."""
    filled = [index for index, (_, line) in enumerate(lines) if line.strip()]
    gaps = {after - before - 1 for before, after in itertools.pairwise(filled)}
    if len(filled) < _FEWEST_LINES or gaps == {1} or not all(gap % 2 for gap in gaps):
        return lines
    return lines[filled[0] % 2 :: 2]


def _blocks(lines: Lines, begins: re.Pattern[str], timing: re.Pattern[str]) -> list[_Block]:
    blocks: list[_Block] = []
    times: tuple[float, float] | None = None
    body: list[str] = []
    file = file_of_cue = 0
    for number, line in lines:
        if line == _NEXT_FILE:
            file += 1
        elif begins.match(line):
            if times:
                blocks.append(_Block(*times, tuple(body), file_of_cue))
            times, body, file_of_cue = _times(line, number, timing), [], file
        else:
            body.append(line)
    if times:
        blocks.append(_Block(*times, tuple(body), file_of_cue))
    return blocks


def _times(line: str, number: int, timing: re.Pattern[str]) -> tuple[float, float]:
    match = timing.match(line)
    if not match:
        raise TranscriptInvalid(
            f"Line {number} of the captions does not say from when to when: {line.strip()[:60]!r}.", {"line": number}
        )
    groups = match.groups()
    return _seconds(*groups[:5]), _seconds(*groups[5:])


def _seconds(sign: str, hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return float(f"{sign}{whole}.{int(fraction or 0):0{len(fraction or '0')}}")


def _cue(block: _Block) -> Cue:
    text = _VOICE.sub(lambda match: f"\n{_name(match[1])}: ", "\n".join(block.body)).strip("\n")
    return Cue(block.start, block.end, pieces_of(text))


def _name(voice: str) -> str:
    """Return a voice's name as it can stand before a colon."""
    return " ".join(re.sub(r"[:.,;!?]", " ", voice).split())


# -- SubRip's numbers -------------------------------------------------------------------------------------------------


def _without_numbers(blocks: list[_Block]) -> Iterator[_Block]:
    """Take the next cue's number off the end of each cue's lines, where this file numbers its cues."""
    numbered = [_last_number(block.body) is not None for block in blocks[:-1]]
    is_numbered = sum(numbered) >= max(_NUMBERED_SHARE * len(numbered), 1)
    for block in blocks[:-1]:
        yield replace(block, body=_without_number(block.body, is_numbered=is_numbered))
    yield from blocks[-1:]


def _without_number(body: tuple[str, ...], *, is_numbered: bool) -> tuple[str, ...]:
    """Drop a number that stands right above the next times, or anywhere above them in a numbered file."""
    filled = [index for index, line in enumerate(body) if line.strip()]
    number = _last_number(body)
    if number is None or not (is_numbered or filled[-1] == len(body) - 1):
        return body
    # The same number once more is a number too, unless it is what the lines above end with.
    if len(filled) > 2 and body[filled[-2]].strip() == number and not body[filled[-2] - 1].strip():
        return body[: filled[-2]]
    return body[: filled[-1]]


def _last_number(body: Sequence[str]) -> str | None:
    last = next((line.strip() for line in reversed(body) if line.strip()), "")
    return last if last.isdigit() else None


# -- WebVTT's blocks and joined files ---------------------------------------------------------------------------------


def _parted(lines: Lines) -> tuple[Lines, list[float]]:
    """Leave out what is no cue; return the lines, with a mark where another file begins, and each file's offset."""
    kept: Lines = []
    offsets = [0.0]
    first_map: float | None = None
    latest = 0
    skipping, after_blank = True, False  # the header is a block without speech
    for number, line in lines[1:]:
        if _BEGINS_WITH_TIME.match(line):
            skipping = False
        elif after_blank or line.rstrip() == "WEBVTT":
            skipping = line.split(" ", 1)[0].split("\t", 1)[0].strip() in _VTT_BLOCKS_WITHOUT_SPEECH
            if skipping and line.startswith("WEBVTT"):
                kept.append((number, _NEXT_FILE))
                offsets.append(offsets[-1])
        after_blank = not line.strip()
        if match := _MAP.match(line):
            ticks = int(match[1])
            latest = ticks + (_MPEG_TICKS if ticks + _MPEG_TICKS // 2 < latest else 0)
            offset = latest / _MPEG_TICKS_A_SECOND - (clock_seconds(match[2]) or 0.0)
            first_map = offset if first_map is None else first_map
            offsets[-1] = round(offset - first_map, 3)
        elif not skipping:
            kept.append((number, line))
    return kept, offsets


def _without_names(blocks: list[_Block]) -> Iterator[_Block]:
    """Drop the next cue's name: the line right above its times, if a number or below a blank line."""
    for block, following in itertools.pairwise(blocks):
        body = block.body
        last = body[-1].strip() if body else ""
        named = last.isdigit() or (len(body) > 1 and not body[-2].strip())
        yield replace(block, body=body[:-1]) if last and named and following.file == block.file else block
    yield from blocks[-1:]


def _once(blocks: Iterator[_Block]) -> Iterator[_Block]:
    """Take cues once that two files of a stream share, as each holds what is seen in its own time."""
    earlier: list[_Block] = []
    for block in blocks:
        text = _shown(block)
        twin = next(
            (
                index
                for index, each in enumerate(earlier)
                if each.file < block.file and _shown(each) == text and block.start <= each.end + _TOUCHING_SECONDS
            ),
            None,
        )
        if twin is not None:
            old = earlier.pop(twin)
            block = replace(block, start=min(old.start, block.start), end=max(old.end, block.end))  # noqa: PLW2901
        while len(earlier) >= 4:
            yield earlier.pop(0)
        earlier.append(block)
    yield from earlier


def _shown(block: _Block) -> str:
    return " ".join(without_markup(" ".join(block.body)).split())
