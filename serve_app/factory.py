"""The ASGI application, the same under Serve and in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from moments_ray import __version__
from moments_ray.access.key_store import ApiKeyStore
from moments_ray.http import documentation
from moments_ray.http.authentication import ApiKeyMiddleware, document_authentication
from moments_ray.http.body_limit import BodyLimit
from moments_ray.http.callers import Callers
from moments_ray.http.compression import Compression
from moments_ray.http.conditional import ConditionalGet, document_conditional
from moments_ray.http.container import Container
from moments_ray.http.cors import allow_origins
from moments_ray.http.examples import document_examples
from moments_ray.http.head import HeadAsGet
from moments_ray.http.health import Health
from moments_ray.http.known_fields import refuse_unknown_fields
from moments_ray.http.links import document_links
from moments_ray.http.problems import document_problems, problems, render_problems
from moments_ray.http.rate_limit import RateLimit
from moments_ray.http.request_scope import RequestScope
from moments_ray.http.routes import (
    dead_letters,
    events,
    health,
    home,
    models,
    objects,
    runs,
    sessions,
    webhooks,
    workers,
)
from moments_ray.http.tus import TusResponses
from moments_ray.storage.factory import url_signer
from serve_app import demo
from serve_app.ui.mount import PATH, mount_ui

_SHARED = (sessions, runs, events, models, workers, dead_letters, webhooks)  # of every product

_DESCRIPTION = """
Turns videos into titled, time-stamped highlights, each with a clip that is cut to the frame.

Begin with `POST /api/generate_moments` for a URL, or upload a file; both answer `202` with a run. Follow it at
`GET /api/runs/{run_id}/events`, then read `GET /api/videos/{video_id}/moments`.

- Errors are RFC 9457 problems with a stable `code` and whether the same request may succeed later (`retryable`).
- Lists come by pages: `next_cursor` of one is `cursor` of the next.
- Times are RFC 3339 UTC; positions in a video are seconds from its start.
- A `POST` that starts work takes an `Idempotency-Key`: sent again, it starts nothing new.
- Fields that a route does not know are refused by name.
"""
_OPEN_TAGS = {"health": "Whether the service works; open to everybody."}
_SHARED_TAGS = {
    "session": "A browser's session, begun with an API key.",
    "runs": "Runs of every pipeline: looked at, followed, cancelled, retried.",
    "admin": "The models that can be asked, the workers, what was given up, and how webhooks are signed.",
}


def create_app(container: Container) -> FastAPI:
    """Return the API over what the container holds; it is closed when the application shuts down."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await container.close()

    settings = container.environment.settings
    apis = [product.api() for product in container.environment.registry.products if product.api is not None]
    tags = _OPEN_TAGS | {name: text for api in apis for name, text in api.tags.items()} | _SHARED_TAGS
    app = FastAPI(
        title=settings.app_name,
        version=__version__,
        description=_DESCRIPTION,
        openapi_tags=[{"name": name, "description": text} for name, text in tags.items()],
        servers=[{"url": settings.public_url or "/"}],
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_unknown_fields)],
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.container = container  # not lifespan state: Serve drops that
    app.state.health = Health(container, __version__)
    limit = RateLimit(container.redis, settings.api.requests_per_minute)
    app.state.callers = Callers(ApiKeyStore(container.environment.database), limit, settings)
    app.include_router(home.router)
    app.include_router(health.router)
    app.include_router(documentation.router)
    for router in (*(router for api in apis for router in api.routers), *(routes.router for routes in _SHARED)):
        app.include_router(router, responses=problems(400, 413, 422, 500, 503))
    if settings.gcs_bucket_name is None:
        app.state.signer = url_signer(settings)
        app.include_router(objects.router)
    app.include_router(demo.router)
    app.routes.append(mount_ui(settings))
    app.state.page = f"{PATH}/"
    render_problems(app)
    document_problems(app)
    document_authentication(app)
    document_links(app)
    document_conditional(app)
    document_examples(app)
    app.add_middleware(BodyLimit, limits=[limit for api in apis for limit in api.body_limits(settings)])
    app.add_middleware(ApiKeyMiddleware, callers=app.state.callers)
    app.add_middleware(TusResponses)
    app.add_middleware(ConditionalGet)
    app.add_middleware(Compression)
    app.add_middleware(HeadAsGet, routes=app.routes)
    if settings.api.cors_origins:
        allow_origins(app, settings.api.cors_origins)
    app.add_middleware(RequestScope)
    return app
