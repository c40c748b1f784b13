"""Reading captions by what they are, not by what they are called."""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic import JsonValue

from moments_ray.errors import TranscriptInvalid
from moments_ray.speech.captions.cues import CaptionTrack
from moments_ray.speech.captions.encoding import DecodedText, decode
from moments_ray.speech.captions.json_formats import read_json
from moments_ray.speech.captions.subtitle_files import (
    looks_like_table,
    read_ass,
    read_lrc,
    read_microdvd,
    read_mpl2,
    read_sami,
    read_table,
    read_tmplayer,
)
from moments_ray.speech.captions.timed_text import looks_like_sbv, looks_like_srt, read_sbv, read_srt, read_vtt
from moments_ray.speech.captions.transcribe import transcript_of
from moments_ray.speech.captions.xml_formats import read_xml
from moments_ray.speech.languages import normal_language
from moments_ray.speech.transcript import Transcript

LARGEST_BYTES = 32 * 1024**2  # a json3 of twelve hours of speech has about 10 MB

_READ = (
    "SRT, WebVTT, SBV, ASS, TTML, srv1 to srv3, json3, LRC, MicroDVD, SAMI, Whisper's TSV and JSON of words or segments"
)
_SNIFFED = 4096  # characters

# What is known and not read: how its bytes or its text begin, and what it is called.
_OTHER_BYTES = (
    (re.compile(rb"\A.{3}STL\d\d\.\d\d", re.DOTALL), "an EBU STL file"),
    (re.compile(rb"\APG.{8}[\x14-\x17\x80]", re.DOTALL), "pictures of subtitles (PGS, .sup)"),
    (re.compile(rb"\A\x00\x00\x01\xba"), "pictures of subtitles (VobSub, .sub)"),
    (re.compile(rb"\APK\x03\x04"), "a zip archive or an office document"),
    (re.compile(rb"\A%PDF"), "a PDF document"),
    (re.compile(rb"\A\x1f\x8b"), "a gzip archive"),
    (re.compile(rb"\A\x1aE\xdf\xa3"), "a Matroska video"),
    (re.compile(rb"\A.{4}ftyp", re.DOTALL), "an MP4 video"),
    (re.compile(rb"\A(?:RIFF|ID3|OggS|fLaC)"), "a sound or video file"),
    (re.compile(rb"\A\{\\rtf"), "an RTF document"),
)
_OTHER_TEXT = (
    (re.compile(r"\AScenarist_SCC", re.IGNORECASE), "a Scenarist SCC file"),
    (re.compile(r"\A# VobSub index file", re.IGNORECASE), "the index of pictures of subtitles (VobSub, .idx)"),
    (re.compile(r"\A(?:<!doctype html|<html)", re.IGNORECASE), "a web page"),
    (re.compile(r'\AFile type = "ooTextFile"'), "a Praat TextGrid"),
    (re.compile(r"\A\{QTtext\}", re.IGNORECASE), "QuickTime text"),
    (
        re.compile(r"\A<(?:\?xml[^>]*>\s*<)?(?:fcpxml|xmeml|opentimelineio|rss|plist|svg)\b", re.IGNORECASE),
        "XML of something else",
    ),
    (re.compile(r"\A#EXTM3U"), "a playlist of segments, which have the captions"),
)

_ASS = re.compile(r"\A\[(?:Script Info|V4\+? Styles|Events)\]", re.IGNORECASE)
_ASS_LINE = re.compile(r"\A(?:Dialogue|Comment):\s*(?:Marked=)?\d+,\s*\d+:\d\d:\d\d[.:]\d\d,")
_SUBVIEWER = re.compile(r"\A\[INFORMATION\].*?(?=^\d+:\d\d:\d\d\.)", re.IGNORECASE | re.DOTALL | re.MULTILINE)

