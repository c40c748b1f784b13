"""Signed documents are told by their bytes, and none is kept that acts when it is opened."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest

from moments_ray.editor.documents import LARGEST, document_kind
from moments_ray.errors import MediaLimitsExceeded, UnsupportedMedia

SCRIPT = b"<</S/JavaScript/JS(app.alert(1))>>"


def pdf(*objects: bytes) -> bytes:
    return b"%PDF-1.7\n" + b"\n".join(objects) + b"\n%%EOF"


def packed(content: bytes, kind: bytes) -> bytes:
    """A stream of a PDF, as its writers compress it."""
    return b"<</Type%s/Filter/FlateDecode>>stream\r\n%s\nendstream" % (kind, zlib.compress(content))


def docx(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "<w/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (pdf(b"1 0 obj<</Type/Page/JScript 4/Author(J#53)>>endobj"), ".pdf"),
        (pdf(packed(SCRIPT, b"/XObject")), ".pdf"),  # what a picture is made of is no object
        (pdf(packed(b"<</Type/Page>>", b"/ObjStm")), ".pdf"),
        (docx("word/document.xml"), ".docx"),
        ("Ich stimme zu. ✍".encode(), ".txt"),
    ],
)
def test_a_document_is_kept_by_what_it_is(data: bytes, suffix: str) -> None:
    assert document_kind(data)[0] == suffix


@pytest.mark.parametrize(
    "data",
    [
        pdf(b"1 0 obj<</OpenAction" + SCRIPT + b">>endobj"),
        pdf(b"1 0 obj<</S/J#61vaScript>>endobj"),
        pdf(b"1 0 obj<</S/Launch/F(cmd.exe)>>endobj"),
        pdf(packed(b"nothing", b"/XObject"), packed(SCRIPT, b"/ObjStm")),
        pdf(packed(SCRIPT, b"/#4fbjStm")),
        docx("word/document.xml", "word/vbaProject.bin"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"",
    ],
)
def test_what_acts_when_it_is_opened_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        document_kind(data)


def test_a_document_may_have_twenty_mebibytes() -> None:
    assert document_kind(b"a" * LARGEST)[0] == ".txt"
    with pytest.raises(MediaLimitsExceeded):
        document_kind(b"a" * (LARGEST + 1))
