"""Every metric of the product by its name, and how code that knows nothing of Prometheus tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

_SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


@dataclass(frozen=True)
class Metric:
    """One metric; labels have few values: no run, video or host is ever one, and backfills are few."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    labels: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()


INFO = Metric("moments_info", "gauge", "1; its labels say what this is", ("version", "environment"))
QUEUE_DEPTH = Metric("moments_queue_depth", "gauge", "queued runs", ("priority",))
QUEUE_OLDEST = Metric("moments_queue_oldest_seconds", "gauge", "time the oldest queued run has waited")
DEAD_LETTERS = Metric("moments_dead_letters", "gauge", "entries of the stream of what was given up")
STAGE_SECONDS = Metric("moments_stage_seconds", "histogram", "time of a completed stage", ("stage",), _SECONDS)
STAGE_ATTEMPTS = Metric(
    "moments_stage_attempts_total", "counter", "tries of a stage; code is the error's", ("stage", "verdict", "code")
)
MODEL_SECONDS = Metric(
    "moments_model_seconds",
    "histogram",
    "time of a question to a model, with all waiting and all tries; code is the error's",
    ("role", "model", "code"),
    _SECONDS,
)
BYTES_MOVED = Metric("moments_bytes_total", "counter", "bytes fetched from the web, stored, or loaded", ("direction",))
CLIPS_CUT = Metric("moments_clips_total", "counter", "clips by how they were cut", ("method",))
BACKFILL_ITEMS = Metric(
    "moments_backfill_items",
    "gauge",
    "items of a backfill, by state; of its identifier the first eight characters",
    ("backfill", "status"),
)

METRICS = (
    INFO,
    QUEUE_DEPTH,
    QUEUE_OLDEST,
    DEAD_LETTERS,
    STAGE_SECONDS,
    STAGE_ATTEMPTS,
    MODEL_SECONDS,
    BYTES_MOVED,
    CLIPS_CUT,
    BACKFILL_ITEMS,
)


class Meter(Protocol):
    """Takes the values of a metric: what a counter grows by, where a gauge stands, one value of a histogram.

    ``labels`` are the metric's own. Telling costs next to nothing and never waits.
    """

    def __call__(self, metric: Metric, value: float = 1.0, **labels: str) -> None:
        """Take one value."""


def unmetered(metric: Metric, value: float = 1.0, **labels: str) -> None:
    """Take a value to nowhere: the meter of processes that nobody watches."""
