"""The one place where foreign text becomes spoken words and nothing else."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from moments_ray.speech.scripts import CLAUSE_ENDS, TERMINALS, has_letters, split_words

LONGEST_WORD = 200  # characters; what is longer goes on in the next word

_MOST_UNESCAPINGS = 3
TAG = re.compile(
    r"</?[a-zA-Z][^<>]{0,200}>|<[\d:.]{1,20}>"  # HTML, WebVTT
    r"|\{\\[^{}]{0,200}\}|\{[A-Za-z]:[^{}]{0,60}\}"  # ASS, MicroDVD
)
# How to pronounce a word is not said besides it: ruby, in tags or in brackets behind a Chinese character.
_RUBY = re.compile(
    r"<r([tp])\b[^<>]{0,60}>[^<]{0,200}(?:</r\1>|(?=<))"
    r"|(?<=[\u3400-\u9fff々])(?:[(（][\u3040-\u30ff・ ]{1,20}[)）]|《[\u3040-\u30ff・ ]{1,20}》)"
)
_SOUND = re.compile(r"\[[^\[\]]{0,80}\]|［[^［］]{0,80}］|【[^【】]{0,80}】")
_PARENTHESIS = re.compile(r"[(（]([^()（）]{1,60})[)）]")
_SOUND_WORD = re.compile(
    r"\b(?:applau|laugh|music|inaudible|unintelligible|crosstalk|cheer|chuckl|clap|cough|sigh|silence|gasp|indistinct"
    r"|sniff|scream|phone ring|foreign language|speaking \w+$|musik|beifall|gelächter|rires|música|risas|aplausos)"
    r"|^(?:笑|拍手|音楽|音乐|掌声|박수|음악)$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^([^\W\d_][^:：.,;!?\n]{0,38})(?::[^\S\n]+(?=\S)|：[^\S\n]*(?=\S)|[:：][^\S\n]*\n)", re.MULTILINE)
_NAME_IN_BRACKETS = re.compile(
    r"^([^\S\n]*(?:-[^\S\n]*)?)[\[(]([^\W\d_][^\[\]():\n]{0,38})(?:[\])]:|(?<=\d)[\])])[^\S\n]*(?=\S)", re.MULTILINE
)
_TURN = re.compile(r"^[^\S\n]*(?:>{2,}|[-–—‐•](?=\s|[^\W\d]))[^\S\n]*", re.MULTILINE)
_LINE = re.compile(r".*")
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")
_SPOKEN_SYMBOLS = frozenset("&%+=@#$€£¥°×÷<>/\\~^|")
_JOINERS = frozenset("\u200c\u200d")  # change how Persian and Indic letters are drawn
_BREAKS = frozenset("\u200b\u0085")  # between words of scripts without spaces; a line's end of old
_REPEATS_OF_A_LABEL = 3
_WORDS_OF_A_LABEL = 4
_SMALL_LABELS_SHARE = 0.05  # of the captions; a name in small letters looks like any word before a colon
_NO_NAMES = re.compile(
    r"so|and|but|or|notes?|examples?|for example|question|answer|first|second|third|next|then|now|step|tip|warning"
    r"|remember|because|that|this|today|tomorrow|yesterday|means|meaning|https?",
    re.IGNORECASE,
)


def clean(text: str, speakers: frozenset[str] = frozenset()) -> str:
    """Return what is spoken in a caption's text, on one line.

    Gone are: control, bidirectional and zero-width characters, lone surrogates, markup and its entities, sounds
    (``[Music]``), signs of a new speaker and speakers' names (capitals, or one of ``speakers``).
    """
    return " ".join(spoken for _, spoken in turns(text, speakers) if spoken)


def turns(text: str, speakers: frozenset[str] = frozenset()) -> list[tuple[str | None, str]]:
    """Return who says what in a caption, cleaned; the first turn may be nobody's and empty."""
    for _ in range(_MOST_UNESCAPINGS):
        plain = html.unescape(without_markup(text))
        if plain == text:
            break
        text = plain
    text = _RUBY.sub("", without_markup(_printable(text)))
    text = _SOUND.sub(" ", _NAME_IN_BRACKETS.sub(r"\1\2: ", text)).strip()
    text = _TURN.sub("", _PARENTHESIS.sub(_without_sound, text))
    found: list[tuple[str | None, str]] = []
    speaker, position = None, 0
    for match in _LABEL.finditer(text):
        if _is_speaker(match, speakers):
            found.append((speaker, " ".join(text[position : match.start()].split())))
            speaker, position = " ".join(match[1].split()), match.end()
    found.append((speaker, " ".join(text[position:].split())))
    return [turn for turn in found if turn[1]] or [(speaker, "")]


