"""Decides which URLs may be fetched, and makes an HTTP client that cannot be led elsewhere.

A name is resolved once, every address is checked, and the connection goes to a checked address: what a name resolves to
a moment later does not matter. Each redirect passes the same check.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

import httpx

from moments_ray.errors import DownloadInterrupted, DownloadUnavailable, UrlNotAllowed
from moments_ray.settings import DownloadSettings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_URL_LENGTH = 4096
_RESOLVE_SECONDS = 10.0
# Names by which clouds and home networks offer things meant for insiders.
_INSIDE_NAMES = frozenset({"localhost", "metadata", "instance-data", "metadata.goog"})
_INSIDE_SUFFIXES = (".localhost", ".internal", ".local", ".localdomain", ".home.arpa")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_YOUTUBE_HOSTS = frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com"})
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")

_TRACKING = re.compile(
    rb"(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid|_ga|_gl|"
    rb"share|share_id|feature|ref_src)(?:=|$)",
    re.IGNORECASE,
)
# Amazon, Google and what speaks as they do, CloudFront, Azure: each signs with a field of its own, beside which the
# others say until when and by whom.
_SIGNATURE = re.compile(rb"(?:x-amz-signature|x-goog-signature|signature|sig)=", re.IGNORECASE)
_SIGNED_WITH = re.compile(
    rb"(?:x-amz-\w[\w-]*|x-goog-\w[\w-]*|awsaccesskeyid|googleaccessid|signature|expires|key-pair-id|policy|"
    rb"sig|se|st|sp|sv|sr|spr|sip|skoid|sktid|skt|ske|sks|skv)=",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that may be fetched and the addresses, all checked, at which its host answers."""

    url: httpx.URL
    port: int
    addresses: tuple[str, ...]


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver for the addresses of a name, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def canonical_url(url: str) -> str:
    """Return the form of a URL in which the same video always has the same one; raises UrlNotAllowed if it is none.

    Scheme and host in lower case, no default port, no fragment, no user, ``/`` for an empty path, nothing in the query
    that only tells where a link was found, nor a signature that expires; the addresses under which YouTube shows one
    video become one.
    """
    parsed = _parse(url)
    video = _youtube_video(parsed)
    if video is not None:
        return f"https://www.youtube.com/watch?v={video}"
    host = parsed.host.rstrip(".")
    whole = parsed.copy_with(host=host, fragment=None, userinfo=b"", path=parsed.path or "/")
    return str(whole.copy_with(query=_lasting(parsed.query) or None))


def _lasting(query: bytes) -> bytes:
    """Return a query without what tracks its visitor and without a store's signature, which is another each time."""
    fields = [field for field in query.split(b"&") if field and not _TRACKING.match(field)]
    if any(_SIGNATURE.match(field) for field in fields):
        fields = [field for field in fields if not _SIGNED_WITH.match(field)]
    return b"&".join(fields)


async def check_url(
    url: str | httpx.URL, settings: DownloadSettings, resolver: Resolver = resolve_by_system
) -> Destination:
    """Return where a URL leads if it may be fetched.

    Raises UrlNotAllowed (scheme, user, port, an inside name, any address that is not public), DownloadUnavailable (no
    such host), DownloadInterrupted (the resolver does not answer).
    """
    parsed = _parse(str(url))
    if parsed.userinfo:
        raise UrlNotAllowed("A URL with a user or password in it is not fetched.")
    port = parsed.port or _DEFAULT_PORTS[parsed.scheme]
    addresses = await check_host(parsed.raw_host.decode("ascii"), port, settings, resolver)
    return Destination(parsed, port, addresses)


async def check_host(
    host: str, port: int, settings: DownloadSettings, resolver: Resolver = resolve_by_system
) -> tuple[str, ...]:
    """Return the addresses of a host if all of them and the port may be connected to; raises as ``check_url``.

    Where private addresses are allowed, they are at any port; public ones are never but at those of the list.
    """
    name = host.rstrip(".").lower()
    private, listed = settings.allow_private_addresses, port in settings.allowed_ports
    if not (private or listed):
        raise _unlisted(port)
    if not private and (name in _INSIDE_NAMES or name.endswith(_INSIDE_SUFFIXES)):
        raise UrlNotAllowed(f"{name} is a name of the inside network.")
    addresses = await _resolve(name, port, resolver)
    for address in addresses:
        public = is_public(ipaddress.ip_address(address))
        if not (public or private):
            raise UrlNotAllowed(f"{name} leads to {address}, which is not a public address.")
        if public and not listed:
            raise _unlisted(port)
    return addresses


