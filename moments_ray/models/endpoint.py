"""One model's HTTP server as this process reaches it: what passes is tried again, what lasts is an error at once."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import structlog
from pydantic import SecretStr

from moments_ray.errors import (
    ModelBadResponse,
    ModelContextExceeded,
    ModelDenied,
    ModelError,
    ModelQuotaExceeded,
    ModelUnavailable,
)
from moments_ray.models.breaker import Breaker
from moments_ray.models.entry import ModelEntry
from moments_ray.process.retry import backoff, retry_after
from moments_ray.settings import ModelSettings

log = structlog.get_logger()

T = TypeVar("T")

# Gives the local port that leads to the model's server; None where it is called straight.
Entrance = Callable[[], Awaitable[int | None]]
# Opens what httpx shall send, once for every try: a file that was read is read no second time.
Content = Callable[[], AbstractContextManager[Mapping[str, Any]]]

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
# After these nothing was done: a paid request may be sent again. After others it may be under way.
_NOT_DONE = frozenset({425, 429, 503, 529})
_NO_CREDIT = re.compile(
    r"insufficient_quota|insufficient credit|credit balance|billing|payment required", re.IGNORECASE
)
_LONGEST_DELAY = 8.0
_EXCERPT = 300
_URL = re.compile(r"\b(?:https?|data):\S+")
_TOO_LONG = re.compile(r"context[ _]length|maximum context|max_model_len|context window|too many tokens", re.IGNORECASE)


class Passing(Exception):
    """A failure that may be gone the next time; ``wait`` is what the server asked for, in seconds.

    ``done`` is whether the server may have done what was asked all the same.
    """

    def __init__(self, error: ModelError, wait: float | None = None, *, done: bool = True) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.done = done


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    content_type: str
    body: bytes = field(repr=False)
    key: str

    @property
    def json(self) -> Any:
        """The body read as JSON.

        Raises:
            ModelBadResponse: it is none.
        """
        kind = self.content_type.partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise ModelBadResponse(f"{self.key} answered {kind[:50] or 'something without a type'} where JSON was due.")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ModelBadResponse(f"{self.key} answered JSON that cannot be read.") from error


def _authorization(entry: ModelEntry, secret: SecretStr | None) -> dict[str, str]:
    if secret is None:
        return {}
    if entry.provider == "elevenlabs":
        return {"xi-api-key": secret.get_secret_value()}
    return {"Authorization": f"Bearer {secret.get_secret_value()}"}


class Endpoint:
    """A pooled client of one model's server, bound to the running event loop."""

    def __init__(self, entry: ModelEntry, settings: ModelSettings, entrance: Entrance) -> None:
        self.entry = entry
        self._settings = settings
        self._entrance = entrance
        clock = asyncio.get_running_loop().time
        self._clock = clock
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._breaker = Breaker(entry.key, settings.failures_until_open, settings.open_seconds, clock)
        self.secret = settings.secret(entry.key, entry.provider)
        self._client = httpx.AsyncClient(
            headers=_authorization(entry, self.secret),
            timeout=httpx.Timeout(entry.timeout_s, connect=settings.connect_timeout_seconds),
            limits=httpx.Limits(max_connections=entry.concurrency, keepalive_expiry=30.0),
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment is for the world, not for a tunnel's near end
        )

    async def close(self) -> None:
        """Close the connections, once no request needs them."""
        await self._idle.wait()
        await self._client.aclose()

    async def post(self, content: Content, *, timeout: float, largest: int) -> Any:
        """Send content to the model's path and return the JSON that comes back, of at most ``largest`` bytes.

        ``timeout`` is seconds for all tries together; each has the entry's ``timeout_s``.

        Raises:
            ModelUnavailable: the server cannot be reached, or keeps failing.
            ModelContextExceeded: it says that the question is too long.
            ModelBadResponse: it answers something else.
            TunnelHostKey: its SSH host is not the one that is known.
            TunnelDenied: its SSH host does not let us in.
        """
        reply = await self.fetch("POST", self.entry.path, content, timeout=timeout, largest=largest)
        return reply.json

    async def get(self, path: str, *, timeout: float, largest: int) -> Any:
        """Return the JSON at a path of the model's server; raises as ``post``."""
        reply = await self.fetch("GET", path, lambda: nullcontext({}), timeout=timeout, largest=largest)
        return reply.json

    async def fetch(
        self, method: str, path: str, content: Content, *, timeout: float, largest: int, paid: bool = False
    ) -> Reply:
        """Send a request and return the reply, whatever its type; raises as ``post``.

        One that is ``paid`` is sent again only where it was surely not carried out.
        """

        async def once(left: float) -> Reply:
            return await self._once(method, path, content, left, largest)

        return await self.tried(once, timeout, paid=paid)

    async def tried(self, once: Callable[[float], Awaitable[T]], timeout: float, *, paid: bool = False) -> T:
        """Call until it comes through, ``Passing`` failures are used up or time is; ``once`` takes the seconds left."""
        self._busy += 1
        self._idle.clear()
        try:
            return await self._tried(once, timeout, paid=paid)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def _tried(self, once: Callable[[float], Awaitable[T]], timeout: float, *, paid: bool) -> T:
        deadline = self._clock() + timeout
        number = 0
        while True:
            number += 1
            self._breaker.check()
            try:
                answer = await once(deadline - self._clock())
            except Passing as passing:
                self._breaker.failed()
                delay = self._delay(number, passing.wait)
                over = number >= self._settings.tries or self._clock() + delay >= deadline
                if over or (paid and passing.done):
                    passing.error.detail["done"] = passing.done
                    raise passing.error from passing.__cause__
                log.warning("model.retry", model=self.entry.key, number=number, reason=str(passing), seconds=delay)
            except ModelError:
                self._breaker.succeeded()
                raise
            else:
                self._breaker.succeeded()
                return answer
            await asyncio.sleep(delay)

    def _delay(self, number: int, asked: float | None) -> float:
        if asked is not None:
            return min(asked, self._settings.longest_wait_seconds) + random.uniform(0.0, 0.2)  # noqa: S311 - jitter
        return backoff(number, self._settings.first_delay_seconds, _LONGEST_DELAY)

    async def _once(self, method: str, path: str, content: Content, left: float, largest: int) -> Reply:
        key = self.entry.key
        begun = self._clock()
        seconds = min(left, self.entry.timeout_s)
        try:
            async with asyncio.timeout(seconds):
                url = self.entry.url(path, await self._entrance())
                with content() as arguments:
                    async with self._client.stream(method, url, **arguments) as response:
                        body = await _body(response, largest, key)
        except ModelUnavailable as error:  # of the tunnel, which mends itself meanwhile
            raise Passing(error, done=False) from error
        except TimeoutError as error:
            raise Passing(ModelUnavailable(f"{key} did not answer within {seconds:.3g} s.")) from error
        except httpx.TransportError as error:
            done = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            unreached = ModelUnavailable(f"{key} cannot be reached: {type(error).__name__}")
            raise Passing(unreached, done=done) from error
        except httpx.HTTPError as error:  # a body that does not decode, say
            raise ModelBadResponse(f"{key} answered no HTTP: {type(error).__name__}") from error
        log.info("model.answered", model=key, status=response.status_code, seconds=round(self._clock() - begun, 3))
        judge(response.status_code, response.headers.get("retry-after", ""), body, self.entry)
        return Reply(response.headers.get("content-type", ""), body, key)


