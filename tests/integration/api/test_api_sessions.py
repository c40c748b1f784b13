"""A browser's session: what its cookie opens, from which pages, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from moments_ray.access.key import Key, Scope
from moments_ray.access.key_store import make_key, revoke_key
from moments_ray.http.container import Container
from tests.integration.api.conftest import Library, problem

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def key(container: Container) -> AsyncIterator[Key]:
    """A key of scope write, which is gone at the end."""
    yield (await make_key(container.environment.database, "the desk", Scope.WRITE))[1]
    async with container.environment.database.begin() as session:
        await session.execute(text("TRUNCATE api_keys CASCADE"))


async def sign_in(browser: httpx.AsyncClient, key: Key) -> httpx.Response:
    answer = await browser.post("/api/session", json={"key": key.text}, headers=OWN_PAGE)
    assert answer.status_code == 204, answer.text
    return answer


async def test_a_cookie_opens_what_its_key_opens_until_it_is_signed_out(
    api: httpx.AsyncClient, library: Library, key: Key
) -> None:
    video = await library.video()
    before = (await api.get("/api/session")).json()
    assert before == {"keys_in_use": True, "scope": None, "name": None, "expires_at": None}
    problem(await api.post("/api/session", json={"key": Key.make().text}), 401, "access.key")
    cookie = (await sign_in(api, key)).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie  # plain HTTP on this machine
    known = (await api.get("/api/session")).json()
    assert (known["scope"], known["name"]) == ("write", "the desk")
    assert (await api.get(f"/api/videos/{video.identifier}/thumbnail")).status_code == 307
    problem(await api.get("/api/admin/models"), 403, "access.scope")
    assert (await api.delete("/api/session", headers=OWN_PAGE)).status_code == 204
    assert not api.cookies
    problem(await api.get("/api/videos"), 401, "access.key")


async def test_a_cookie_is_encrypted_but_on_this_machine(app: FastAPI, key: Key) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://moments.example") as browser:
        assert "Secure" in (await sign_in(browser, key)).headers["set-cookie"]


async def test_with_a_cookie_only_pages_of_this_origin_change_something(
    api: httpx.AsyncClient, library: Library, key: Key
) -> None:
    video = await library.video()
    await sign_in(api, key)
    address = f"/api/videos/{video.identifier}"
    foreign: tuple[dict[str, str], ...] = (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
    )
    for headers in foreign:
        problem(await api.delete(address, headers=headers), 403, "access.origin")
        problem(await api.delete("/api/session", headers=headers), 403, "access.origin")
    assert (await api.get(address)).status_code == 200
    bearer = {"Authorization": f"Bearer {key.text}"}
    problem(await api.post("/api/runs/nobody/cancel", headers=bearer), 404, "object.not_found")
    assert (await api.delete(address, headers={"Origin": "http://localhost"})).status_code == 204


async def test_a_session_ends_with_its_key_and_with_time(
    api: httpx.AsyncClient, container: Container, key: Key
) -> None:
    database = container.environment.database
    await sign_in(api, key)
    async with database.begin() as session:
        whole = str((await session.execute(text("SELECT * FROM api_sessions"))).all())
        assert api.cookies["moments_session"] not in whole
        await session.execute(text("UPDATE api_sessions SET last_used_at = now() - interval '13 hours'"))
    await asyncio.sleep(0.25)
    problem(await api.get("/api/videos"), 401, "access.key")
    await sign_in(api, key)
    assert (await api.get("/api/videos")).status_code == 200
    await revoke_key(database, key.identifier)
    await asyncio.sleep(0.25)
    problem(await api.get("/api/videos"), 401, "access.key")


async def test_without_keys_this_machine_is_told_that_it_needs_none(api: httpx.AsyncClient, app: FastAPI) -> None:
    assert (await api.get("/api/session")).json()["scope"] == "admin"
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as stranger:
        assert (await stranger.get("/api/session")).json()["scope"] is None
