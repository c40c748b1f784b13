"""WebSockets of a replica: let in, counted for all replicas, kept up with, and let go when they take nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import redis.asyncio as redis
import structlog
from fastapi import WebSocket, WebSocketDisconnect
from redis.exceptions import RedisError

from moments_ray.errors import MomentsError
from moments_ray.http.callers import offered_protocol
from moments_ray.http.problems import problem_of
from moments_ray.ids import new_identifier

log = structlog.get_logger()

TRY_AGAIN_LATER = 1013
_KEYS = "ws:connections:"
_KEY_SECONDS = 30
_RENEW_SECONDS = 10.0
_SEND_SECONDS = 30.0  # a client that takes nothing for so long is let go; it comes back with the last `seq` it has
_PINGS = {"ping", '{"type": "ping"}', '{"type":"ping"}'}
_ERROR_CODES = 4000  # and the HTTP status: codes of 4000 and above are an application's own


class Sockets:
    """The sockets that are open here, by what they are about, and how many there are on all replicas."""

    def __init__(self, client: redis.Redis, most: int) -> None:
        self._redis = client
        self._most = most
        self._key = f"{_KEYS}{new_identifier()}"
        self._started = time.monotonic()
        self._open: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._publishing: asyncio.Task[None] | None = None

    @property
    def uptime_seconds(self) -> float:
        """How long this replica has been here."""
        return time.monotonic() - self._started

    @asynccontextmanager
    async def accepted(self, socket: WebSocket, about: str) -> AsyncIterator[bool]:
        """Accept a socket and count it while it is used; False, and closed with 1013, where there are too many."""
        if self._open.total() >= self._most:
            await socket.accept(subprotocol=offered_protocol(socket.scope))
            await socket.close(TRY_AGAIN_LATER, "too many sockets: try again later")
            yield False
            return
        self._note(about, 1)
        try:
            await socket.accept(subprotocol=offered_protocol(socket.scope))
            yield True
        finally:
            self._note(about, -1)

    async def count(self) -> tuple[Counter[str], int]:
        """Return how many sockets are open on all replicas, by what they are about, and how many replicas have any."""
        counts = [Counter(self._open)]
        with contextlib.suppress(RedisError):  # without it this replica's own are known
            keys = [key async for key in self._redis.scan_iter(f"{_KEYS}*", count=1000)]
            others = [key for key in keys if key.decode() != self._key]
            values = await self._redis.mget(others) if others else []
            counts += [Counter(json.loads(value)) for value in values if value]
        return sum(counts, Counter()), max(1, sum(bool(each) for each in counts))

    async def close(self) -> None:
        """Stop telling of sockets."""
        if self._publishing is not None:
            self._publishing.cancel()
            await asyncio.gather(self._publishing, return_exceptions=True)

    def _note(self, about: str, change: int) -> None:
        self._open[about] += change
        self._open += Counter()  # forgets what is at zero
        self._changed.set()
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish())

    async def _publish(self) -> None:
        """Tell other replicas how many there are: one write at a time, however many come and go meanwhile."""
        while True:
            self._changed.clear()
            try:
                if self._open:
                    await self._redis.set(self._key, json.dumps(self._open), ex=_KEY_SECONDS)
                else:
                    await self._redis.delete(self._key)
            except RedisError as error:
                log.warning("sockets.publish_failed", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _RENEW_SECONDS if self._open else None)


async def converse(socket: WebSocket, sending: Awaitable[None]) -> None:
    """Send, and answer ``ping`` meanwhile, until nothing is left to send, or the client leaves or takes nothing."""
    tasks = (asyncio.ensure_future(sending), asyncio.ensure_future(_answer_pings(socket)))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, TimeoutError):
            log.info("socket.closed_slow_client")
        elif isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
            raise result


async def send(socket: WebSocket, text: str) -> None:
    """Send a message.

    Raises:
        TimeoutError: the client takes nothing.
        WebSocketDisconnect: it has left.
    """
    async with asyncio.timeout(_SEND_SECONDS):
        await socket.send_text(text)


async def refuse(socket: WebSocket, error: MomentsError) -> None:
    """Say what is wrong, as REST would, and close with 4000 and the HTTP status."""
    problem = problem_of(error, socket.scope["state"]["request_id"])
    await send(socket, message("error", json.loads(bytes(problem.body))))
    await socket.close(_ERROR_CODES + error.status, error.code)


def message(kind: str, data: Mapping[str, Any], *, seq: int | None = None, at: datetime | None = None) -> str:
    """Return a message: what it is, what it says, its number among what is sent again after a break, and when."""
    when = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "data": data, "seq": seq, "at": when}, ensure_ascii=False)


async def _answer_pings(socket: WebSocket) -> None:
    while (received := await socket.receive())["type"] != "websocket.disconnect":
        if (received.get("text") or "").strip() in _PINGS:
            await send(socket, message("pong", {}))
