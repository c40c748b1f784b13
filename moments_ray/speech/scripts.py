"""What differs between writing systems: where words and sentences end, and whether spaces stand between words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from icu4py.breakers import WordBreaker

# Full stops, question and exclamation marks: Latin and Greek, CJK, Arabic, Urdu, Devanagari, Ethiopic, Armenian,
# Burmese, Khmer, Tibetan.
TERMINALS = frozenset(".!?…‥。．｡！？؟۔।॥።፧։՞՜။។៕།༎")
CLAUSE_ENDS = frozenset(",;:，、；：،؛፣፤–—-")

# Scripts written without spaces: those whose characters are words or nearly so, and those of South-East Asia (Thai,
# Lao, Burmese, Khmer), whose words only a dictionary can tell.
_HAN_OR_HIRAGANA = "\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_BY_DICTIONARY = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f"
_SPACELESS = re.compile(
    f"[{_HAN_OR_HIRAGANA}{_BY_DICTIONARY}\u3001-\u3003\u3008-\u3011\u30a0-\u30ff\u31f0-\u31ff\uff00-\uff9f]"
)
_NEEDS_DICTIONARY = re.compile(f"[{_BY_DICTIONARY}]")
_IDEOGRAPH = re.compile(f"[{_HAN_OR_HIRAGANA}]")
_MARK = "\u3001-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65…—“”"
_PIECE = re.compile(f"[{_HAN_OR_HIRAGANA}{_MARK}]|[^{_HAN_OR_HIRAGANA}{_MARK}]+")
_OPENERS = frozenset({"Ps", "Pi"})
_CLOSERS = frozenset({"Pe", "Pf"})


def is_ideograph(word: str) -> bool:
    """Tell whether a word is one Han or Hiragana character, punctuation aside."""
    return len(word) <= 3 and len(_IDEOGRAPH.findall(word)) == 1


def split_words(text: str) -> list[str]:
    """Part text at spaces, Han and Hiragana at every character, Thai and its like at words by ICU's dictionaries.

    Punctuation stays with the word it follows.
    """
    return [word for chunk in text.split() for word in _split_spaceless(chunk)]


def join_words(words: Iterable[str]) -> str:
    """Join words with spaces where their script has them."""
    parts: list[str] = []
    for word in words:
        if parts and word and not (_SPACELESS.match(word[0]) and _SPACELESS.match(parts[-1][-1])):
            parts.append(" ")
        if word:
            parts.append(word)
    return "".join(parts)


def without_closers(word: str) -> str:
    """Drop the closing quotes and brackets at a word's end."""
    end = len(word)
    while end and (word[end - 1] in "\"'" or unicodedata.category(word[end - 1]) in _CLOSERS):
        end -= 1
    return word[:end]


def has_letters(word: str) -> bool:
    """Tell whether anything in a word can be spoken."""
    return any(char.isalnum() for char in word)


def _split_spaceless(chunk: str) -> list[str]:
    if _NEEDS_DICTIONARY.search(chunk):
        pieces: Iterable[str] = WordBreaker(chunk, "th")  # the language only names the rules, which are one for all
    elif _IDEOGRAPH.search(chunk):
        pieces = _PIECE.findall(chunk)
    else:
        return [chunk]
    words: list[str] = []
    opening = ""
    for piece in pieces:
        if has_letters(piece):
            words.append(opening + piece)
            opening = ""
        elif not words or opening or unicodedata.category(piece[0]) in _OPENERS:
            opening += piece
        else:
            words[-1] += piece
    if opening and words:
        words[-1] += opening
    elif opening:
        words = [opening]
    return words