def _unlisted(port: int) -> UrlNotAllowed:
    return UrlNotAllowed(f"Port {port} is not one that videos are fetched from.")


def is_public(address: Address) -> bool:
    """Whether an address, and every address wrapped in it, belongs to the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    if address.scope_id is not None or not (address in _GLOBAL_UNICAST or address in _NAT64):
        return False
    inner = _wrapped(address)
    return (address in _NAT64 or address.is_global) and all(is_public(each) for each in inner)


def _wrapped(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    """Return the IPv4 addresses that a NAT64, 6to4 or Teredo address carries."""
    if address in _NAT64:
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo or ()


def guarded_client(settings: DownloadSettings, resolver: Resolver = resolve_by_system) -> httpx.AsyncClient:
    """Return a client that follows redirects, each checked, and ignores proxies and credentials of the environment."""
    return httpx.AsyncClient(
        transport=GuardedTransport(settings, resolver),
        follow_redirects=True,
        max_redirects=settings.max_redirects,
        trust_env=False,
        timeout=httpx.Timeout(30.0, connect=10.0),
    )


REDIRECTS_MESSAGE = "The address redirects too many times, as in a circle; open it in a browser to see where it leads."


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends each request to a checked address of its host, under the host's name for HTTP and TLS."""

    def __init__(self, settings: DownloadSettings, resolver: Resolver = resolve_by_system) -> None:
        self._settings = settings
        self._resolver = resolver
        # No connection is kept: two names at one address must not share one.
        self._transport = httpx.AsyncHTTPTransport(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to the first address that accepts the connection; raises as ``check_url``."""
        destination = await check_url(request.url, self._settings, self._resolver)
        failure: httpx.TransportError | None = None
        for address in destination.addresses:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
            )
            try:
                return await self._transport.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError("no address")

    async def aclose(self) -> None:
        """Close what is open."""
        await self._transport.aclose()


async def _resolve(host: str, port: int, resolver: Resolver) -> tuple[str, ...]:
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            addresses = tuple(await resolver(host, port))
    except TimeoutError as error:
        raise DownloadInterrupted(f"The address of {host} could not be found out in time.") from error
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            raise DownloadInterrupted(f"The address of {host} cannot be found out at the moment.") from error
        raise DownloadUnavailable(f"There is no host named {host}.") from error
    if not addresses:
        raise DownloadUnavailable(f"There is no host named {host}.")
    return addresses


def _parse(url: str) -> httpx.URL:
    """Parse a URL with the parser of the client that will fetch it, so that both see the same host."""
    if len(url) > _MAX_URL_LENGTH:
        raise UrlNotAllowed(f"A URL may have at most {_MAX_URL_LENGTH} characters.")
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, UnicodeError) as error:
        raise UrlNotAllowed("This is not a valid URL.") from error
    if parsed.scheme not in _DEFAULT_PORTS:
        raise UrlNotAllowed("Only http and https URLs are fetched.")
    if not parsed.host.strip("."):
        raise UrlNotAllowed("This URL names no host.")
    return parsed


def _youtube_video(url: httpx.URL) -> str | None:
    """Return the video that a YouTube URL shows, if it shows one."""
    parts = [part for part in url.path.split("/") if part]
    candidate = ""
    if url.host == "youtu.be" and parts:
        candidate = parts[0]
    elif url.host in _YOUTUBE_HOSTS or url.host == "www.youtube-nocookie.com":
        if parts[:1] == ["watch"]:
            candidate = parse_qs(url.query.decode()).get("v", [""])[0]
        elif len(parts) > 1 and parts[0] in {"shorts", "embed", "live", "v"}:
            candidate = parts[1]
    return candidate if _YOUTUBE_ID.fullmatch(candidate) else None
