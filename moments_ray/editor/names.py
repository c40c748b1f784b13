"""The names that files have in /media/: what they are of, when they were made, and what nobody guesses."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import UTC, datetime

_LONGEST_SLUG = 40


def slug(title: str) -> str:
    """Return a title as lower-case letters and digits of ASCII with dashes between, ``film`` where none is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-") or "film"


def dated_name(stem: str, suffix: str) -> str:
    """Return ``STEM_YYYYMMDD_HHMMSS_xxxxxx.mp4``, in UTC; without a stem it begins with the date."""
    made = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(3)}{suffix}"
    return f"{stem}_{made}" if stem else made
