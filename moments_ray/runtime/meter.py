"""Metrics through Ray, whose agent on every node exports them to Prometheus as ``ray_moments_…``.

It does so every ten seconds, so a process that is killed takes up to ten seconds of figures with it.
"""

from __future__ import annotations

import functools

import ray
from ray.util import metrics

from moments_ray.process.metrics import Metric


def ray_meter(metric: Metric, value: float = 1.0, **labels: str) -> None:
    """Take a value of a metric; outside of a Ray nobody could read it, and it is dropped."""
    if not ray.is_initialized():
        return
    declared = _declared(metric)
    if isinstance(declared, metrics.Counter):
        if value > 0:
            declared.inc(value, labels)
    elif isinstance(declared, metrics.Gauge):
        declared.set(value, labels)
    else:
        declared.observe(value, labels)


@functools.cache
def _declared(metric: Metric) -> metrics.Counter | metrics.Gauge | metrics.Histogram:
    """Return Ray's side of a metric, made once a process."""
    if metric.kind == "counter":
        return metrics.Counter(metric.name, metric.description, metric.labels)
    if metric.kind == "gauge":
        return metrics.Gauge(metric.name, metric.description, metric.labels)
    return metrics.Histogram(metric.name, metric.description, list(metric.boundaries), metric.labels)
