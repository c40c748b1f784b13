"""Who may pass: by verb and path, by key, and, while there are no keys, by where a request comes from."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from moments_ray.access.key import Key, Scope
from moments_ray.http.authentication import needed_scope
from moments_ray.http.loopback import from_this_machine
from moments_ray.settings import ApiSettings


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/health", None),
        ("GET", "/livez", None),
        ("GET", "/readyz", None),
        ("GET", "/docs", None),
        ("GET", "/docs/swagger-ui.css", None),
        ("GET", "/docs/secrets", Scope.READ),
        ("GET", "/", None),
        ("GET", "/api/healthz", None),
        ("PATCH", "/api/uploads/a", Scope.WRITE),
        ("GET", "/openapi.json", None),
        ("POST", "/api/session", None),
        ("POST", "/api/sessions", Scope.WRITE),
        ("GET", "/objects/videos/a/source-1.mp4", None),
        ("GET", "/api/videos", Scope.READ),
        ("HEAD", "/api/videos", Scope.READ),
        ("POST", "/api/videos", Scope.WRITE),
        ("DELETE", "/api/videos/a", Scope.WRITE),
        ("BREW", "/api/videos/a", Scope.WRITE),
        ("GET", "/api/admin/models", Scope.ADMIN),
        ("GET", "/api/admin", Scope.ADMIN),
        ("GET", "/api/administration", Scope.READ),
        ("GET", "/health/../api/videos", Scope.READ),
        ("GET", "/nowhere", Scope.READ),
        ("GET", "/ws/jobs", Scope.READ),
    ],
)
def test_a_path_asks_for_a_scope_unless_it_is_known_to_be_open(method: str, path: str, scope: Scope | None) -> None:
    assert needed_scope(method, path) is scope


def test_a_scope_covers_those_before_it() -> None:
    covered = {(one, other) for one in Scope for other in Scope if one.covers(other)}
    assert covered == {
        ("read", "read"),
        ("write", "read"),
        ("write", "write"),
        ("admin", "read"),
        ("admin", "write"),
        ("admin", "admin"),
    }


def test_every_key_is_another_and_shows_itself_to_nobody_by_accident() -> None:
    key = Key.make()
    assert Key.read(key.text) == key
    assert key != Key.make()
    assert key.text not in repr(key)
    for text in ("", "mr_", key.text[:-1], f"{key.text}0", key.text.upper(), key.text.replace("mr_", "sk_")):
        assert Key.read(text) is None


def asked(client: str | None = "127.0.0.1", host: str = "127.0.0.1:7005", **headers: str) -> dict[str, Any]:
    """A request's ASGI scope; names of headers are written with underscores."""
    fields = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "http",
        "client": (client, 5000) if client else None,
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    }


@pytest.mark.parametrize(
    "scope",
    [
        asked(),
        asked("::1", "[::1]:7005"),
        asked("::ffff:127.0.0.1", "localhost"),
        asked("127.8.8.8", "LOCALHOST.:7005"),
        asked(origin="http://127.0.0.1:7005"),
        asked(host="localhost:7005", origin="http://LocalHost:7005"),
        asked(origin="https://run_service.example"),
    ],
)
def test_this_machine_is_known_by_address_and_name(scope: dict[str, Any]) -> None:
    assert from_this_machine(scope, ["https://run_service.example"])


@pytest.mark.parametrize(
    "scope",
    [
        asked("192.0.2.7"),
        asked("::ffff:192.0.2.7"),
        asked("testclient"),
        asked(None),
        asked(host="evil.example"),
        asked(host="127.0.0.1.evil.example:7005"),
        asked(host="localhost@evil.example"),
        asked(host="0.0.0.0:7005"),
        asked(host="[::1"),
        asked(host=""),
        asked(x_forwarded_for="127.0.0.1"),
        asked(forwarded="for=192.0.2.7"),
        asked(x_real_ip="192.0.2.7"),
        asked(via="1.1 proxy"),
        asked(origin="https://evil.example"),
        asked(origin="http://127.0.0.1:3000"),
        asked(origin="null"),
    ],
)
def test_others_their_proxies_and_their_pages_are_not_this_machine(scope: dict[str, Any]) -> None:
    assert not from_this_machine(scope, ["https://run_service.example", "*"])


@pytest.mark.parametrize("origin", ["example.org", "https://example.org/", "https://a b", "ftp://example.org", ""])
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError):
        ApiSettings(cors_origins=(origin,))
