"""The Serve clients of models: quotas hold in the whole cluster, cancels arrive, errors keep their kind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from ray import serve

from moments_ray import runtime
from moments_ray.errors import ModelContextExceeded, ModelUnavailable
from moments_ray.models.conversation import Question, Turn
from moments_ray.models.entry import ModelEntry, ModelKind
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import ModelRegistry
from moments_ray.models.roles import Role
from moments_ray.settings import ModelSettings, Settings
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.factory import open_store
from moments_ray.testing.model_server import ModelServer, Received, Reply, completion, model_server
from serve_app.deployments.model_clients import deploy, withdraw

QUESTION = Question(turns=(Turn(role="user", text="?"),))


@pytest.fixture(scope="module")
def settings(ray_cluster: Settings) -> Iterator[Settings]:
    """The three applications on the session's Ray."""
    settings = ray_cluster.model_copy(update={"models": ModelSettings(first_delay_seconds=0.05)})
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    serve.start(proxy_location="Disabled")
    deploy(settings)
    yield settings
    withdraw()
    serve.shutdown()  # type: ignore[no-untyped-call]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(lambda _: completion("yes")) as server:
        yield server


@pytest.fixture
async def gateway(settings: Settings) -> AsyncIterator[Gateway]:
    store = open_store(settings)
    client = runtime.open_redis(settings)
    environment = runtime.connect(settings)
    registry = ModelRegistry(environment.database, client)
    gateway = Gateway(settings.models, registry, store, NodeCache(store, settings.home / "cache", 1 << 30))
    yield gateway
    await gateway.close()
    await client.aclose()
    await environment.database.close()


def entry(server: ModelServer, key: str = "m") -> ModelEntry:
    return ModelEntry(key=key, kind=ModelKind.LLM, base_url=server.url, concurrency=8)


async def test_a_role_has_its_quota_under_way_and_no_more_whoever_asks_for_which_model(
    gateway: Gateway, server: ModelServer
) -> None:
    async def slow(_: Received) -> Reply:
        await asyncio.sleep(0.1)
        return completion("yes")

    server.answer = slow
    for role, allowed in ((Role.REFINER, 1), (Role.MOMENT_GENERATOR, 2)):
        server.most_at_once = 0
        answers = await asyncio.gather(
            *(gateway.complete(role, entry(server, f"m{n % 2}"), QUESTION, 30) for n in range(8))
        )
        assert [answer.text for answer in answers] == ["yes"] * 8
        assert server.most_at_once == allowed


async def test_a_cancelled_call_frees_its_place_at_once(gateway: Gateway, server: ModelServer) -> None:
    async def never(_: Received) -> Reply:
        await asyncio.sleep(60)
        return completion("late")

    server.answer = never
    call = asyncio.ensure_future(gateway.complete(Role.REFINER, entry(server), QUESTION, 30))
    while not server.received:
        await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    server.answer = lambda _: completion("next")
    begun = time.monotonic()
    assert (await gateway.complete(Role.REFINER, entry(server), QUESTION, 30)).text == "next"
    assert time.monotonic() - begun < 3


async def test_errors_come_through_serve_as_they_are(gateway: Gateway, server: ModelServer) -> None:
    server.answer = lambda _: completion("{", finish="length")
    with pytest.raises(ModelContextExceeded, match="before it was complete"):
        await gateway.complete(Role.REFINER, entry(server), QUESTION, 30)
    server.answer = lambda _: Reply(503)
    with pytest.raises(ModelUnavailable, match="503"):
        await gateway.complete(Role.REFINER, entry(server), QUESTION, 30)


async def test_an_entry_that_was_changed_counts_from_the_next_call_on(gateway: Gateway, server: ModelServer) -> None:
    await gateway.complete(Role.REFINER, entry(server), QUESTION, 30)
    with model_server(lambda _: completion("moved")) as elsewhere:
        assert (await gateway.complete(Role.REFINER, entry(elsewhere), QUESTION, 30)).text == "moved"
