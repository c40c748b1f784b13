"""A message is sent until it is taken or given up, and no receiver can hold up, lead astray or double it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import delete, text

from moments_ray.database.tables import Run, WebhookDelivery
from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.queue import Queue
from moments_ray.engine.runs.sweeper import Sweeper
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, model_server
from tests.integration.engine.ends import Ends, delivering


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


async def test_a_slow_receiver_is_left_in_time_and_holds_up_nobody(ends: Ends, receiver: ModelServer) -> None:
    ends.answer_seconds = 1.0

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
