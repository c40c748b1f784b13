"""Server-sent events as they come over a connection, after the WHATWG's HTML standard, section 9.2."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from moments_ray.errors import ServerBadAnswer

_LINE_END = re.compile(r"\r\n|\n|\r")
_LARGEST = 4 * 1024 * 1024  # characters of one event


@dataclass(frozen=True)
class StreamedEvent:
    """One event: the id of the last one that had one, its data, and what it tells."""

    identifier: str
    data: str
    type: str = "message"


class EventDecoder:
    """Takes bytes in whatever pieces they come, and gives the events that are complete."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._size = 0
        self._identifier = ""
        self._data: list[str] = []
        self._type = "message"

    def feed(self, piece: bytes) -> Iterator[StreamedEvent]:
        """Yield the events that a piece completes.

        Raises:
            ServerBadAnswer: an event is larger than any of ours.
        """
        self._text += self._utf8.decode(piece)
        held = self._text.endswith("\r")  # the second half of a line's end may be in the next piece
        *lines, self._text = _LINE_END.split(self._text[:-1] if held else self._text)
        self._text += "\r" if held else ""
        for line in lines:
            yield from self._line(line)
        if len(self._text) + self._size > _LARGEST:
            raise ServerBadAnswer(f"The server sent an event of more than {_LARGEST:,} characters.")

    def _line(self, line: str) -> Iterator[StreamedEvent]:
        if not line:
            if self._data:
                yield StreamedEvent(self._identifier, "\n".join(self._data), self._type)
            self._data, self._size, self._type = [], 0, "message"
            return
        field, _, value = line.partition(":")  # a line that begins with a colon is a comment, and its field is empty
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._size += len(value)
        elif field == "id":
            self._identifier = value
        elif field == "event":
            self._type = value
