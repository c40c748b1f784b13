"""How a try of a stage ends: in time, with an output of its type, or with an error; and whether another follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from pydantic import BaseModel

from moments_ray.engine.context import Context
from moments_ray.errors import MomentsError, StageFailed, StageTimeout
from moments_ray.process.retry import backoff
from moments_ray.settings import RetrySettings

log = structlog.get_logger()

_LARGEST_OUTPUT = 8 * 1024 * 1024  # an output is names and figures; bytes belong in the store


@asynccontextmanager
async def within_deadline(context: Context, seconds: float) -> AsyncIterator[None]:
    """Stop a try at its context's deadline, ``seconds`` after it began, and what still shows its progress at its end.

    Raises:
        StageTimeout: the deadline passed.
    """
    try:
        async with asyncio.timeout_at(context.deadline) as timeout:
            yield
    except TimeoutError as error:
        if not timeout.expired():
            raise
        message = f"{context.stage} did not finish within {seconds:g} seconds and was stopped"
        raise StageTimeout(message) from error
    finally:
        await context.close()


def unforeseen(stage: str, error: Exception) -> StageFailed:
    """Return the error a user sees for one that nobody planned for; its traceback goes to the log."""
    log.error("stage.unexpected_error", stage=stage, exc_info=error)
    return StageFailed(f"{stage} failed: {type(error).__name__}: {str(error)[:500]}", {"type": type(error).__name__})


def dumped(output: object, expected: type[BaseModel], stage: str) -> dict[str, Any]:
    """Return an output as JSON, after checking that it is what the stage said it gives.

    Raises:
        StageFailed: it is something else, or too large to be a name.
    """
    if not isinstance(output, expected):
        raise StageFailed(f"{stage} gave {type(output).__name__} where it declares {expected.__name__}")
    if len(output.model_dump_json()) > _LARGEST_OUTPUT:
        raise StageFailed(f"{stage} gave more than {_LARGEST_OUTPUT} bytes; large data belongs in the store.")
    return output.model_dump(mode="json")


def tries_allowed(stage: str, declared: int, settings: RetrySettings) -> int:
    """Return how many tries a stage gets: the deployment's word, else the stage's own."""
    return max(1, settings.attempts.get(stage, declared))


def retry_delay(error: MomentsError, number: int, allowed: int, settings: RetrySettings) -> float | None:
    """Return the seconds to wait before the next try after ``number`` that counted, or None where there is none."""
    if not error.retryable or number >= allowed:
        return None
    return backoff(number, settings.first_delay_seconds, settings.longest_delay_seconds, settings.factor)
