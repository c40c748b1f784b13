"""The nouns of a text by spaCy, where it and a pipeline of the language are installed; nothing is ever downloaded."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Any

from moments_ray.media.process import run_python
from moments_ray.settings import Settings

_MOST_WORDS = 3
_MEMORY_BYTES = 6 * 1024**3
_NOUNS = {"NOUN", "PROPN"}


def pipelines() -> list[str]:
    """Return the names of the pipelines that are installed, such as ``en_core_web_sm``."""
    if importlib.util.find_spec("spacy") is None:
        return []
    return sorted({each.name for each in entry_points(group="spacy_models")})


def pipeline_of(language: str) -> str | None:
    """Return the name of an installed pipeline for a language."""
    return next((name for name in pipelines() if name.startswith(f"{language}_")), None)


async def nouns_of(texts: Sequence[str], pipeline: str, settings: Settings, timeout: float) -> list[list[str]]:
    """Return the nouns of each text and what belongs to them, in small letters, as they are said.

    Raises:
        MediaError: the pipeline failed.
    """
    payload = {"texts": list(texts), "pipeline": pipeline}
    found: Any = await run_python(
        "moments_ray.text.nouns:read", payload, timeout=timeout, settings=settings.media, memory_bytes=_MEMORY_BYTES
    )
    return [list(nouns) for nouns in found]


def read(payload: dict[str, Any], _: Callable[[float], None]) -> list[list[str]]:
    """Read the nouns of texts; called in a process of its own."""
    import spacy  # noqa: PLC0415 - an extra, and slow to import

    pipeline = spacy.load(payload["pipeline"], exclude=["ner", "lemmatizer"])
    return [_nouns(document) for document in pipeline.pipe(payload["texts"])]


def _nouns(document: Any) -> list[str]:
    """Return each noun alone, and the end of its phrase of two and of three words."""
    found = []
    for token in document:
        if token.pos_ not in _NOUNS or token.is_stop or not token.is_alpha:
            continue
        found.append(token.lower_)
        start = token.i
        while start > 0 and token.i - start + 1 < _MOST_WORDS and _describes(document[start - 1]):
            start -= 1
            found.append(" ".join(each.lower_ for each in document[start : token.i + 1]))
    return found


def _describes(token: Any) -> bool:
    return token.pos_ in {*_NOUNS, "ADJ"} and token.is_alpha and not token.is_stop
