"""What every part of the client has: a connection to one server, and answers read into their shapes."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from moments_ray.client.connection import Connection
from moments_ray.errors import InvalidRequest, ServerBadAnswer

S = TypeVar("S", bound=BaseModel)

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ApiCaller:
    """Asks one server; use it as ``async with``, or ``close`` it."""

    def __init__(
        self,
        server: str = "http://127.0.0.1:7005",
        *,
        api_key: SecretStr | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection(server, api_key, timeout, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def _get(self, path: str, shape: type[S], **query: Any) -> S:
        return self._read(await self._connection.ask("GET", path, params=query), shape)

    def _read(self, answer: httpx.Response, shape: type[S]) -> S:
        return self._parsed(answer.content, shape)

    def _parsed(self, text: str | bytes, shape: type[S]) -> S:
        try:
            return shape.model_validate_json(text)
        except ValidationError as error:
            raise ServerBadAnswer(
                f"What answers at {self._connection.server} is no moments server of this version "
                f"({error.error_count()} surprises in a {shape.__name__}): see that its address is right."
            ) from error


def named(identifier: str) -> str:
    """Return what is to stand in a path, once it is found to be an identifier."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise InvalidRequest(f"{identifier[:80]!r} is not an identifier of a video, run, job, moment or backfill.")
    return identifier
