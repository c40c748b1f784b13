"""Where the server listens, and how addresses are shown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from moments_ray.errors import InvalidRequest, ServiceUnavailable
from moments_ray.http.loopback import is_loopback

_ANSWER_SECONDS = 20.0
_POLL_SECONDS = 0.1


def require_loopback(host: str) -> None:
    """Refuse to be open to other machines, as long as nobody has to say who they are.

    Raises:
        InvalidRequest: the address is not one of loopback.
    """
    if not is_loopback(host):
        raise InvalidRequest(
            f"No API keys are configured, so only this machine is served: --host {host} is not a loopback address; "
            "make a key with `moments keys create --name NAME --scope admin` first, or leave --host out."
        )


def require_free(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on.

    Raises:
        InvalidRequest: somebody listens there, or this user may not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that just ended is no hindrance
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise InvalidRequest(
                f"Port {port} of {host} {reason}: choose another with --port or BACKEND_PORT."
            ) from error


def own_address(host: str, port: int) -> str:
    """Return the URL of an address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def require_answer(url: str) -> None:
    """Wait until the API answers at its URL.

    Raises:
        ServiceUnavailable: it does not; on a cluster where Serve ran before, that listens where it was told to then.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_ANSWER_SECONDS), httpx.AsyncClient(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"{url}/livez")).status_code == httpx.codes.OK:
                        return
                await asyncio.sleep(_POLL_SECONDS)
    raise ServiceUnavailable(
        f"The API does not answer at {url}: on a cluster of RAY_ADDRESS, run `moments up` on its head node, and with "
        "the address its Serve has."
    )


def shown(url: SecretStr | None, home: Path) -> str:
    """Return where a service is, without its password."""
    if url is None:
        return f"embedded, in {home}"
    parts = urlsplit(url.get_secret_value())
    where = parts.hostname or ""
    return f"{parts.scheme}://{where}{f':{parts.port}' if parts.port else ''}{parts.path}"
