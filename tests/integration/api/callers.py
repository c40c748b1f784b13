"""Who asks the API: with which key, from which address, under which settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI

from moments_ray.access.key import Key, Scope
from moments_ray.http.container import Container
from moments_ray.settings import ApiSettings

MakeKey = Callable[[Scope], Awaitable[Key]]


def bearer(key: Key | str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.text if isinstance(key, Key) else key}"}


def reached(app: FastAPI, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    """A client at an address."""
    transport = httpx.ASGITransport(app, client=(address, 5000))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


def with_settings(container: Container, **api: Any) -> Container:
    """The same connections under other settings of the API."""
    settings = container.environment.settings.model_copy(update={"api": ApiSettings(**api)})
    return Container(replace(container.environment, settings=settings), container.redis, container.nodes)
