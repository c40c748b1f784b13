"""The API with its front end in this process, over real services and without Ray, and a shelf of videos for it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import anyio.from_thread
import uvicorn
from pydantic.warnings import PydanticDeprecatedSince20

from moments_ray import runtime
from moments_ray.http.container import Container
from moments_ray.settings import Settings

with warnings.catch_warnings():  # Serve's own use of pydantic warns, once, when it is imported
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    from serve_app.factory import create_app

T = TypeVar("T")
_OFFER = {"CPU": 8.0, "audio_extraction": 2.0, "clip_extraction": 4.0}


class Site:
    """A server that answers at ``url``; ``do`` runs something in its loop."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, settings: Settings) -> None:
        self._portal = portal
        self._settings = settings
        self.container: Container
        self.url: str
        self._server: uvicorn.Server

    def do(self, work: Callable[..., Awaitable[T]], *values: Any) -> T:
        """Run a coroutine function where the container lives."""
        done: T = self._portal.call(work, *values)
        return done

    def start(self, port: int = 0) -> None:
        """Answer, at a free port or a given one."""
        self._portal.call(self._build, port)
        self._serving = self._portal.start_task_soon(self._server.serve)
        self._portal.call(self._begun)

    async def _build(self, port: int) -> None:
        self.container = Container(
            runtime.connect(self._settings), runtime.open_redis(self._settings), lambda: [_OFFER]
        )
        config = uvicorn.Config(create_app(self.container), port=port, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # signals are the test's

    async def _begun(self) -> None:
        while not self._server.started:
            await anyio.sleep(0.02)
        bound = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{bound}"

    @property
    def port(self) -> int:
        """Where it answers."""
        return int(self.url.rsplit(":", 1)[1])

    def stop(self) -> None:
        """End, as a server that was killed: open streams break."""
        self._server.should_exit = True
        self._serving.result()


@contextlib.contextmanager
def site(settings: Settings) -> Iterator[Site]:
    """Serve until the block ends."""
    with anyio.from_thread.start_blocking_portal() as portal:
        served = Site(portal, settings)
        portal.call(runtime.migrate, settings)
        served.start()
        try:
            yield served
        finally:
            served.stop()