def without_markup(text: str) -> str:
    """Drop HTML, WebVTT and ASS tags, not the text between them."""
    return TAG.sub("", _RUBY.sub("", text))


def spoken_words(cleaned: str) -> list[str]:
    """Part cleaned text into words; punctuation standing alone joins its neighbour, ornaments go."""
    words: list[str] = []
    opening = ""
    for token in split_words(cleaned):
        if has_letters(token) or any(char in _SPOKEN_SYMBOLS for char in token):
            words.extend(_pieces(opening + token))
            opening = ""
        elif unicodedata.category(token[0]) in ("Ps", "Pi"):
            opening = token[:LONGEST_WORD]
        elif words and all(_closes(char) for char in token):
            words[-1] = (words[-1] + token)[:LONGEST_WORD]
    return words


def speaker_labels(texts: Sequence[str]) -> frozenset[str]:
    """Return the names before a colon that begin captions again and again, in capitals, small letters or brackets."""
    seen: Counter[str] = Counter()
    for text in texts:
        named = _NAME_IN_BRACKETS.sub(r"\1\2: ", without_markup(text))
        seen.update(match[1] for match in _LABEL.finditer(_TURN.sub("", named)))
    names = {
        label: times
        for label, times in seen.items()
        if times >= _REPEATS_OF_A_LABEL and len(label.split()) <= _WORDS_OF_A_LABEL and not _NO_NAMES.fullmatch(label)
    }
    small = sum(times for label, times in names.items() if not label[0].isupper())
    enough = small >= _SMALL_LABELS_SHARE * len(texts)
    return frozenset(label for label in names if enough or label[0].isupper())


def _pieces(token: str) -> Iterator[str]:
    """Cut a word that is longer than words are; letters without capitals are those of syllables, which are heavier."""
    longest = LONGEST_WORD // 5 if unicodedata.category(token[-1]) in ("Lo", "Mn", "Mc") else LONGEST_WORD
    for first in range(0, len(token), longest):
        yield token[first : first + longest]


def _printable(text: str) -> str:
    if not _UNUSUAL.search(text):
        return text
    kept = []
    for char in unicodedata.normalize("NFC", text.replace("\ufffd", "")):
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp") or char in _BREAKS:
            kept.append("\n" if char in "\r\n\u2028\u2029\u0085" else " ")
        elif category not in ("Cf", "Cs", "Cn", "Co") or char in _JOINERS:
            kept.append(char)
    return "".join(kept)


def _without_sound(match: re.Match[str]) -> str:
    inside = match[1].strip()
    alone = match.span() == (0, len(match.string))
    loud = inside.isupper() and len(inside) > 3 and not any(char.isdigit() for char in inside)
    return " " if alone or loud or _SOUND_WORD.search(inside) else match[0]


def _is_speaker(match: re.Match[str], speakers: frozenset[str]) -> bool:
    label = match[1]
    line = _LINE.match(match.string, match.end())
    # Where everything is in capitals they do not tell a name from speech.
    shouted = label.isupper() and not (line and line[0].isupper()) and len(label.split()) <= _WORDS_OF_A_LABEL
    return shouted or label in speakers


def _closes(char: str) -> bool:
    return (
        char in TERMINALS or (char in CLAUSE_ENDS and char not in "–—-") or unicodedata.category(char) in ("Pe", "Pf")
    )
