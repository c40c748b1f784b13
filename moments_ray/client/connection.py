"""Requests to one server: what may pass is asked again, what lasts is an error of ours."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import httpx
from pydantic import SecretStr

from moments_ray.client.problems import error_of
from moments_ray.errors import InvalidRequest, MomentsError, ServerBadAnswer, ServerUnavailable
from moments_ray.process.retry import backoff

# Opens what httpx shall send, once for every try.
Content = Callable[[], AbstractContextManager[Mapping[str, Any]]]

_FIRST_DELAY = 0.25
_LONGEST_DELAY = 5.0
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def no_content() -> AbstractContextManager[Mapping[str, Any]]:
    """Send nothing."""
    return nullcontext({})


class Backoff:
    """Waits between tries: longer each time, as a server asks, and ``seconds`` in a row at most."""

    def __init__(self, seconds: float) -> None:
        self._clock = asyncio.get_running_loop().time
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        """Start over, because something went well."""
        self._deadline = self._clock() + self._seconds
        self._failures = 0

    async def wait(self, error: MomentsError) -> None:
        """Wait before the next try, as long as the error asks for if it does, or raise it where there is to be none."""
        asked = error.detail.get("retry_after")
        self._failures += 1
        delay = asked if isinstance(asked, float) else backoff(self._failures, _FIRST_DELAY, _LONGEST_DELAY)
        if self._clock() + delay > self._deadline:
            raise error
        await asyncio.sleep(delay)


class Connection:
    """A pooled HTTP client of one server, with its key; bound to the running event loop by its first request."""

    def __init__(
        self, server: str, api_key: SecretStr | None, timeout: float, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        try:
            url = httpx.URL(server)
        except httpx.InvalidURL as error:
            raise InvalidRequest(f"The server's address is not a URL ({error}): write http://HOST:PORT.") from error
        if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
            raise InvalidRequest("The server's address must be http://HOST:PORT or https://HOST, without a user.")
        self.server = str(url).rstrip("/")
        self._timeout = timeout
        self.answered = False  # once it has, its silence is taken for a restart
        key = {"Authorization": f"Bearer {api_key.get_secret_value()}"} if api_key is not None else {}
        self._http = httpx.AsyncClient(
            base_url=self.server,
            headers={"User-Agent": "moments-client", **key},
            timeout=_TIMEOUT,
            transport=transport,
            trust_env=not _is_here(url.host),  # a proxy is for the world, not for this machine
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def backoff(self) -> Backoff:
        """Return the waits between the tries of one request."""
        return Backoff(self._timeout)

    async def ask(
        self,
        method: str,
        path: str,
        content: Content = no_content,
        *,
        repeatable: bool = True,
        timeout: float | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Return an answer that is no error; ``repeatable`` requests are sent again where none came.

        ``timeout`` is the seconds that the server may think.

        Raises:
            ServerUnavailable: the server does not answer.
            MomentsError: it answered with this one.
        """
        backoff = self.backoff()
        if timeout is not None:
            more["timeout"] = httpx.Timeout(_TIMEOUT.write, connect=_TIMEOUT.connect, read=timeout)
        while True:
            try:
                with content() as arguments:
                    response = await self._http.request(method, path, **arguments, **more)
            except httpx.TransportError as failure:
                error: MomentsError = self._unanswered(failure)
                if not (self.answered if isinstance(failure, _UNSENT) else repeatable):
                    raise error from failure
            except httpx.HTTPError as failure:
                raise self._nonsense(failure) from failure
            else:
                self.answered = True
                if not response.is_error:
                    return response
                error = error_of(response)
                refused = response.status_code == httpx.codes.TOO_MANY_REQUESTS
                if not error.retryable or not (repeatable or refused) or "retry_after" not in error.detail:
                    raise error
            await backoff.wait(error)

    @asynccontextmanager
    async def stream(
        self, path: str, headers: Mapping[str, str], read: float | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Open an answer that is no error, wherever it is redirected to; ``read`` is the longest silence in seconds.

        Raises:
            ServerUnavailable: the server does not answer, or broke off.
            MomentsError: it answered with this one.
        """
        timeout = httpx.Timeout(read or _TIMEOUT.read, connect=_TIMEOUT.connect)
        try:
            async with self._http.stream(
                "GET", path, headers=dict(headers), timeout=timeout, follow_redirects=True
            ) as response:
                self.answered = True
                if response.is_error:
                    await response.aread()
                    raise error_of(response)
                yield response
        except httpx.TransportError as failure:
            raise self._unanswered(failure) from failure
        except httpx.HTTPError as failure:
            raise self._nonsense(failure) from failure

    def _nonsense(self, failure: httpx.HTTPError) -> ServerBadAnswer:
        return ServerBadAnswer(f"What {self.server} answers cannot be read: {type(failure).__name__}.")

    def _unanswered(self, failure: httpx.TransportError) -> ServerUnavailable:
        return ServerUnavailable(
            f"No moments server answers at {self.server} ({type(failure).__name__}): start one with `moments up`, or "
            "name another with --server or MOMENTS_SERVER_URL."
        )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
