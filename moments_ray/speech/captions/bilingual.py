"""Subtitles in two languages at once, of which one is what a transcript holds."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from moments_ray.speech.captions.cues import Cue, with_text
from moments_ray.speech.captions.text import clean
from moments_ray.speech.identify import identify_language, likelier_language
from moments_ray.speech.languages import same_language

_FEWEST_CUES = 3
_SHARE = 0.5  # of the cues that have lines in both
_SAMPLED_CUES = 300
_LONGEST_SAMPLE = 4000  # characters a language

_OF_SCRIPT = {"HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "THAI": "th", "GREEK": "el", "HEBREW": "he"}


def in_one_language(cues: Sequence[Cue], asked: str | None, notes: list[str]) -> tuple[list[Cue], str | None]:
    """Take the lines of one language where most cues have two: the asked one, else the one of more lines.

    Returns the cues and, if there was something to choose, the language that was taken; a note tells of it.
    """
    pair = _two_languages(cues)
    if pair is None:
        return list(cues), None
    counts = Counter(language for cue in cues for language in _languages(cue, pair))
    dominant = max(pair, key=lambda language: counts[language])
    taken = next((each for each in pair if asked and same_language(each, asked)), dominant)
    other = pair[1] if taken == pair[0] else pair[0]
    why = "it was asked for" if asked and same_language(taken, asked) else "it has the most lines"
    if why != "it was asked for" and counts[taken] == counts[other]:
        why = "it stands first"
    notes.append(f"The captions are in two languages, {pair[0]} and {pair[1]}; {taken} was taken, because {why}.")
    kept = []
    for cue in cues:
        lines = [line for line, found in zip(cue.lines, _languages(cue, pair), strict=True) if found == taken]
        if len(lines) == len(cue.lines):
            kept.append(cue)
        elif lines:
            kept.append(with_text(cue, "\n".join(lines)))
    return kept, taken


def _two_languages(cues: Sequence[Cue]) -> tuple[str, str] | None:
    """Name the two languages of a file, the one that stands first before the other."""
    several = [cue for cue in cues if len(cue.lines) > 1 and not cue.is_timed]
    if len(several) < _FEWEST_CUES or len(several) < _SHARE * len(cues):
        return None
    sample = several[:: max(len(several) // _SAMPLED_CUES, 1)]
    return _by_script(sample) or _by_place(sample)


def _by_script(cues: Sequence[Cue]) -> tuple[str, str] | None:
    """Tell two languages by their letters: each line is in one script, and most cues have both."""
    scripts = [[_script(line) for line in cue.lines] for cue in cues]
    counts = Counter(script for lines in scripts for script in set(lines) if script)
    first_two = [script for script, _ in counts.most_common(2)]
    if len(first_two) < 2 or sum(set(first_two) <= set(lines) for lines in scripts) <= _SHARE * len(cues):
        return None
    order = [script for lines in scripts for script in lines if script in first_two]
    one, other = order[0], next(script for script in order if script != order[0])
    named = [
        _name([line for cue in cues for line in cue.lines if _script(line) == script], script)
        for script in (one, other)
    ]
    return None if named[0] == named[1] else (named[0], named[1])


def _by_place(cues: Sequence[Cue]) -> tuple[str, str] | None:
    """Tell two languages of one script by where they stand: the first half of the lines and the second."""
    halves = [(cue.lines[: len(cue.lines) // 2], cue.lines[len(cue.lines) // 2 :]) for cue in cues]
    texts = [[line for half in halves for line in half[place]] for place in (0, 1)]
    first, second = (identify_language(_joined(lines)) for lines in texts)
    return (first, second) if first and second and not same_language(first, second) else None


def _languages(cue: Cue, pair: tuple[str, str]) -> list[str]:
    """Name the language of each of a cue's lines: by its letters, by its words, else by its place."""
    lines = cue.lines
    scripts = {language: _scripts_of(language) for language in pair}
    found = []
    for index, line in enumerate(lines):
        fitting = [language for language in pair if _script(line) in scripts[language]]
        if len(fitting) == 1:
            found.append(fitting[0])
        elif len(lines) == 2 and not any(scripts[pair[0]] - scripts[pair[1]]):
            found.append(pair[index])
        else:
            found.append(likelier_language(clean(line), pair))
    return found


def _scripts_of(language: str) -> frozenset[str]:
    primary = language.partition("-")[0]
    if primary in {"zh", "ja"}:
        return frozenset({"CJK", "HIRAGANA", "KATAKANA"} if primary == "ja" else {"CJK"})
    named = {name for name, each in _OF_SCRIPT.items() if each == primary}
    if named:
        return frozenset(named)
    if primary in {"ru", "uk", "bg", "be", "mk", "sr", "kk", "ky", "mn"}:
        return frozenset({"CYRILLIC"})
    if primary in {"ar", "fa", "ur", "ps", "ug"}:
        return frozenset({"ARABIC"})
    if primary in {"hi", "mr", "ne"}:
        return frozenset({"DEVANAGARI"})
    return frozenset({primary.upper()}) if len(primary) > 3 else frozenset({"LATIN"})


def _name(lines: Sequence[str], script: str) -> str:
    named = identify_language(_joined(lines))
    if named and script in _scripts_of(named):
        return named
    return _OF_SCRIPT.get(script) or {"CJK": "zh", "LATIN": "en", "CYRILLIC": "ru", "ARABIC": "ar"}.get(
        script, script.lower()
    )


def _joined(lines: Sequence[str]) -> str:
    return " ".join(clean(line) for line in lines)[:_LONGEST_SAMPLE]


def _script(line: str) -> str:
    """Name the script of most of a line's letters; kana make a line with Chinese characters Japanese."""
    scripts = Counter(unicodedata.name(char, "?").split(maxsplit=1)[0] for char in line if char.isalpha())
    if not scripts:
        return ""
    if scripts["HIRAGANA"]:
        return "HIRAGANA"
    return scripts.most_common(1)[0][0]