def judge(status: int, wait: str, body: bytes, entry: ModelEntry) -> None:
    """Raise what a status other than success means; ``wait`` is the header ``Retry-After``.

    Raises:
        Passing: it may be gone the next time.
        ModelError: it lasts.
    """
    key = entry.key
    if status == 402 or (status in {400, 403, 429} and _NO_CREDIT.search(body[:10_000].decode("utf-8", "replace"))):
        raise ModelQuotaExceeded(f"{key} has no credit left{_server_reason(body)}")
    if status in _PASSING:
        busy = ModelUnavailable(f"{key} answered {status}{_server_reason(body)}")
        raise Passing(busy, retry_after(wait), done=status not in _NOT_DONE)
    if status in {400, 413, 422} and _TOO_LONG.search(body[:10_000].decode("utf-8", "replace")):
        raise ModelContextExceeded(f"{key} says that the question is too long{_server_reason(body)}")
    if status in {401, 403}:
        raise ModelDenied(f"{key} does not accept our key ({status}): set another one in {entry.key_setting}.")
    if status not in {httpx.codes.OK, httpx.codes.CREATED, httpx.codes.ACCEPTED}:
        raise ModelBadResponse(f"{key} answered {status}{_server_reason(body)}", {"status": status})


async def _body(response: httpx.Response, largest: int, key: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > largest:
            raise ModelBadResponse(f"{key} answered more than {largest} bytes.")
        pieces.append(piece)
    return b"".join(pieces)


def _server_reason(body: bytes) -> str:
    """Return what a server said with its error, on one line and without URLs: those may be signed."""
    text = body[:4000].decode("utf-8", "replace")
    try:
        value = json.loads(body)
        found = value.get("error", value) if isinstance(value, dict) else value
        text = str(found.get("message", found.get("detail", found)) if isinstance(found, dict) else found)
    except (ValueError, RecursionError):
        text = re.sub(r"<[^<>]*>", " ", text)
    plain = "".join(char if char.isprintable() else " " for char in _URL.sub("<url>", text))
    plain = " ".join(plain.split())[:_EXCERPT]
    return f": {plain}" if plain else ""
