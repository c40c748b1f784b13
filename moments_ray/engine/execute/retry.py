"""The one answer to whether, and when, a failed try is made again."""

from __future__ import annotations

import random

from moments_ray.errors import MomentsError
from moments_ray.settings import RetrySettings


def tries_allowed(stage: str, declared: int, settings: RetrySettings) -> int:
    """Return how many tries a stage gets: the deployment's word, else the stage's own."""
    return max(1, settings.attempts.get(stage, declared))


def retry_delay(
    error: MomentsError, number: int, allowed: int, settings: RetrySettings, *, jitter: random.Random
) -> float | None:
    """Return the seconds to wait before the next try after ``number`` that counted, or None when there shall be none.

    Exponential backoff with full jitter over the upper half, so that many failing runs do not come back as one wave.
    """
    if not error.retryable or number >= allowed:
        return None
    delay = min(settings.longest_delay_seconds, settings.first_delay_seconds * settings.factor ** (number - 1))
    return delay * jitter.uniform(0.5, 1.0)
