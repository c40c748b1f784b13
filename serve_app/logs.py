"""Our log lines among Serve's: one JSON object each, with the request's id; all of them in ``application.log``, too."""

from __future__ import annotations

import logging

from moments_ray.process.application_log import keep_in_home, log_lines
from moments_ray.settings import Settings

_SERVE = "ray.serve"  # the only logger that Serve gives a JSON formatter


def log_through_serve(settings: Settings) -> None:
    """Send structlog's lines of this process through Serve's logger."""
    log_lines(settings.log_level, settings.environment, _SERVE)
    keep_in_home(logging.getLogger(_SERVE), settings.home)
