"""What may be said in an ad, whoever wrote it: no claim that its seller did not make, and no line too long to be said.

Facts are what the seller said: the product's name, its description, and what was seen in its picture.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from moments_ray.ads.script.styles import Scene

BREATH_SECONDS = 0.4
"""Kept free in every scene, so that no word ends with its picture."""

# Of the embedded voice, measured over every line of every style: what it takes beside its words a minute.
_LETTERS_A_WORD = 6.0
_DIGIT_SECONDS, _SENTENCE_PAUSE, _COMMA_PAUSE = 0.15, 0.25, 0.1
_SENTENCE_ENDS, _COMMAS = re.compile(r"[.!?…]+(?=\s|$)"), re.compile(r"[,;:](?=\s)")
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_NUMBER = re.compile(r"\d[\d.,]*")
_PERCENT = re.compile(r"%|\bper ?cent\b|\bpercentage\b", re.IGNORECASE)
_MONEY = re.compile(r"[$€£¥₹]|\b(?:dollars?|euros?|pounds?|usd|eur|gbp|cents?)\b", re.IGNORECASE)
_MARKUP = re.compile(r"[<>{}\[\]*_#`|~\\^=]|&\w+;|https?://|\(|\)")
_NUMBER_WORDS = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|twenty|thirty|forty|fifty|hundreds?|thousands?|"
    "millions?|billions?|half|twice|double|triple"
)
_CLAIMS = {
    "a number": re.compile(rf"\b(?:{_NUMBER_WORDS})\b", re.IGNORECASE),
    "an award": re.compile(
        r"\b(?:awards?|award-winning|winner|winning|certified|rated|recommended|endorsed|approved|voted|number one|"
        r"no\. ?1)\b",
        re.IGNORECASE,
    ),
    "a medical claim": re.compile(
        r"\b(?:cures?|heals?|healing|treats?|treatment|clinical(?:ly)?|medical(?:ly)?|doctors?|dermatologist\w*|therap\w+|"
        r"scientifically|proven|fda|anti-?(?:aging|bacterial|inflammatory)|pain(?:less)?|disease|immun\w+|detox\w*)\b",
        re.IGNORECASE,
    ),
    "a superlative": re.compile(
        r"\b(?:best|greatest|fastest|cheapest|strongest|lightest|safest|finest|smartest|smoothest|cleanest|quietest|"
        r"loudest|softest|toughest|most|perfect|ultimate|unrivalled|unrivaled|unbeatable|unmatched|unique|only one|"
        r"world-?class|leading|guaranteed?|always|never fails|forever|revolutionary|everyone|nobody else)\b",
        re.IGNORECASE,
    ),
}
_FREE_OF_CAPITALS = {"I", "I'm", "I'll", "I've"}
_CAPITALISED_NOUNS = {"de", "lb"}  # languages in which a capital is no sign of a name


class Objection(NamedTuple):
    """What is wrong with a script; ``scene`` is 0 where it is not one scene's."""

    scene: int
    reason: str


def objections(
    scenes: Sequence[Scene], cta: str, hook: str, *, cta_text: str, facts: str, language: str, rate: int
) -> list[Objection]:
    """Return what is wrong with a script; ``rate`` is words a minute of the voice that will speak."""
    found = []
    if cta_text not in cta:
        found.append(Objection(0, f"the call to action must contain these words as they stand: {cta_text!r}"))
    found += [Objection(0, reason) for text in (cta, hook) for reason in claims(text, facts, cta_text, language)]
    for scene in scenes:
        number = scene.scene_number
        found += [Objection(number, reason) for reason in claims(scene.voiceover_text, facts, cta_text, language)]
        if not fits(scene.voiceover_text, scene.duration, rate):
            words, room = count_words(scene.voiceover_text), words_that_fit(scene.duration, rate)
            found.append(Objection(number, f"{words} words are too many: {room} short ones can be said in its time"))
    said = speakable(scenes[3].voiceover_text).casefold()
    if speakable(cta_text).casefold() not in said:
        found.append(Objection(4, f"the last scene must say these words: {cta_text!r}"))
    return found


def claims(text: str, facts: str, cta_text: str, language: str) -> Iterator[str]:
    """Yield what a line says that its seller did not, and what no voice can say."""
    known = f"{facts}\n{cta_text}"
    words = {word.casefold() for word in _WORD.findall(known)}
    numbers = {number.strip(".,") for number in _NUMBER.findall(known)}
    for number in _NUMBER.findall(text):
        if number.strip(".,") not in numbers:
            yield f"{number!r} is a number that the seller did not give"
    for pattern, what in ((_PERCENT, "a percentage"), (_MONEY, "a price")):
        if pattern.search(text) and not pattern.search(known):
            yield f"it names {what} that the seller did not give"
    for what, pattern in _CLAIMS.items():
        for match in pattern.finditer(text):
            if not set(_lower_words(match[0])) <= words:
                yield f"{match[0]!r} is {what} that the seller did not make"
    if language not in _CAPITALISED_NOUNS:
        for name in foreign_names(text, words):
            yield f"{name!r} looks like a name that the seller did not give"
    if _MARKUP.search(text) or any(unspoken(char) for char in text):
        yield "it holds markup, stage directions or signs that nobody can say"


def foreign_names(text: str, words: set[str]) -> Iterator[str]:
    """Yield the capitalised words inside of sentences that are none of the known ``words``."""
    for sentence in re.split(r"[.!?:…]+\s+|\n", text):
        for word in _WORD.findall(sentence)[1:]:
            if word[0].isupper() and word not in _FREE_OF_CAPITALS and not set(_lower_words(word)) <= words:
                yield word


def unspoken(char: str) -> bool:
    """Tell whether a character is one that is drawn and not said: an emoji, a control, a private sign."""
    return unicodedata.category(char) in {"So", "Sk", "Cc", "Cf", "Co", "Cn", "Cs"}


def speakable(text: str) -> str:
    """Return a text without markup, emoji and controls, on one line: data that is to be said or drawn."""
    plain = re.sub(r"<[^<>]{0,200}>|https?://\S+", " ", text)
    plain = "".join(" " if unspoken(char) or _MARKUP.fullmatch(char) else char for char in plain)
    return " ".join(plain.split())


def count_words(text: str) -> int:
    """Return how many words are said; of scripts without spaces three characters count as one."""
    words = 0
    for token in text.split():
        wide = sum(unicodedata.east_asian_width(char) in {"W", "F"} for char in token)
        words += max(1, round(wide / 3)) if wide else 1
    return words


def spoken_seconds(text: str, rate: int) -> float:
    """Return how long a voice of ``rate`` words a minute takes for a line, at least.

    Long words count by their letters; digits take longer than they look, and a voice pauses where a sentence ends.
    """
    said = speakable(text)
    digits = sum(char.isdigit() for char in said)
    pauses = _SENTENCE_PAUSE * len(_SENTENCE_ENDS.findall(said)) + _COMMA_PAUSE * len(_COMMAS.findall(said))
    return max(count_words(said), len(said) / _LETTERS_A_WORD) * 60 / rate + digits * _DIGIT_SECONDS + pauses


def fits(text: str, seconds: float, rate: int) -> bool:
    """Tell whether a line can be said in a scene of so many seconds, with a breath."""
    return spoken_seconds(text, rate) <= seconds - BREATH_SECONDS


def words_that_fit(seconds: float, rate: int) -> int:
    """Return how many words a voice of ``rate`` words a minute says in a scene."""
    return int((seconds - BREATH_SECONDS) * rate / 60)


def _lower_words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
