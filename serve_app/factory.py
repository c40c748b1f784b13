"""The ASGI application, the same under Serve and in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from moments_ray import __version__
from moments_ray.access.keyring import Keyring
from moments_ray.http.authentication import Gate, document_gate
from moments_ray.http.body_limit import BodyLimit
from moments_ray.http.container import Container
from moments_ray.http.cors import allow_origins
from moments_ray.http.health import Health
from moments_ray.http.links import document_links
from moments_ray.http.problems import document_problems, problems, render_problems
from moments_ray.http.rate_limit import RateLimit
from moments_ray.http.request_scope import RequestScope
from moments_ray.http.routes import dead_letters, health, models, objects, runs, webhooks
from moments_ray.library.api import search, transcripts, videos
from moments_ray.moments.api import adding, clips, exports, moments, pipeline
from moments_ray.storage.factory import url_signer

_ROUTES = (adding, videos, exports, moments, transcripts, clips, pipeline, runs, search, models, dead_letters, webhooks)


def create_app(container: Container) -> FastAPI:
    """Return the API over what the container holds; it is closed when the application shuts down."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await container.close()

    app = FastAPI(
        title="moments",
        version=__version__,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.container = container  # not lifespan state: Serve drops that
    app.state.health = Health(container)
    app.include_router(health.router)
    for room in _ROUTES:
        app.include_router(room.router, responses=problems(400, 413, 422, 500, 503))
    settings = container.environment.settings
    if settings.gcs_bucket_name is None:
        app.state.signer = url_signer(settings)
        app.include_router(objects.router)
    render_problems(app)
    document_problems(app)
    document_gate(app)
    document_links(app)
    app.add_middleware(BodyLimit, upload_bytes=settings.download.max_bytes)
    limit = RateLimit(container.redis, settings.api.requests_per_minute)
    app.add_middleware(Gate, keyring=Keyring(container.environment.database), limit=limit, settings=settings.api)
    if settings.api.cors_origins:
        allow_origins(app, settings.api.cors_origins)
    app.add_middleware(RequestScope)
    return app
