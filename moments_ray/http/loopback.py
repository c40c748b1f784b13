"""Whether a request comes from this machine, meant for it: what is asked of requests while there are no API keys."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

# Whoever forwards for others is on this machine and its clients are not.
_FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def is_loopback(host: str) -> bool:
    """Tell whether an address is one of loopback, or a name that nobody else can have."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def from_this_machine(scope: Scope, origins: Collection[str]) -> bool:
    """Tell whether a request comes from this machine, is forwarded for nobody, and is not the work of a strange page.

    A page whose own name leads here (DNS rebinding) sends that name as ``Host``; one that posts a form to us sends
    where it is from as ``Origin``, which has to be us or one of ``origins``.
    """
    headers = Headers(scope=scope)
    client, hosts = scope.get("client"), headers.getlist("host")
    if client is None or not is_loopback(client[0]) or any(name in headers for name in _FORWARDING):
        return False
    if len(hosts) != 1 or not is_loopback(host_of(hosts[0])):
        return False
    origin = headers.get("origin")
    return origin is None or origin in origins or origin.lower().partition("://")[2] == hosts[0].lower()


def host_of(authority: str) -> str:
    """Return the host of an authority, without its port; empty where it is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""
