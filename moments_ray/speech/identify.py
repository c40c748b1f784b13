"""Naming the language of a text."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from py3langid.langid import MODEL_FILE, LanguageIdentifier

_LETTERS_TO_NAME_A_LANGUAGE = 24
_SURE = 0.9
_SAMPLE = 20_000  # characters


def identify_language(text: str) -> str | None:
    """Name the language (ISO 639-1) of a text that is long enough to tell."""
    sample = text[:_SAMPLE]
    letters = sum(char.isalpha() for char in sample)
    if letters < (_LETTERS_TO_NAME_A_LANGUAGE if sample.isascii() else 1):
        return None
    language, probability = _identifier().classify(sample)
    return str(language) if probability >= _SURE else None


def likelier_language(text: str, languages: Sequence[str]) -> str:
    """Return which of some languages a text, however short, is likelier in."""
    ranked = {str(language): float(probability) for language, probability in _identifier().rank(text)}
    return max(languages, key=lambda language: ranked.get(language.partition("-")[0], 0.0))


@functools.cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
