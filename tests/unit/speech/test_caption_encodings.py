"""The encoding of a caption file is found out, and named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from moments_ray.errors import InvalidRequest
from moments_ray.speech.captions import read_captions
from moments_ray.speech.health import check
from tests.unit.speech.caption_reading import notes, read
from tests.unit.speech.caption_talk import srt
from tests.unit.speech.caption_texts import TEXTS

ENCODINGS = [
    *(("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "cp866"), ("ru", "utf-16"), ("uk", "cp1251"), ("bg", "cp1251")),
    *(
        ("ja", "shift_jis"),
        ("ja", "euc-jp"),
        ("ja", "iso2022_jp"),
        ("zh-Hant", "big5"),
        ("zh", "gbk"),
        ("zh", "gb18030"),
    ),
    *(("ko", "euc-kr"), ("el", "cp1253"), ("el", "iso8859-7"), ("he", "cp1255"), ("ar", "cp1256"), ("fa", "cp1256")),
    *(("tr", "cp1254"), ("cs", "cp1250"), ("cs", "iso8859-2"), ("pl", "cp1250"), ("pl", "iso8859-2"), ("hu", "cp1250")),
    *(("ro", "cp1250"), ("de", "cp1252"), ("fr", "cp1252"), ("es", "cp1252"), ("sv", "cp1252"), ("th", "cp874")),
    *(("lt", "cp1257"), ("de", "utf-8"), ("ja", "utf-8-sig")),
]


def captioned(text: str, seconds: float = 4.0, letters: int = 40) -> str:
    """Show a text in captions of some letters each, parted at spaces where there are any."""
    parts = [part.strip() for part in re.findall(rf".{{1,{letters}}}(?:\s|$)|.{{1,{letters}}}", text)]
    return srt([(n * seconds, (n + 1) * seconds - 0.1, part) for n, part in enumerate(parts)])


@pytest.mark.parametrize(("language", "encoding"), ENCODINGS)
def test_legacy_encodings_are_found_out_and_named(language: str, encoding: str) -> None:
    text = captioned(TEXTS[language].encode(encoding, "ignore").decode(encoding))
    transcript = read_captions(text.encode(encoding))
    assert transcript.text == read(text).text
    if not encoding.startswith("utf"):
        assert f"was read as {transcript.health['encoding']}" in notes(transcript)
    assert check(transcript, None).language in (language.partition("-")[0], None)


def test_an_encoding_that_is_asked_for_is_taken_or_refused() -> None:
    data = captioned(TEXTS["ru"]).encode("koi8-r")
    assert read_captions(data, encoding="koi8-r").text == read(captioned(TEXTS["ru"])).text
    assert read_captions(data, encoding="cp1251").text != read(captioned(TEXTS["ru"])).text
    with pytest.raises(InvalidRequest, match="not written in utf-8: byte"):
        read_captions(data, encoding="utf-8")
    for name in ("no-such", "rot13", "base64"):
        with pytest.raises(InvalidRequest, match="name one"):
            read_captions(data, encoding=name)


@pytest.mark.parametrize(
    ("name", "encoding", "language"), [("11_ar_cp1256.srt", "cp1256", "ar"), ("11_zh_gbk.srt", "gb18030", "zh")]
)
def test_files_of_the_past_are_read(faults: Path, name: str, encoding: str, language: str) -> None:
    data = (faults / name).read_bytes()
    transcript = check(read_captions(data), None)
    assert transcript.health["encoding"] == encoding
    assert transcript.language == language
    assert transcript.text == read(data.decode(encoding)).text
