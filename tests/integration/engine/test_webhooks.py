"""A run's end is told to whoever asked, once under one id, signed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.queue import Queue
from moments_ray.engine.runs.webhooks import signing_secret
from moments_ray.engine.runs.worker import PipelineWorker
from moments_ray.process.webhook_secret import new_webhook_secret
from moments_ray.states import RunStatus
from moments_ray.testing.model_server import ModelServer
from tests.integration.engine.ends import Ends, delivering

DOCUMENTED = Path(__file__).parents[3] / "docs" / "webhooks.md"


def documented_verify() -> Callable[..., Any]:
    """Return the function that the documentation gives to receivers."""
    code = DOCUMENTED.read_text("utf-8").split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec(compile(code, str(DOCUMENTED), "exec"), names)  # noqa: S102 - our own page
    verify: Callable[..., Any] = names["verify"]
    return verify


async def test_an_end_is_told_and_the_documented_receiver_believes_it(ends: Ends, receiver: ModelServer) -> None:
    run = await ends.queued(f"{receiver.url}/hook?for=me")
    assert await ends.told(run) == []
    await ends.end(run, RunStatus.COMPLETED_WITH_ERRORS, errors=2)
    async with delivering(ends):
        message = await ends.ended(run)
    assert (message.status, message.attempts, message.response_status) == ("delivered", 1, 204)
    (sent,) = receiver.received
    assert (sent.method, sent.path, sent.headers["webhook-id"]) == ("POST", "/hook", message.identifier)
    secret = await signing_secret(ends.environment.settings, ends.database)
    told = documented_verify()(secret, sent.headers, sent.body)
    assert told["type"] == "run.completed_with_errors"
    assert (told["data"]["identifier"], told["data"]["errors"]) == (run.identifier, 2)
    assert told["timestamp"] == told["data"]["completed_at"]


@pytest.mark.parametrize("forged", ["body", "webhook-id", "webhook-timestamp", "secret", "old"])
async def test_the_documented_receiver_believes_nobody_else(ends: Ends, receiver: ModelServer, forged: str) -> None:
    run = await ends.queued(receiver.url)
    await ends.end(run)
    if forged == "old":
        ends.clock.ahead = timedelta(minutes=-6)
        async with ends.database.begin() as session:
            await session.execute(text("UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 hour'"))
    async with delivering(ends):
        await ends.ended(run)
    (sent,) = receiver.received
    secret = await signing_secret(ends.environment.settings, ends.database)
    headers, body = dict(sent.headers), sent.body
    if forged == "body":
        body = body.replace(b"completed", b"cancelled")
    elif forged == "secret":
        secret = new_webhook_secret()
    elif forged != "old":
        headers[forged] = str(int(headers[forged]) + 1) if forged == "webhook-timestamp" else "another"
    with pytest.raises(ValueError, match="webhook"):
        documented_verify()(secret, headers, body)


async def test_a_callers_own_secret_signs_instead(ends: Ends, receiver: ModelServer) -> None:
    run = await ends.queued(receiver.url, secret := new_webhook_secret())
    await ends.end(run)
    async with delivering(ends):
        await ends.ended(run)
    assert documented_verify()(secret, receiver.received[0].headers, receiver.received[0].body)["type"]


async def test_every_kind_of_end_writes_one_message_with_it(ends: Ends) -> None:
    finished = [status for status in RunStatus if status.finished]
    for status in finished:
        run = await ends.queued("http://127.0.0.1:1/")
        await ends.end(run, status)
        assert [message.type for message in await ends.told(run)] == [f"run.{status}"]
    waiting = await ends.queued("http://127.0.0.1:1/")
    await ends.run_service.cancel(waiting.identifier)
    await ends.run_service.cancel(waiting.identifier)
    assert [message.type for message in await ends.told(waiting)] == ["run.cancelled"]
    replaced = await ends.queued("http://127.0.0.1:1/")
    async with ends.database.begin() as session:
        await Runs(session).replace(replaced.identifier)
    assert [message.type for message in await ends.told(replaced)] == ["run.cancelled"]


async def test_an_end_that_is_rolled_back_is_not_told(ends: Ends) -> None:
    run = await ends.queued("http://127.0.0.1:1/")
    async with ends.database.begin() as session:
        assert (await Runs(session).request_cancel(run.identifier)).status == "cancelled"
        await session.rollback()  # the power goes
    assert await ends.told(run) == []


async def test_a_run_that_is_retried_tells_of_each_of_its_ends(ends: Ends, receiver: ModelServer) -> None:
    run = await ends.queued(receiver.url)
    await ends.end(run, RunStatus.FAILED, error={"code": "stage.failed", "message": "it broke", "detail": {"at": "/x"}})
    again = await ends.run_service.retry(run.identifier)
    await ends.end(again)
    first, second = await ends.told(run)
    assert (first.type, second.type) == ("run.failed", "run.completed")
    assert first.identifier != second.identifier
    assert first.payload["data"]["error"] == {"code": "stage.failed", "message": "it broke", "retryable": None}


async def test_a_second_message_of_a_run_that_is_over_makes_no_second_webhook(
    ends: Ends, receiver: ModelServer
) -> None:
    run = await ends.queued(receiver.url)
    await ends.end(run)  # and its worker is killed before it acknowledges the entry
    queue = Queue(ends.redis)
    await queue.ensure_groups()
    await queue.enqueue(run)
    worker = PipelineWorker(lambda _: ends.environment, ends.environment.settings, ends.redis, name="next")
    worker.start()
    await ends.ended(run)
    async with asyncio.timeout(60):
        while await ends.redis.xlen("pipeline:requests"):
            await asyncio.sleep(0.05)
    await worker.drain()
    (message,) = await ends.told(run)
    assert [sent.headers["webhook-id"] for sent in receiver.received] == [message.identifier]


async def test_the_secret_is_the_configured_one_or_is_made_once(ends: Ends) -> None:
    settings = ends.environment.settings
    made = await asyncio.gather(*(signing_secret(settings, ends.database) for _ in range(5)))
    assert len(set(made)) == 1
    configured = new_webhook_secret()
    given = settings.model_copy(update={"webhook_secret": SecretStr(configured)})
    assert await signing_secret(given, ends.database) == configured
