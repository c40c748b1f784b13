"""One short talk, and ways to write it that tools have."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

Line = tuple[float, float, str]
TimedWord = tuple[str, float, float]

TALK: list[Line] = [
    (1.0, 3.9, "Good bread needs only four things, and one of"),
    (4.0, 5.4, "them is time."),
    (6.0, 8.9, "Most people rush the dough, and then they wonder"),
    (9.0, 10.8, "why it tastes of nothing."),
    (12.0, 14.9, "Let me show you what happens inside the bowl"),
    (15.0, 16.5, "during the first hour."),
    (17.5, 20.4, "The flour drinks the water slowly, and the proteins"),
    (20.5, 22.0, "begin to hold hands."),
    (23.0, 25.4, "You do not have to knead at all if"),
    (25.5, 27.0, "you are willing to wait."),
]


def words(lines: Sequence[Line] = TALK) -> list[TimedWord]:
    """Time the words of lines: shared by length, with a short silence after each."""
    timed = []
    for start, end, text in lines:
        said = text.split()
        letters = sum(len(word) + 1 for word in said)
        clock = start
        for word in said:
            share = (end - start) * (len(word) + 1) / letters
            timed.append((word, round(clock, 3), round(clock + share * 0.95, 3)))
            clock += share
    return timed


def text_of(lines: Sequence[Line] = TALK) -> str:
    return " ".join(text for _, _, text in lines)


def clock(seconds: float, mark: str = ",") -> str:
    milliseconds = round(seconds * 1000)
    return (
        f"{milliseconds // 3_600_000:02}:{milliseconds // 60_000 % 60:02}:{milliseconds // 1000 % 60:02}"
        f"{mark}{milliseconds % 1000:03}"
    )


def srt(lines: Sequence[Line] = TALK, mark: str = ",") -> str:
    return "".join(
        f"{number}\n{clock(start, mark)} --> {clock(end, mark)}\n{text}\n\n"
        for number, (start, end, text) in enumerate(lines, start=1)
    )


def vtt(lines: Sequence[Line] = TALK, head: str = "WEBVTT\n\n") -> str:
    cues = (f"{clock(start, '.')} --> {clock(end, '.')}\n{text}\n\n" for start, end, text in lines)
    return head + "".join(cues)


def each(change: str, lines: Sequence[Line] = TALK) -> list[Line]:
    """Write every line by a template."""
    return [(start, end, change.format(text)) for start, end, text in lines]


def highlighted(opening: str, closing: str, *, gaps: bool = False) -> list[Line]:
    """Show each line once a word, with that word marked; ``gaps`` shows it unmarked between words too."""
    shown: list[Line] = []
    timed = iter(words())
    for _, line_end, text in TALK:
        said = text.split()
        times = [next(timed) for _ in said]
        for index, (word, start, end) in enumerate(times):
            marked = [*said[:index], f"{opening}{word}{closing}", *said[index + 1 :]]
            following = times[index + 1][1] if index + 1 < len(times) else line_end
            shown.append((start, end if gaps else following, " ".join(marked)))
            if gaps and following > end:
                shown.append((end, following, text))
    return shown


def rolled(gap: float, rows: int = 2) -> list[Line]:
    """Let lines scroll, ``rows`` of them on screen at once."""
    return [
        (start, end - gap, "\n".join(text for _, _, text in TALK[max(index - rows + 1, 0) : index + 1]))
        for index, (start, end, _) in enumerate(TALK)
    ]


def dumped(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


def segments(start: str = "start", end: str = "end", text: str = "text", unit: float = 1) -> list[dict[str, Any]]:
    return [{start: _in(begin, unit), end: _in(stop, unit), text: said} for begin, stop, said in TALK]


def word_items(start: str = "start", end: str = "end", text: str = "word", unit: float = 1) -> list[dict[str, Any]]:
    return [{text: word, start: _in(begin, unit), end: _in(stop, unit)} for word, begin, stop in words()]


def with_words(text: str = "word", lead: str = "") -> list[dict[str, Any]]:
    """Segments with their words, as Whisper has them."""
    timed = iter(words())
    return [
        {
            "start": begin,
            "end": stop,
            "text": f"{lead}{said}",
            "words": [
                {text: f"{lead}{word}", "start": start, "end": end}
                for word, start, end in (next(timed) for _ in said.split())
            ],
        }
        for begin, stop, said in TALK
    ]


def without_times(items: list[dict[str, Any]], every: int, *, null: bool) -> list[dict[str, Any]]:
    """Take the times from every n-th word of segments."""
    count = 0
    for item in items:
        for word in item["words"]:
            count += 1
            if count % every == 0:
                word.update(start=None, end=None) if null else (word.pop("start"), word.pop("end"))
    return items


def punctuated_apart(item: Any, mark: Any) -> list[dict[str, Any]]:
    """Give punctuation as items of its own, as Amazon, Rev and Speechmatics do."""
    items = []
    for word, start, end in words():
        plain = re.sub(r"[.,]$", "", word)
        items.append(item(plain, start, end))
        if plain != word:
            items.append(mark(word[-1]))
    return items


def _in(seconds: float, unit: float) -> float:
    return round(seconds * unit) if unit > 1 else seconds
