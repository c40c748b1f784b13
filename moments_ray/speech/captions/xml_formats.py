"""Cues from XML: TTML in its dialects, and YouTube's srv1, srv2 and srv3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.cues import CaptionTrack, OpenCue, Piece, closed

_DEEPEST = 64
_CLOCK = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2})(?:\.(\d+)|:(\d{1,3})(?:\.\d+)?)?")
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|f|t)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_RUBY_TEXT = frozenset({"text", "textContainer", "delimiter"})


def read_xml(text: str) -> CaptionTrack:
    """Read TTML (DFXP, IMSC, iTunes, SMPTE-TT) or one of YouTube's formats.

    Raises:
        TranscriptInvalid: not XML, an XML of something else, or one with entities of its own.
    """
    if "<!ENTITY" in text or "<!DOCTYPE" in text.upper():
        raise TranscriptInvalid("The captions are XML with a document type of its own, which is not read; remove it.")
    try:
        root = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314 - no entities, see above
    except (ET.ParseError, ValueError, RecursionError) as error:
        raise TranscriptInvalid(f"The captions' XML cannot be read: {error}.") from error
    kind = _name(root)
    if kind == "tt":
        return _ttml(root)
    if kind in {"transcript", "timedtext"}:
        return _youtube(root)
    raise TranscriptInvalid(f"This XML is {kind[:40]!r}, not captions; TTML and YouTube's srv1, srv2, srv3 are read.")


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _attribute(element: ET.Element, name: str) -> str | None:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


# -- YouTube ----------------------------------------------------------------------------------------------------------


def _youtube(root: ET.Element) -> CaptionTrack:
    srv3 = root.find("body")
    if srv3 is not None:
        cues = [_paragraph(each) for each in srv3.iter("p") if "".join(each.itertext()).strip()]
        return CaptionTrack("srv3", tuple(closed(cues)))
    cues = []
    for each in root.iter("text"):
        milliseconds = "t" in each.attrib
        start = _number(each, "t" if milliseconds else "start") or 0.0
        length = _number(each, "d" if milliseconds else "dur")
        unit = 1000 if milliseconds else 1
        end = None if length is None else (start + length) / unit
        cues.append(OpenCue(start / unit, end, (Piece("".join(each.itertext())),)))
    return CaptionTrack("srv2" if root.find("text[@t]") is not None else "srv1", tuple(closed(cues)))


def _paragraph(element: ET.Element) -> OpenCue:
    start = (_number(element, "t") or 0.0) / 1000
    length = _number(element, "d")
    words = element.findall("s")
    pieces = [Piece(word.text or "", start + (_number(word, "t") or 0.0) / 1000) for word in words]
    plain = len(words) < 2 and not any("t" in word.attrib for word in words)
    if plain:
        pieces = [Piece("".join(element.itertext()))]
    return OpenCue(start, None if length is None else start + length / 1000, tuple(pieces))


def _number(element: ET.Element, name: str) -> float | None:
    value = element.get(name)
    if value is None:
        return None
    try:
        return min(max(float(value), 0.0), 1e9)
    except ValueError as error:
        raise TranscriptInvalid(f"The captions have a time that is no number: {name}={value[:40]!r}.") from error


# -- TTML -------------------------------------------------------------------------------------------------------------


class _Clock:
    """How a TTML document counts time."""

    def __init__(self, root: ET.Element) -> None:
        rate = float(_attribute(root, "frameRate") or 30)
        numerator, _, denominator = (_attribute(root, "frameRateMultiplier") or "1 1").partition(" ")
        self.frame = 1 / (rate * float(numerator) / float(denominator or 1))
        ticks = _attribute(root, "tickRate")
        self.tick = 1 / float(ticks) if ticks else self.frame

    def seconds(self, text: str | None) -> float | None:
        if text is None:
            return None
        if match := _CLOCK.fullmatch(text.strip()):
            hours, minutes, seconds, fraction, frames = match.groups()
            whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
            return float(f"{whole}.{fraction or 0}") + int(frames or 0) * self.frame
        if match := _OFFSET.fullmatch(text.strip()):
            return float(match[1]) * (_UNITS | {"f": self.frame, "t": self.tick})[match[2]]
        raise TranscriptInvalid(f"The captions have a time that TTML does not know: {text[:40]!r}.")


def _ttml(root: ET.Element) -> CaptionTrack:
    body = next((each for each in root if _name(each) == "body"), None)
    try:
        clock = _Clock(root)
    except (ValueError, ZeroDivisionError) as error:
        raise TranscriptInvalid("The captions name a frame rate or tick rate that is no number.") from error
    agents = {
        _attribute(agent, "id") or "": " ".join("".join(agent.itertext()).split())
        for agent in root.iter()
        if _name(agent) == "agent"
    }
    cues = list(_timed_elements(body, clock, (0.0, None), agents)) if body is not None else []
    cues.sort(key=lambda cue: cue.start)
    return CaptionTrack("ttml", tuple(closed(cues)), _attribute(root, "lang") or None)


def _timed_elements(
    element: ET.Element, clock: _Clock, within: tuple[float, float | None], agents: dict[str, str], depth: int = 0
) -> Iterator[OpenCue]:
    """Walk to the paragraphs; times count from the element around."""
    if depth > _DEEPEST:
        raise TranscriptInvalid("The captions' XML is nested too deeply.")
    start, end = _span(element, clock, within)
    if _name(element) != "p":
        for child in element:
            yield from _timed_elements(child, clock, (start, end), agents, depth + 1)
        return
    base = 0.0 if _spans_count_from_zero(element, clock, start, end) else start
    pieces = tuple(_pieces(element, clock, base, (None, None)))
    begins = [piece.start for piece in pieces if piece.start is not None]
    if _attribute(element, "begin") is None and begins:
        start = min(begins)
    elif _attribute(element, "begin") is None and within == (0.0, None):
        return  # never shown at a time
    if "".join(piece.text for piece in pieces).strip():
        yield OpenCue(start, end, pieces, agents.get(_attribute(element, "agent") or ""))


def _span(element: ET.Element, clock: _Clock, within: tuple[float, float | None]) -> tuple[float, float | None]:
    start = within[0] + (clock.seconds(_attribute(element, "begin")) or 0.0)
    stop = clock.seconds(_attribute(element, "end"))
    length = clock.seconds(_attribute(element, "dur"))
    if stop is not None:
        return start, within[0] + stop
    return start, start + length if length is not None else within[1]


def _spans_count_from_zero(paragraph: ET.Element, clock: _Clock, start: float, end: float | None) -> bool:
    """Tell the writers that give spans whole times, against the standard: else they would last beyond the paragraph."""
    spans = [each for each in paragraph.iter() if _name(each) == "span" and _attribute(each, "begin")]
    latest = max((_span(each, clock, (0.0, 0.0)) for each in spans), default=None)
    return latest is not None and end is not None and start + max(latest[0], latest[1] or 0.0) > end + 0.001


def _pieces(
    element: ET.Element, clock: _Clock, base: float, mark: tuple[float | None, float | None]
) -> Iterator[Piece]:
    """Return the text of a paragraph or span with its times; a line break is one, how ruby sounds is left out."""
    if _name(element) == "span" and _attribute(element, "begin") is not None:
        mark = _span(element, clock, (base, None))
    if element.text:
        yield Piece(_spaced(element.text), *mark)
    for child in element:
        name = _name(child)
        if name == "br":
            yield Piece("\n", *mark)
        elif name == "span" and _attribute(child, "ruby") not in _RUBY_TEXT:
            yield from _pieces(child, clock, base, mark)
        if child.tail:
            yield Piece(_spaced(child.tail), *mark)


def _spaced(text: str) -> str:
    """Return text with the line ends and indents of the file as one space, as XML means them."""
    return re.sub(r"\s+", " ", text)
