"""A run's end is told to whoever asked, once under one id, signed, until it is taken or given up."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, func, text

from moments_ray import runtime
from moments_ray.database.tables import Run, WebhookDelivery
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.webhooks import Webhook, Webhooks
from moments_ray.engine.runs import webhooks
from moments_ray.engine.runs.queue import Queue
from moments_ray.engine.runs.service import RunService
from moments_ray.engine.runs.sweeper import Sweeper
from moments_ray.engine.runs.webhooks import Deliverer, signing_secret
from moments_ray.engine.runs.worker import PipelineWorker
from moments_ray.ids import new_identifier
from moments_ray.process.webhook_secret import new_webhook_secret
from moments_ray.settings import DownloadSettings, Settings
from moments_ray.states import RunStatus
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, model_server
from tests.ray.toy_pipeline import TOY, Ask
from tests.runs import submit

DOCUMENTED = Path(__file__).parents[3] / "docs" / "webhooks.md"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move_to(self, at: datetime | None) -> None:
        assert at is not None
        self.ahead = at - datetime.now(UTC)


class Ends:
    """Runs that are asked to tell of their end, and how the telling stands."""

    def __init__(self, settings: Settings) -> None:
        self.environment = runtime.connect(settings)
        self.database = self.environment.database
        self.redis = runtime.open_redis(settings)
        self.run_service = RunService(self.environment, self.redis)
        self.clock = Clock()

    async def queued(self, url: str, secret: str | None = None) -> Run:
        return await submit(
            self.run_service, TOY, Ask(text="x"), subject=new_identifier(), webhook=Webhook(url, secret)
        )

    async def end(self, run: Run, status: RunStatus = RunStatus.COMPLETED, **values: Any) -> Run:
        """Bring a run to its verdict as a worker does."""
        async with self.database.begin() as session:
            claimed = await Claims(session).claim(run.identifier, "worker-test", 60.0)
            assert claimed is not None
        async with self.database.begin() as session:
            journal = Journal(session, claim_of(claimed))
            await journal.event(f"run.{status}", {}, status=status, completed_at=func.now(), **values)
            return await Runs(session).get(run.identifier)

    async def told(self, run: Run) -> list[WebhookDelivery]:
        async with self.database.read() as session:
            return await Webhooks(session).of_run(run.id)

    async def until(self, run: Run, wanted: Callable[[WebhookDelivery], bool]) -> WebhookDelivery:
        """Wait until a run's one message is as wanted."""
        async with asyncio.timeout(60):
            while True:
                (message,) = await self.told(run)
                if wanted(message):
                    return message
                await asyncio.sleep(0.02)

    async def ended(self, run: Run) -> WebhookDelivery:
        return await self.until(run, lambda message: message.status != "pending")


@pytest.fixture
async def make_ends(toy_settings: Settings) -> AsyncIterator[Callable[..., Awaitable[Ends]]]:
    made: list[Ends] = []

    async def make(**download: Any) -> Ends:
        fetching = DownloadSettings(**{"allow_private_addresses": True, **download})
        ends = Ends(toy_settings.model_copy(update={"download": fetching}))
        made.append(ends)
        async with ends.database.begin() as session:
            await session.execute(text("TRUNCATE videos, runs, webhook_deliveries, signing_secrets CASCADE"))
        await ends.redis.flushall()
        return ends

    yield make
    for ends in made:
        await ends.redis.aclose()
        await ends.environment.close()


@pytest.fixture
async def ends(make_ends: Callable[..., Awaitable[Ends]]) -> Ends:
    return await make_ends()


@pytest.fixture
def receiver() -> Iterator[ModelServer]:
    """Somebody's server; it takes everything until a test says otherwise."""
    with model_server(lambda _: Reply(204, b"")) as server:
        yield server


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_POLL_SECONDS", 0.02)


@contextlib.asynccontextmanager
async def delivering(ends: Ends, deliverers: int = 1) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(Deliverer(ends.environment, clock=ends.clock).run()) for _ in range(deliverers)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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


