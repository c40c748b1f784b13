"""What routes ask for by type: the container's dependencies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Path
from starlette.requests import HTTPConnection

from moments_ray.http.container import Container


async def _container(connection: HTTPConnection) -> Container:
    container: Container = connection.app.state.container
    return container


Dependencies = Annotated[Container, Depends(_container)]

# What cannot be an identifier is not looked up: PostgreSQL refuses some characters with an error of its own.
ModelKey = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", examples=["qwen3_vl_fp8"])]
Identifier = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["0b9f6c0e-52a4-4f0e-9d0c-3f6f0c9a1f11"])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="the same key again gives the same run and starts nothing",
    ),
]
