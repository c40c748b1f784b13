"""Which files are kept as signed documents: told by their bytes alone, and none that acts when it is opened."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from moments_ray.errors import MediaLimitsExceeded, UnsupportedMedia

LARGEST = 20 * 1024**2
_PDF = b"%PDF-"
_MAGIC = {
    _PDF: (".pdf", "application/pdf"),
    b"\x89PNG\r\n\x1a\n": (".png", "image/png"),
    b"\xff\xd8\xff": (".jpg", "image/jpeg"),
}
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MARKUP = ("<svg", "<html", "<script", "<!doctype", "<?xml", "<body")
_MACROS = "word/vbaProject.bin"
_MOST_UNPACKED = 64 * 1024**2
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTS = re.compile(rb"/(?:JavaScript|JS|Launch|RichMedia|XFA)(?![A-Za-z0-9])")


def document_kind(data: bytes) -> tuple[str, str]:
    """Return suffix and content type of a document, by its bytes alone.

    Raises:
        MediaLimitsExceeded: it is larger than those that are kept.
        UnsupportedMedia: it is none of those that are kept, or holds a script.
    """
    if len(data) > LARGEST:
        raise MediaLimitsExceeded("A document may have 20 MiB: send a smaller scan.")
    if data.startswith(_PDF) and any(_ACTS.search(part) for part in _pdf_objects(data)):
        raise UnsupportedMedia("This PDF holds a script or starts something: print it into a plain one.")
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp", "image/webp"
    if _is_docx(data):
        return ".docx", _DOCX
    if _is_plain(data):
        return ".txt", "text/plain"
    raise UnsupportedMedia("This is no document that is kept: send a PDF, PNG, JPEG, WebP, DOCX or plain text.")


def _pdf_objects(data: bytes) -> Iterator[bytes]:
    """Yield what of a PDF is objects: all but its streams, and of those the ones that pack objects."""
    left, end = _MOST_UNPACKED, 0
    for stream in _STREAM.finditer(data):
        head, end = _unescaped(data[end : stream.start()]), stream.end()
        yield head
        if b"/ObjStm" in head and left > 0:
            unpacked = _inflated(stream[1], left)
            left -= len(unpacked)
            yield _unescaped(unpacked)
    yield _unescaped(data[end:])


def _inflated(packed: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        return b""


def _unescaped(part: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), part)


def _is_docx(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return "word/document.xml" in (names := archive.namelist()) and _MACROS not in names
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def _is_plain(data: bytes) -> bool:
    """Tell whether it is text that no browser would take for a page or a picture."""
    try:
        text = data.decode("utf-8-sig").lower()
    except UnicodeDecodeError:
        return False
    readable = all(each.isprintable() or each.isspace() for each in text)
    return bool(text.strip()) and readable and not any(word in text for word in _MARKUP)
