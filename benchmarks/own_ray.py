"""Ray as the product runs or joins it, for a benchmark."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from benchmarks import end_by_sigterm_as_by_ctrl_c
from moments_ray import runtime
from moments_ray.settings import Settings


@contextlib.contextmanager
def own_ray(settings: Settings) -> Iterator[runtime.Cluster]:
    """Join or run Ray until the block ends, and keep SIGTERM, which Ray takes for itself in the main thread."""
    with runtime.cluster(settings) as joined:
        if threading.current_thread() is threading.main_thread():
            end_by_sigterm_as_by_ctrl_c()
        yield joined