def refused(number: int) -> Callable[[WebhookDelivery], bool]:
    """Tell whether a message was sent for the ``number``-th time, and was not taken."""
    return lambda message: message.attempts == number and message.error is not None


async def test_what_is_not_taken_is_sent_again_later_and_later(ends: Ends, receiver: ModelServer) -> None:
    answers = iter([Reply(500), Reply(404), Reply(429), Reply(200)])
    receiver.answer = lambda _: next(answers)
    run = await ends.queued(receiver.url)
    await ends.end(run)
    waits = []
    async with delivering(ends):
        for number in (1, 2, 3):
            message = await ends.until(run, refused(number))
            assert message.next_attempt_at is not None
            waits.append((message.next_attempt_at - ends.clock()).total_seconds())
            ends.clock.move_to(message.next_attempt_at)
        message = await ends.ended(run)
    assert (message.status, message.attempts, message.error) == ("delivered", 4, None)
    assert all(longest / 2 - 1 <= wait <= longest for wait, longest in zip(waits, (5, 20, 80), strict=True))
    assert {sent.headers["webhook-id"] for sent in receiver.received} == {message.identifier}
    assert {sent.body for sent in receiver.received} == {receiver.received[0].body}
    assert len({sent.headers["webhook-signature"] for sent in receiver.received}) > 1  # each try has its own time


async def test_after_a_day_of_trying_it_is_given_up_and_says_why(ends: Ends, receiver: ModelServer) -> None:
    receiver.answer = lambda _: Reply(503)
    run = await ends.queued(receiver.url)
    await ends.end(run)
    begun = ends.clock()
    async with delivering(ends):
        for number in range(1, 10):
            message = await ends.until(run, refused(number))
            ends.clock.move_to(message.next_attempt_at)
        message = await ends.ended(run)
    assert (message.status, message.attempts, message.response_status) == ("failed", 10, 503)
    assert message.error == "the receiver answered 503."
    assert timedelta(hours=9) < ends.clock() - begun < timedelta(hours=24)
    assert len(receiver.received) == 10


async def test_a_redirect_is_not_followed(ends: Ends, receiver: ModelServer) -> None:
    with model_server(lambda _: Reply(200)) as elsewhere:
        receiver.answer = lambda _: Reply(307, headers={"location": elsewhere.url})
        run = await ends.queued(receiver.url)
        await ends.end(run)
        async with delivering(ends):
            message = await ends.until(run, lambda one: one.error is not None)
        assert (message.status, message.error) == ("pending", "the receiver answered 307.")
        assert elsewhere.received == []


async def test_410_disables_the_address_until_somebody_names_it_again(ends: Ends, receiver: ModelServer) -> None:
    receiver.answer = lambda _: Reply(410)
    first, second, third = [await ends.queued(f"{receiver.url}/gone") for _ in range(3)]
    elsewhere = await ends.queued(f"{receiver.url}/here")
    for run in (first, second):
        await ends.end(run)
    async with delivering(ends):
        assert (await ends.ended(first)).status == "disabled"
        assert (await ends.ended(second)).status == "disabled"
        assert [sent.path for sent in receiver.received] == ["/gone"]
        await ends.end(third)  # it was asked for before
        (unsent,) = await ends.told(third)
        assert (unsent.status, unsent.attempts) == ("disabled", 0)
        receiver.answer = lambda _: Reply(200)
        await ends.end(elsewhere)
        assert (await ends.ended(elsewhere)).status == "delivered"
        named_again = await ends.queued(f"{receiver.url}/gone")
        await ends.end(named_again)
        assert (await ends.ended(named_again)).status == "delivered"


