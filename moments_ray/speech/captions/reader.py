"""Reading captions by what they are, not by what they are called."""

from __future__ import annotations

import codecs
import re

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.cues import transcript_of
from moments_ray.speech.captions.json_formats import read_json
from moments_ray.speech.captions.timed_text import read_ass, read_srt, read_vtt
from moments_ray.speech.languages import normal_language
from moments_ray.speech.transcript import Transcript

LARGEST_BYTES = 32 * 1024**2  # a json3 of twelve hours of speech has about 10 MB

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASS = re.compile(r"^\s*\[Script Info\]|^Dialogue:\s*\d", re.IGNORECASE | re.MULTILINE)
_ARROW = re.compile(r"^[\d:., -]*-->", re.MULTILINE)
_SNIFFED = 4096  # characters


def read_captions(data: bytes, *, language: str | None = None) -> Transcript:
    """Read SRT, WebVTT, json3, ASS or our own JSON; ``language`` (a tag of any kind) overrides what the file says.

    Raises:
        TranscriptInvalid: not one of these formats, damaged (the message names the line), or too large.
    """
    if len(data) > LARGEST_BYTES:
        raise TranscriptInvalid(f"The captions are {len(data):,} bytes; at most {LARGEST_BYTES:,} are read.")
    language = normal_language(language)
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n")
    start = text[:_SNIFFED].lstrip()
    if not start:
        raise TranscriptInvalid("The captions are empty.")
    if start.startswith("WEBVTT"):
        cues, named = read_vtt(text.lstrip())
        return transcript_of(cues, language or normal_language(named))
    if _ASS.search(start):
        return transcript_of(read_ass(text), language)
    if start[0] in "{[":
        return read_json(text, language)
    if _ARROW.search(text):
        return transcript_of(read_srt(text), language)
    raise TranscriptInvalid("These are not captions we read; give SRT, WebVTT, ASS, YouTube's json3 or our own JSON.")


def _decode(data: bytes) -> str:
    """Decode by byte order mark, else as UTF-8, else as Windows-1252, which most old subtitle files are."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    if not damaged or sum(char > "\x7f" for char in text) > 2 * damaged:
        return text
    return data.decode("cp1252", errors="replace")
