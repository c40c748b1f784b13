"""The one place where foreign text becomes spoken words and nothing else."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from moments_ray.speech.scripts import CLAUSE_ENDS, TERMINALS, has_letters, split_words

LONGEST_WORD = 200  # characters; Thai and Khmer phrases without a space reach about 100

_MOST_UNESCAPINGS = 3
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<[\d:.]{1,20}>|\{\\[^{}]{0,200}\}")
_SOUND = re.compile(r"\[[^\[\]]{0,80}\]|［[^［］]{0,80}］|【[^【】]{0,80}】")
_PARENTHESIS = re.compile(r"[(（]([^()（）]{1,60})[)）]")
_SOUND_WORD = re.compile(
    r"\b(?:applau|laugh|music|inaudible|unintelligible|crosstalk|cheer|chuckl|clap|cough|sigh|silence|gasp|indistinct"
    r"|sniff|scream|phone ring|foreign language|speaking \w+$|musik|beifall|gelächter|rires|música|risas|aplausos)"
    r"|^(?:笑|拍手|音楽|音乐|掌声|박수|음악)$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^([^\W\d_][^:.,;!?\n]{0,38}):[^\S\n]+(?=\S)", re.MULTILINE)
_TURN = re.compile(r"^[^\S\n]*(?:>{2,}|[-–—‐•](?=\s|[^\W\d]))[^\S\n]*", re.MULTILINE)
_LINE = re.compile(r".*")
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")
_SPOKEN_SYMBOLS = frozenset("&%+=@#$€£¥°×÷<>/\\~^|")
_JOINERS = frozenset("\u200c\u200d")  # change how Persian and Indic letters are drawn
_REPEATS_OF_A_LABEL = 3
_WORDS_OF_A_LABEL = 4


def clean(text: str, speakers: frozenset[str] = frozenset()) -> str:
    """Return what is spoken in a caption's text, on one line.

    Gone are: control, bidirectional and zero-width characters, lone surrogates, markup and its entities, sounds
    (``[Music]``), signs of a new speaker and speakers' names (capitals, or one of ``speakers``).
    """
    for _ in range(_MOST_UNESCAPINGS):
        plain = html.unescape(without_markup(text))
        if plain == text:
            break
        text = plain
    text = without_markup(_printable(text))
    text = _SOUND.sub(" ", text).strip()
    text = _PARENTHESIS.sub(_without_sound, text)
    text = _LABEL.sub(lambda match: _without_speaker(match, speakers), _TURN.sub("", text))
    return " ".join(text.split())


def without_markup(text: str) -> str:
    """Drop HTML, WebVTT and ASS tags, not the text between them."""
    return _TAG.sub("", text)


def spoken_words(cleaned: str) -> list[str]:
    """Part cleaned text into words; punctuation standing alone joins its neighbour, ornaments go."""
    words: list[str] = []
    opening = ""
    for token in split_words(cleaned):
        if has_letters(token) or any(char in _SPOKEN_SYMBOLS for char in token):
            words.append((opening + token)[:LONGEST_WORD])
            opening = ""
        elif unicodedata.category(token[0]) in ("Ps", "Pi"):
            opening = token[:LONGEST_WORD]
        elif words and all(_closes(char) for char in token):
            words[-1] = (words[-1] + token)[:LONGEST_WORD]
    return words


def speaker_labels(texts: Iterable[str]) -> frozenset[str]:
    """Return the names before a colon that begin captions again and again."""
    seen = Counter(match[1] for text in texts for match in _LABEL.finditer(_TURN.sub("", without_markup(text))))
    return frozenset(
        label
        for label, times in seen.items()
        if times >= _REPEATS_OF_A_LABEL and label[0].isupper() and len(label.split()) <= _WORDS_OF_A_LABEL
    )


def speaker_in(text: str, speakers: frozenset[str] = frozenset()) -> str | None:
    """Return the name that stands before a caption's words, None where it names nobody."""
    plain = _TURN.sub("", _SOUND.sub(" ", without_markup(_printable(text))).strip())
    match = _LABEL.match(plain)
    if match is None or _without_speaker(match, speakers):
        return None
    return " ".join(match[1].split())


def _printable(text: str) -> str:
    if not _UNUSUAL.search(text):
        return text
    kept = []
    for char in unicodedata.normalize("NFC", text.replace("\ufffd", "")):
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp"):
            kept.append("\n" if char in "\r\n\u2028\u2029" else " ")
        elif category not in ("Cf", "Cs", "Cn", "Co") or char in _JOINERS:
            kept.append(char)
    return "".join(kept)


def _without_sound(match: re.Match[str]) -> str:
    inside = match[1].strip()
    alone = match.span() == (0, len(match.string))
    loud = inside.isupper() and len(inside) > 3 and not any(char.isdigit() for char in inside)
    return " " if alone or loud or _SOUND_WORD.search(inside) else match[0]


def _without_speaker(match: re.Match[str], speakers: frozenset[str]) -> str:
    label = match[1]
    line = _LINE.match(match.string, match.end())
    # Where everything is in capitals they do not tell a name from speech.
    shouted = label.isupper() and not (line and line[0].isupper()) and len(label.split()) <= _WORDS_OF_A_LABEL
    return "" if shouted or label in speakers else match[0]


def _closes(char: str) -> bool:
    return (
        char in TERMINALS or (char in CLAUSE_ENDS and char not in "–—-") or unicodedata.category(char) in ("Pe", "Pf")
    )
