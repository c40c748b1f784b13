"""Tokens and money stand on the try that spent them, however it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from moments_ray import runtime
from moments_ray.database.tables import RunAttempt
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.stage import execute_stage
from moments_ray.engine.queries.claims import Claim, Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunService
from moments_ray.engine.usage import Usage
from moments_ray.errors import LeaseLost, ModelContextExceeded, ModelRefused
from moments_ray.http.schemas.runs import RunDetail
from moments_ray.settings import Settings
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, completion, model_server
from tests.integration.engine.asking_pipeline import ASKING, Asked
from tests.runs import submit

COST = Decimal("0.00007")  # 10 tokens in, 5 out


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(lambda _: completion("yes")) as server:
        yield server


@pytest.fixture
async def environment(toy_settings: Settings) -> AsyncIterator[Environment]:
    settings = toy_settings.model_copy(update={"pipelines": ("tests.integration.engine.asking_pipeline",)})
    client = runtime.open_redis(settings)
    environment = replace(runtime.connect(settings), status_publisher=LiveStatus(client))
    yield environment
    await environment.close()
    await client.aclose()


async def claimed(environment: Environment, server: ModelServer, times: int = 1) -> Claim:
    client = runtime.open_redis(environment.settings)
    run_service = RunService(environment, client)
    run = await submit(run_service, ASKING, Asked(url=server.url, times=times))
    await client.aclose()
    async with environment.database.begin() as session:
        mine = await Claims(session).claim(run.identifier, "worker-a", 60.0)
    assert mine is not None
    return claim_of(mine)


async def execute(environment: Environment, claim: Claim) -> None:
    await execute_stage(await ClaimedRun.load(environment, claim), "ANSWER")


@asynccontextmanager
async def tries_of(environment: Environment, claim: Claim) -> AsyncIterator[list[RunAttempt]]:
    async with environment.database.read() as session:
        yield await JournalReader(session, claim.key).tries()


async def spent(environment: Environment, claim: Claim) -> list[tuple[str, Usage]]:
    async with tries_of(environment, claim) as tries:
        return [(one.status, Usage(one.input_tokens, one.output_tokens, one.usd)) for one in tries]


def each(*replies: Reply) -> Callable[[ReceivedRequest], Reply]:
    left = list(replies)
    return lambda _: left.pop(0)


async def test_a_try_that_comes_through_has_the_sum_of_its_answers(
    environment: Environment, server: ModelServer
) -> None:
    claim = await claimed(environment, server, times=3)
    await execute(environment, claim)
    assert await spent(environment, claim) == [("completed", Usage(30, 15, 3 * COST))]


async def test_a_try_that_failed_keeps_what_it_spent_and_the_next_has_its_own(
    environment: Environment, server: ModelServer
) -> None:
    server.answer = each(completion("yes"), completion("{", finish="length"), completion("yes"), completion("yes"))
    claim = await claimed(environment, server, times=2)
    with pytest.raises(ModelContextExceeded):
        await execute(environment, claim)
    await execute(environment, claim)
    assert await spent(environment, claim) == [
        ("failed", Usage(20, 10, 2 * COST)),
        ("completed", Usage(20, 10, 2 * COST)),
    ]
    async with environment.database.read() as session:
        run = await Runs(session).get(claim.run)
        reader = JournalReader(session, claim.key)
        shown = RunDetail.of_journal(run, ASKING.stage_names, await reader.stages(), await reader.tries(), [])
    assert (shown.input_tokens, shown.output_tokens) == (40, 20)
    assert shown.usd == pytest.approx(float(4 * COST))
    shown_tries: list[Any] = [(one.input_tokens, one.output_tokens, one.usd) for one in shown.stages[0].tries]
    assert shown_tries == [(20, 10, pytest.approx(float(2 * COST)))] * 2


async def test_a_refusal_is_paid_for(environment: Environment, server: ModelServer) -> None:
    server.answer = lambda _: completion(None, refusal="no")
    claim = await claimed(environment, server)
    with pytest.raises(ModelRefused):
        await execute(environment, claim)
    assert await spent(environment, claim) == [("failed", Usage(10, 5, COST))]


async def test_a_try_that_is_cancelled_keeps_what_it_spent(environment: Environment, server: ModelServer) -> None:
    async def once(_: ReceivedRequest) -> Reply:
        if len(server.received) > 1:
            await asyncio.sleep(60)
        return completion("yes")

    server.answer = once
    claim = await claimed(environment, server, times=2)
    task = asyncio.ensure_future(execute(environment, claim))
    while len(server.received) < 2:
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await spent(environment, claim) == [("cancelled", Usage(10, 5, COST))]


async def test_who_does_not_own_the_run_any_more_writes_nothing(environment: Environment, server: ModelServer) -> None:
    claim = await claimed(environment, server)
    run = await ClaimedRun.load(environment, claim)
    await run.start("ANSWER")
    zombie = replace(claim, attempt=claim.attempt - 1)
    with pytest.raises(LeaseLost):
        await execute(environment, zombie)
    async with environment.database.begin() as session:
        await Journal(session, zombie).spend("ANSWER", Usage(10, 5, COST))
    assert await spent(environment, claim) == [("processing", Usage())]
    async with environment.database.begin() as session:
        await Journal(session, claim).spend("ANSWER", Usage(10, 5, COST))
        await Journal(session, claim).spend("ANSWER", Usage(1, 1))
    assert await spent(environment, claim) == [("processing", Usage(11, 6, COST))]
