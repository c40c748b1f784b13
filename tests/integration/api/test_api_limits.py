"""How often a key may ask, and which pages may."""

from __future__ import annotations

import asyncio
import time

import httpx
from redis.asyncio import Redis

from moments_ray.access.key import Key, Scope
from moments_ray.http.container import Container
from serve_app.factory import create_app
from tests.integration.api.callers import MakeKey, bearer, reached, with_settings
from tests.integration.api.conftest import problem


async def beginning_of_a_minute() -> None:
    """Wait out the end of a minute: what is counted over two of them is weighed, and not as exact."""
    left = 60 - time.time() % 60
    if left < 5:
        await asyncio.sleep(left)


async def test_each_key_may_ask_so_often_in_a_minute(container: Container, made: MakeKey) -> None:
    await beginning_of_a_minute()
    app = create_app(with_settings(container, requests_per_minute=3))
    busy, calm = bearer(await made(Scope.READ)), bearer(await made(Scope.READ))
    async with reached(app) as client:
        answers = [await client.get("/api/videos", headers=busy) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        told = problem(answers[-1], 429, "access.rate")
        assert told["retryable"]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert (await client.get("/api/videos", headers=calm)).status_code == 200
        assert (await client.get("/livez")).status_code == 200
        guesses = [(await client.get("/api/videos", headers=bearer(Key.make()))).status_code for _ in range(5)]
        assert guesses == [401, 401, 401, 429, 429]
    async with reached(app, "192.0.2.7") as other:
        assert (await other.get("/api/videos", headers=busy)).status_code == 429  # wherever it is used from


async def test_replicas_count_together(container: Container) -> None:
    await beginning_of_a_minute()
    replicas = [create_app(with_settings(container, requests_per_minute=3)) for _ in range(2)]
    statuses = []
    for turn in range(4):
        async with reached(replicas[turn % 2]) as client:
            statuses.append((await client.get("/api/videos")).status_code)
    assert statuses == [200, 200, 200, 429]


async def test_a_redis_that_is_gone_lets_nobody_ask_more(container: Container) -> None:
    await beginning_of_a_minute()
    there = with_settings(container, requests_per_minute=3)
    gone = Container(there.environment, Redis(host="127.0.0.1", port=1), there.nodes)
    async with reached(create_app(gone)) as client:
        statuses = [(await client.get("/api/videos")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    await gone.redis.aclose()


async def test_pages_of_configured_origins_may_ask_and_others_may_not(container: Container, made: MakeKey) -> None:
    key = await made(Scope.WRITE)
    app = create_app(with_settings(container, cors_origins=("https://desk.example",)))
    wish = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    async with reached(app, Origin="https://desk.example") as page:
        preflight = await page.options("/api/videos/nobody", headers=wish)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://desk.example"
        assert "DELETE" in preflight.headers["access-control-allow-methods"]
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
        for headers, status in (({}, 401), (bearer(key), 200)):
            answer = await page.get("/api/videos", headers=headers)
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == "https://desk.example"
            assert "Retry-After" in answer.headers["access-control-expose-headers"]
    async with reached(app, Origin="https://evil.example") as page:
        assert (await page.options("/api/videos/nobody", headers=wish)).status_code == 400
        assert "access-control-allow-origin" not in (await page.get("/api/videos", headers=bearer(key))).headers


async def test_without_configured_origins_no_page_may_read(api: httpx.AsyncClient) -> None:
    answer = await api.get("/livez", headers={"Origin": "https://desk.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
