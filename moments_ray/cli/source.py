"""What a user names on the command line, looked at before anything is started."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import tempfile
from pathlib import Path

from moments_ray.errors import InvalidRequest, SourceNotFound
from moments_ray.library.service import Address
from moments_ray.media.guard import canonical_url, check_url
from moments_ray.media.probe import probe
from moments_ray.settings import Settings
from moments_ray.speech.captions.reader import LARGEST_BYTES

_SHOWN_CHARACTERS = 300

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


async def examine(text: str, settings: Settings) -> Address:
    """Tell URL from file and refuse what can never be a video.

    Raises:
        UrlNotAllowed: the URL may not be fetched, or is not one of the web.
        InputError: the file is not there, not a video, cut short, or over the limits.
    """
    if _SCHEME.match(text):
        await check_url(text, settings.download)
        return Address(canonical_url(text), url=text)
    if not text.strip():
        raise InvalidRequest("Name a video: a file, or a URL that begins with http:// or https://.")
    path = Path(text)
    if not _is_text(text):
        raise InvalidRequest(f"The name {shown_name(text)} is not UTF-8, and cannot be stored; rename the file.")
    if not await asyncio.to_thread(_exists, path):
        raise SourceNotFound(f"There is no file {shown_name(text)}")
    info = await probe(path, settings.media)
    digest = await asyncio.to_thread(_sha256, path)
    return Address(f"sha256:{digest}", path=str(path.resolve()), warnings=info.warnings)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_captions_file(path: Path) -> bytes:
    """Return a caption file's bytes, of one that is too large only so many that its reader refuses it.

    Raises:
        SourceNotFound: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise SourceNotFound(f"The caption file {shown_name(str(path))} cannot be read: {reason}") from error


def require_writable(directory: Path) -> None:
    """Make sure that results can be written to a directory, and leave it as it was, there or not.

    Raises:
        InvalidRequest: they cannot.
    """
    missing = []
    try:
        missing = [one for one in (directory, *directory.parents) if not one.exists()]
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = (
            f"nothing can be written to {shown_name(str(directory))} ({reason}); name another directory with --out"
        )
        raise InvalidRequest(message) from error
    finally:
        for one in missing:
            with contextlib.suppress(OSError, ValueError):
                one.rmdir()


def _is_text(name: str) -> bool:
    """Tell whether a name is Unicode; bytes of a name that are not come as surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, a directory that may not be entered
        return False


def shown_name(name: str) -> str:
    """Return a name as a message can hold it: not endless, and nothing in it that a terminal would obey."""
    short = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
    return short if short.isprintable() else repr(short)