async def test_a_slow_receiver_is_left_in_time_and_holds_up_nobody(
    ends: Ends, receiver: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_ANSWER_SECONDS", 1.0)

    async def answer(request: ReceivedRequest) -> Reply:
        if request.path == "/slow":
            await asyncio.sleep(3)
        return Reply(200)

    receiver.answer = answer
    slow = [await ends.queued(f"{receiver.url}/slow") for _ in range(2)]
    quick = await ends.queued(f"{receiver.url}/quick")
    for run in (*slow, quick):
        await ends.end(run)
    async with delivering(ends):
        await ends.ended(quick)
        for run in slow:
            assert [message.error for message in await ends.told(run)] == [None]
        message = await ends.until(slow[0], lambda one: one.error is not None)
    assert (message.status, message.error) == ("pending", "There was no answer within 1 seconds.")


async def test_a_private_address_gets_no_packet(
    make_ends: Callable[..., Awaitable[Ends]], receiver: ModelServer
) -> None:
    ends = await make_ends(allow_private_addresses=False, allowed_ports=(receiver.port,))
    run = await ends.queued(receiver.url)  # as if its name had led elsewhere when it was checked
    await ends.end(run)
    async with delivering(ends):
        message = await ends.ended(run)
    assert (message.status, message.attempts, message.response_status) == ("failed", 1, None)
    assert "not a public address" in (message.error or "")
    assert receiver.received == []


async def test_many_deliverers_send_each_message_once(ends: Ends, receiver: ModelServer) -> None:
    runs = [await ends.queued(f"{receiver.url}/{number % 7}") for number in range(40)]
    for run in runs:
        await ends.end(run)
    async with delivering(ends, deliverers=4):
        for run in runs:
            assert (await ends.ended(run)).attempts == 1
    identifiers = [sent.headers["webhook-id"] for sent in receiver.received]
    assert len(identifiers) == len(set(identifiers)) == 40


async def test_a_deliverer_that_dies_is_followed_by_another(ends: Ends, receiver: ModelServer) -> None:
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hang(_: ReceivedRequest) -> Reply:
        loop.call_soon_threadsafe(arrived.set)
        await asyncio.sleep(1)
        return Reply(200)

    receiver.answer = hang
    run = await ends.queued(receiver.url)
    await ends.end(run)
    async with delivering(ends):
        await arrived.wait()
    receiver.answer = lambda _: Reply(200)
    async with delivering(ends):
        await asyncio.sleep(0.2)
        assert len(receiver.received) == 1  # the first one's lease still stands
        ends.clock.ahead = timedelta(minutes=2)
        message = await ends.ended(run)
    assert (message.status, message.attempts) == ("delivered", 2)
    assert {sent.headers["webhook-id"] for sent in receiver.received} == {message.identifier}


async def test_a_message_outlives_its_run_until_it_is_told(ends: Ends, receiver: ModelServer) -> None:
    run = await ends.queued(receiver.url)
    await ends.run_service.cancel(run.identifier)
    async with ends.database.begin() as session:
        await session.execute(delete(Run).where(Run.id == run.id))  # its video was deleted
    queue = Queue(ends.redis)
    await queue.ensure_groups()
    sweeper = Sweeper(ends.environment.settings, ends.database, queue)
    await sweeper.sweep()
    async with delivering(ends), asyncio.timeout(60):
        while not receiver.received:
            await asyncio.sleep(0.02)
        while await left(ends.environment):
            await sweeper.sweep()
            await asyncio.sleep(0.02)
    assert json.loads(receiver.received[0].body)["data"]["identifier"] == run.identifier


async def left(environment: Environment) -> int:
    async with environment.database.read() as session:
        return await session.scalar(text("SELECT count(*) FROM webhook_deliveries")) or 0


async def test_the_secret_is_the_configured_one_or_is_made_once(ends: Ends) -> None:
    settings = ends.environment.settings
    made = await asyncio.gather(*(signing_secret(settings, ends.database) for _ in range(5)))
    assert len(set(made)) == 1
    configured = new_webhook_secret()
    given = settings.model_copy(update={"webhook_secret": SecretStr(configured)})
    assert await signing_secret(given, ends.database) == configured
