"""The deployment that answers HTTP."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from ray import serve

from moments_ray import runtime
from moments_ray.http.container import Container
from moments_ray.process.application_log import keep_in_home, log_lines
from moments_ray.settings import Settings
from serve_app.factory import create_app

_SERVE = "ray.serve"  # the only logger that Serve gives a JSON formatter
_REDIS_TIMEOUT = 1.0  # seconds for a Redis that says nothing; the sweeper enqueues what could not be


def connect_container(settings: Settings) -> Container:
    """Connect what the routes need; connections open on their first use.

    Raises:
        StorageError: the object store cannot be used.
    """
    client = runtime.open_redis(settings, timeout=_REDIS_TIMEOUT)
    environment = runtime.connect(settings, redis_timeout=_REDIS_TIMEOUT)
    return Container(environment, client, lambda: [node.resources for node in runtime.nodes()])


def log_through_serve(settings: Settings) -> None:
    """Send structlog's lines of this process through Serve's logger, with the request's id, and to the home's log."""
    log_lines(settings.log_level, settings.environment, _SERVE)
    keep_in_home(logging.getLogger(_SERVE), settings.home)


@serve.deployment(name="api", ray_actor_options={"num_cpus": 0.2})
@serve.ingress()
class Api:
    """One replica of the API; it holds nothing that another would miss."""

    def __init__(self, settings: Settings) -> None:
        log_through_serve(settings)
        self._container = connect_container(settings)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Return what answers; Serve calls this on the replica, after the constructor."""
        return create_app(self._container)

    async def check_health(self) -> None:
        """Answer: whoever does is alive. A PostgreSQL that blinked is no reason to restart replicas."""
