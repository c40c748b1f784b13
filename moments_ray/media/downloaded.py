"""What a download leaves."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue

_UNSAVABLE = re.compile(r'[<>:"/\\|?*\u202a-\u202e\u2066-\u2069]')  # Windows', and what turns directions
_MAX_FILE_NAME_LENGTH = 100
_MAX_TITLE_LENGTH = 300


class SiteCaptions(BaseModel):
    """A caption file that a site offers for its video; ``automatic`` if the site's own recogniser wrote it."""

    model_config = ConfigDict(frozen=True)

    path: Path
    language: str
    automatic: bool


class Chapter(BaseModel):
    """A part of a video as its maker named it; times in seconds."""

    model_config = ConfigDict(frozen=True)

    start_time: FiniteFloat
    end_time: FiniteFloat
    title: str


class Replays(BaseModel):
    """How often a piece of a video was played again, against the piece that was most: 0 to 1; times in seconds."""

    model_config = ConfigDict(frozen=True)

    start_time: FiniteFloat
    end_time: FiniteFloat
    value: FiniteFloat


class SiteSignals(BaseModel):
    """Chapters and replays of a video, each in time order without overlap; empty where the site has none."""

    model_config = ConfigDict(frozen=True)

    chapters: tuple[Chapter, ...] = ()
    replays: tuple[Replays, ...] = ()


class Downloaded(BaseModel):
    """A fetched video: its file and size in bytes, and what the site says of it; a title is data, never a name.

    ``about`` is what yt-dlp tells of chapters and replays, for ``site_signals`` to read once the duration is known.
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    bytes: int
    title: str | None = None
    site: str | None = None
    site_id: str | None = None
    captions: tuple[SiteCaptions, ...] = ()
    about: dict[str, JsonValue] = Field(default_factory=dict, repr=False)


def clean_title(text: str) -> str | None:
    """Return a title of at most 300 characters without control characters and lone surrogates, or None."""
    kept = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} else character for character in text
    )
    return " ".join(kept.split())[:_MAX_TITLE_LENGTH] or None


def file_name(title: str, suffix: str) -> str:
    """Return a title as the name of a file that every system can keep."""
    kept = _UNSAVABLE.sub(" ", clean_title(title) or "")
    stem = " ".join(kept.split())[:_MAX_FILE_NAME_LENGTH].strip(". ")
    return f"{stem or 'video'}{suffix}"
