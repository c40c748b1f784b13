"""The model clients on a Ray of our own that serves nothing else."""

from __future__ import annotations

from moments_ray.settings import Settings


def serve_models_alone(settings: Settings) -> None:
    """Start Serve without an address and deploy the model clients; they end with Ray.

    Serve takes a second to import: commands that ask no remote model do without.
    """
    import logging  # noqa: PLC0415

    from ray import serve  # noqa: PLC0415

    from serve_app.deployments.model_clients import deploy  # noqa: PLC0415

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    serve.start(proxy_location="Disabled")
    deploy(settings)
