"""The command line: ``moments``."""

from __future__ import annotations

import contextlib
import os
import sys

# Ray reads these once, when it is imported; a value that the operator set stays.
_RAY_ENVIRONMENT = {
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_COLOR_PREFIX": "0",
    "RAY_DISABLE_DOCKER_CPU_WARNING": "1",
}


def main() -> None:
    """Run the command line; the exit status is that of ``moments_ray.cli.app``."""
    for name, value in _RAY_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from moments_ray.cli.app import run_app  # noqa: PLC0415 - after the environment that its imports read

    status = run_app(sys.argv[1:])
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Python would wait for a thread that waits for a Ray that was killed, which is for ever
