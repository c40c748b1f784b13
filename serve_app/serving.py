"""The application on the cluster that this process has joined."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import ray
from ray import serve
from ray.serve.config import HTTPOptions
from ray.serve.exceptions import RayServeException
from ray.serve.schema import LoggingConfig

from moments_ray.errors import RayUnavailable
from serve_app.app import ServeArgs, application
from serve_app.deployments.model_clients import deploy, withdraw

_NAME = "moments"


@contextlib.contextmanager
def serving(args: ServeArgs, host: str, port: int, beside: str | None = None) -> Iterator[None]:
    """Have the application deployed; at the end it is taken away when it has answered what it was asked.

    On a cluster where Serve runs already, its own address counts, and an application that a killed server left there
    is replaced. All run on the node whose address is ``beside``, if it is given: those that run stages can then be
    taken away when they have nothing to do. A Serve that nobody else uses is ended too; one on a Ray of our own ends
    with that.
    """
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    logs = LoggingConfig(encoding="JSON", log_level=args.settings.log_level)
    try:
        serve.start(http_options=HTTPOptions(host=host, port=port), logging_config=logs)
    except ray.exceptions.RayError as error:
        raise RayUnavailable(
            f"Ray Serve did not start ({type(error).__name__}): the machine may be too busy; try again."
        ) from error
    try:
        serve.run(application(args, beside), name=_NAME, route_prefix="/", logging_config=logs)
        deploy(args.settings, beside)
        yield
    finally:
        with contextlib.suppress(ray.exceptions.RayError, RayServeException):  # somebody else ended Serve
            serve.delete(_NAME)
            if args.settings.ray_address is not None:
                withdraw()
                if not serve.status().applications:
                    serve.shutdown()  # type: ignore[no-untyped-call]
