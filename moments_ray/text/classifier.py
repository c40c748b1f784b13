"""How sentences feel by a text classifier of transformers, in any language; nothing is ever downloaded."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from typing import Any

from moments_ray.errors import InvalidRequest
from moments_ray.media.process import run_python
from moments_ray.settings import Settings

_MEMORY_BYTES = 12 * 1024**3
_AT_ONCE = 16
_LONGEST = 512
_STARS = re.compile(r"([1-5]) stars?")


def is_installed() -> bool:
    """Tell whether transformers and what computes for it are here."""
    return all(importlib.util.find_spec(name) is not None for name in ("transformers", "torch"))


async def scores_of(texts: Sequence[str], model: str, settings: Settings, timeout: float) -> list[float]:
    """Return how each text feels, -1 to 1, by a model in a directory or in the hub's cache.

    Raises:
        InvalidRequest: its labels are no feelings.
        MediaError: the model is not there, or failed.
    """
    found: Any = await run_python(
        "moments_ray.text.classifier:classify",
        {"texts": list(texts), "model": model},
        timeout=timeout,
        settings=settings.media,
        memory_bytes=_MEMORY_BYTES,
    )
    return [float(score) for score in found]


def classify(payload: dict[str, Any], report: Callable[[float], None]) -> list[float]:
    """Classify texts; called in a process of its own."""
    from transformers import (  # noqa: PLC0415 - an extra, and slow to import
        AutoModelForSequenceClassification,
        AutoTokenizer,
        pipeline,
    )

    kept = {"local_files_only": True}
    model = AutoModelForSequenceClassification.from_pretrained(payload["model"], **kept)
    tokenizer = AutoTokenizer.from_pretrained(payload["model"], **kept)
    known: Any = pipeline("text-classification", model, tokenizer=tokenizer, top_k=None, device=-1)
    # Many tokenizers do not say how much their model takes; RoBERTa's positions begin at two.
    longest = min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", _LONGEST) - 2)
    texts, scores = payload["texts"], []
    for at in range(0, len(texts), _AT_ONCE):
        told = known(texts[at : at + _AT_ONCE], truncation=True, max_length=longest)
        scores += [sum(each["score"] * worth_of(each["label"]) for each in labels) for labels in told]
        report(min(1.0, (at + _AT_ONCE) / len(texts)))
    return scores


def worth_of(label: str) -> float:
    """Return what a label says of a feeling, -1 to 1: ``NEGATIVE``, ``pos``, ``neutral``, ``4 stars``.

    Raises:
        InvalidRequest: it says nothing of one.
    """
    word = label.strip().lower()
    if stars := _STARS.fullmatch(word):
        return (int(stars[1]) - 3) / 2
    for beginning, worth in (("pos", 1.0), ("neg", -1.0), ("neu", 0.0)):
        if word.startswith(beginning):
            return worth
    raise InvalidRequest(f"The classifier's label {label[:40]!r} is no feeling: name a model of sentiment.")
