"""The application builder: ``serve_app.app:app`` in a Serve config, or called by ``moments up``.

Annotations are evaluated here: Serve makes the model of a config's ``args`` only where the builder's annotation is a
class, and under ``from __future__ import annotations`` it is a string.
"""

from pydantic import BaseModel, ConfigDict, Field
from ray.serve import Application
from ray.serve.schema import LoggingConfig

from moments_ray.errors import InvalidRequest
from moments_ray.settings import Settings
from serve_app.deployments.api import Api
from serve_app.deployments.placing import on_node


class ServeArgs(BaseModel):
    """What a Serve config may say under ``args``; settings come from the environment of the cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: Settings = Field(default_factory=Settings)
    replicas: int = Field(1, ge=1, description="of the API; it holds nothing, so any number will do")
    # Every open socket or stream holds one: the default of 5 would be taken by one person's browser.
    max_ongoing_requests: int = Field(3000, ge=1000, description="a replica")
    log_level: str | None = Field(None, description="unset: that of the settings")


def app(args: ServeArgs) -> Application:
    """Build the application.

    Raises:
        InvalidRequest: a service has no URL; replicas cannot run embedded servers, which end with who started them.
    """
    return application(args, beside=None)


def application(args: ServeArgs, beside: str | None) -> Application:
    """Build the application as ``app``, its replicas on the node whose address is ``beside`` if that is given."""
    settings = args.settings
    unset = [
        name
        for name, url in (("DATABASE_URL", settings.database_url), ("REDIS_URL", settings.redis_url))
        if url is None
    ]
    if unset:
        raise InvalidRequest(f"A Serve application needs {' and '.join(unset)}: set it, or use `moments up`.")
    placed = {} if beside is None else {"ray_actor_options": on_node(beside)}
    deployment = Api.options(  # type: ignore[attr-defined]  # what Serve's decorator returns is untyped
        num_replicas=args.replicas,
        max_ongoing_requests=args.max_ongoing_requests,
        logging_config=LoggingConfig(encoding="JSON", log_level=args.log_level or settings.log_level),
        **placed,
    )
    bound: Application = deployment.bind(settings)
    return bound
