"""The dashboard shows the metrics that there are, all of them, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from moments_ray.process.metrics import METRICS

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "moments.json"
OF_A_HISTOGRAM = ("_bucket", "_count", "_sum")


def expressions() -> list[str]:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def exported_names() -> set[str]:
    """The names of all series, as Ray exports them."""
    names = set()
    for metric in METRICS:
        ends = OF_A_HISTOGRAM if metric.kind == "histogram" else ("",)
        names |= {f"ray_{metric.name}{end}" for end in ends}
    return names


def test_every_series_of_the_dashboard_exists_and_every_metric_is_on_it() -> None:
    used = {name for expression in expressions() for name in re.findall(r"\bray_\w+", expression)}
    ours = {name for name in used if name.startswith("ray_moments_")}  # tests/cluster looks for Ray's own
    assert ours <= exported_names()
    for metric in METRICS:
        assert any(name.startswith(f"ray_{metric.name}") for name in used), metric.name


def test_the_dashboard_sorts_by_labels_that_the_metrics_have() -> None:
    of_all = {"le", "NodeAddress"}  # of Prometheus and of Ray
    for expression in expressions():
        if "ray_moments_" not in expression:
            continue
        (metric,) = [each for each in METRICS if f"ray_{each.name}" in expression]
        by = {name.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for name in group.split(",")}
        matched = set(re.findall(r"(\w+)(?:!?=|=~)\"", expression))
        assert (by | matched) - of_all <= set(metric.labels), expression


def test_a_counter_is_named_as_prometheus_asks() -> None:
    for metric in METRICS:
        assert metric.name.startswith("moments_")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert bool(metric.boundaries) == (metric.kind == "histogram")


def test_outside_of_a_ray_nothing_fails_and_nothing_starts() -> None:
    script = (
        "import ray\n"
        "from moments_ray.process.metrics import METRICS\n"
        "from moments_ray.runtime.meter import ray_meter\n"
        "for metric in METRICS:\n"
        "    ray_meter(metric, 1.0, **dict.fromkeys(metric.labels, 'x'))\n"
        "assert not ray.is_initialized()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
