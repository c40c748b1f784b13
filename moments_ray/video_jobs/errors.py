"""The errors of jobs alone."""

from __future__ import annotations

from moments_ray.errors import RunTimeout


class JobTimeout(RunTimeout):
    """The job took longer than JOB_TIMEOUT, or its own option `timeout`, allows; retry it, or give it more time."""

    code = "job.timeout"
    retryable = True
