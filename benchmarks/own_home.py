"""A home that a benchmark has for itself, with nothing configured: what it measures does not depend on the operator."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moments_ray.settings import Settings


@contextmanager
def own_home(**more: Any) -> Iterator[Settings]:
    """Give settings of a new home, with ``more`` of them as they shall be; the home is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="moments-bench-", dir="/tmp") as home:
        yield Settings(
            _env_file=None,
            home=Path(home),
            database_url=None,
            redis_url=None,
            ray_address=None,
            gcs_bucket_name=None,
            **more,
        )
