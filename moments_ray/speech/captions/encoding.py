"""From a caption file's bytes to its text, whatever it was written in."""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass

from charset_normalizer import from_bytes

from moments_ray.errors import InvalidRequest
from moments_ray.speech.identify import identify_language

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF8 = frozenset({"utf_8", "utf-8", "utf8", "utf-8-sig", "utf_8_sig"})
_ZERO_SHARE = 0.2  # of the bytes of one half: Latin text in UTF-16
_SAMPLE_BYTES = 65_536
_ESCAPE = 0x1B

# What subtitle files of the past were written in. Python knows sixty more that nobody used for them, and each of those
# is one more way to be taken in.
_LATIN = ("cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257")
_CANDIDATES = [
    *_LATIN,
    *("cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp1258", "cp874"),
    *("gb18030", "big5", "cp932", "euc_jp", "cp949", "iso2022_jp", "mac_roman", "mac_cyrillic"),
]
_LANGUAGES_OF = {
    "cp1252": "en de fr es it pt nl sv da no nb nn fi is ca gl eu ga af",
    "cp1250": "cs sk pl hu ro hr sl sr bs sq",
    "iso8859_2": "cs sk pl hu ro hr sl sr bs sq",
    "cp1254": "tr az",
    "cp1257": "lt lv et",
}
# Two code pages of Central Europe give letters for each other's bytes, but not those of the language.
_LETTERS_OF = {
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "pl": "ąćęłńóśźż",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    **dict.fromkeys(("hr", "sl", "sr", "bs"), "čćđšž"),
}


@dataclass(frozen=True)
class DecodedText:
    """A file's text, the encoding it was read in, and whether that had to be guessed."""

    text: str
    encoding: str
    guessed: bool = False


def decode(data: bytes, encoding: str | None = None) -> DecodedText:
    """Decode by the asked ``encoding``, a byte order mark, as UTF-8, else by what fits its bytes and language best.

    Raises:
        InvalidRequest: there is no such encoding, or the bytes are not written in it.
    """
    if encoding is not None:
        return _as_asked(data, encoding)
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if marked is not None:
        return DecodedText(data.decode(marked, errors="replace"), marked)
    text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    if not damaged and not {0, _ESCAPE} & set(data[:_SAMPLE_BYTES]):
        return DecodedText(text, "utf-8")
    if damaged and sum(char > "\x7f" for char in text) > 2 * damaged:
        return DecodedText(text, "utf-8")  # cut or damaged here and there
    guess = _utf16_without_mark(data) or _guess(data)
    if guess is None or guess in _UTF8 or guess == "ascii":
        guess = "cp1252" if damaged else "utf-8"
    return DecodedText(data.decode(guess, errors="replace"), guess, guessed=guess != "utf-8")


def _as_asked(data: bytes, encoding: str) -> DecodedText:
    try:
        name = codecs.lookup(encoding).name
        text = data.decode("utf-8-sig" if name in _UTF8 else name)
    except (LookupError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            message = f"The captions are not written in {encoding}: byte {error.start:,} does not fit; name another."
        else:
            message = f"There is no encoding {encoding[:40]!r}; name one as Python does, such as cp1251 or gb18030."
        raise InvalidRequest(message) from error
    if not isinstance(text, str):  # rot13, base64 and the like
        raise InvalidRequest(f"{encoding[:40]!r} is no encoding of text; name one such as cp1251 or gb18030.")
    return DecodedText(text.removeprefix("\ufeff"), name)


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[:_SAMPLE_BYTES]
    half = max(len(sample) // 2, 1)
    if sample[1::2].count(0) > _ZERO_SHARE * half and not sample[::2].count(0):
        return "utf-16-le"
    if sample[::2].count(0) > _ZERO_SHARE * half and not sample[1::2].count(0):
        return "utf-16-be"
    return None


def _guess(data: bytes) -> str | None:
    """Name the encoding that fits; only lines that are not plain ASCII tell anything."""
    telling = [line for line in data.splitlines() if not line.isascii() or _ESCAPE in line]
    sample = b"\n".join(telling)[:_SAMPLE_BYTES]
    found = [str(match.encoding) for match in from_bytes(sample, cp_isolation=_CANDIDATES)]
    if not found:
        return None
    name = min(found, key=lambda each: _strange(sample, each))
    return _latin(sample, name) if name in (*_LATIN, "mac_roman") else name


def _latin(sample: bytes, guess: str) -> str:
    """Tell the Latin code pages apart, which share most letters: by the language that the words then are in."""
    least = min(_strange(sample, name) for name in (*_LATIN, guess))
    fitting = [name for name in dict.fromkeys((*_LATIN, guess)) if _strange(sample, name) == least]
    spoken = [name for name in fitting if _language(sample, name) in _LANGUAGES_OF.get(name, "").split()]
    return min(spoken, key=lambda name: _foreign_letters(sample, name), default=fitting[0])


def _language(sample: bytes, name: str) -> str | None:
    return identify_language(sample.decode(name, errors="replace"))


def _foreign_letters(sample: bytes, name: str) -> int:
    letters = _LETTERS_OF.get(_language(sample, name) or "")
    text = sample.decode(name, errors="replace").lower()
    return sum(char > "\x7f" and char.isalpha() and char not in letters for char in text) if letters else 0


def _strange(sample: bytes, name: str) -> int:
    """Count what no text holds: controls, bytes without a character, signs and other scripts inside words."""
    text = sample.decode(name, errors="replace")
    count = 0
    for before, char, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if char <= "\x7f":
            continue
        inside = before.isalpha() and after.isalpha()
        category = unicodedata.category(char)
        if char.isalpha():
            count += inside and before.isascii() and after.isascii() and not _is_latin(char)
        elif category == "Cc" or char == "\ufffd":
            count += 1
        elif char < "\u3000":
            sign = category.startswith("S") or char in "¶§¼½¾"
            count += (inside and char not in "’‘´·") or (sign and (before.isalpha() or after.isalpha()))
    return count


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN") or letter in "ªº"
