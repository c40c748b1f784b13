"""The ASGI application, the same under Serve and in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from moments_ray import __version__
from serve_app.container import Container
from serve_app.health import Health
from serve_app.problems import render_problems
from serve_app.request_scope import RequestScope
from serve_app.routes import health


def create_app(container: Container) -> FastAPI:
    """Return the API over what the container holds; it is closed when the application shuts down."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await container.close()

    app = FastAPI(title="moments", version=__version__, lifespan=lifespan)
    app.state.container = container  # not lifespan state: Serve drops that
    app.state.health = Health(container)
    app.include_router(health.router)
    render_problems(app)
    app.add_middleware(RequestScope)
    return app