_FORMATS: tuple[tuple[Callable[[str], object], Callable[[str], CaptionTrack]], ...] = (
    (re.compile(r"\AWEBVTT(?:[ \t\n]|\Z)").match, read_vtt),
    (_ASS.match, read_ass),
    (_ASS_LINE.match, read_ass),
    (re.compile(r"\A<SAMI", re.IGNORECASE).match, read_sami),
    (re.compile(r"\A<(?:\?xml|tt[\s:>]|\w+:tt\b|timedtext\b|transcript\b|!--)", re.IGNORECASE).match, read_xml),
    (re.compile(r"\A\{\s*\d+\s*\}\s*\{\s*\d*\s*\}").match, read_microdvd),
    (re.compile(r"\A\[-?\d+\]\[-?\d+\]").match, read_mpl2),
    (re.compile(r"\A(?:\[\w+:[^\]\n]*\]\s*)*\[\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?\]").match, read_lrc),
    (_SUBVIEWER.match, lambda text: read_sbv(_SUBVIEWER.sub("", text))),
    (looks_like_sbv, read_sbv),
    (looks_like_table, read_table),
)


def read_captions(data: bytes, *, language: str | None = None, encoding: str | None = None) -> Transcript:
    """Read captions or a transcript of any format that is known, told by its first lines.

    ``language`` (a tag of any kind) overrides what the file says, and of a file in two languages takes that one;
    ``encoding`` overrides what is found. ``health`` names the ``format`` and ``encoding``, and has ``notes`` on
    whatever had to be assumed or left out.

    Raises:
        TranscriptInvalid: none of these formats, damaged (the message names the line), or too large.
        InvalidRequest: there is no such encoding, or the file is not written in it.
    """
    if len(data) > LARGEST_BYTES:
        raise TranscriptInvalid(f"The captions are {len(data):,} bytes; at most {LARGEST_BYTES:,} are read.")
    _refuse(data, _OTHER_BYTES)
    decoded = decode(data, encoding)
    text = re.sub("\r+\n?", "\n", decoded.text.replace("\r\r\n", "\r\n").replace("\r\n", "\n")).replace("\ufeff", "")
    language = normal_language(language)
    found = _read(text.lstrip("\n\t \x00"), text, language)
    transcript = found if isinstance(found, Transcript) else transcript_of(found, language)
    return _with_account(transcript, found, decoded)


def _read(start: str, text: str, language: str | None) -> CaptionTrack | Transcript:
    if not start:
        raise TranscriptInvalid("The captions are empty.")
    _refuse(start[:_SNIFFED], _OTHER_TEXT)
    for fits, read in _FORMATS:
        if fits(start):
            return read(start)
    if start[0] in "{[" and not start.startswith("[0"):
        return read_json(start, language)
    if looks_like_srt(text):
        return read_srt(text)
    if re.match(r"\d{1,2}:\d\d:\d\d:.+\n", start):
        return read_tmplayer(start)
    raise TranscriptInvalid(f"These are not captions we read; give {_READ}.")


def _refuse(start: bytes | str, others: tuple[tuple[re.Pattern[bytes] | re.Pattern[str], str], ...]) -> None:
    name = next((name for pattern, name in others if pattern.match(start)), None)  # type: ignore[arg-type]
    if name is not None:
        raise TranscriptInvalid(f"This is {name}, not captions we read; give {_READ}.")


def _with_account(transcript: Transcript, found: CaptionTrack | Transcript, decoded: DecodedText) -> Transcript:
    """Note how the file was read."""
    notes = transcript.health.get("notes")
    told: list[JsonValue] = list(notes) if isinstance(notes, list) else []
    if decoded.guessed:
        told.insert(
            0,
            f"The file does not say how it is written; it was read as {decoded.encoding}. Name another by --encoding.",
        )
    format_ = found.format if isinstance(found, CaptionTrack) else "json"
    health: dict[str, JsonValue] = {"format": format_, "encoding": decoded.encoding}
    return transcript.model_copy(update={"health": {**health, "notes": told} if told else health})
