"""The streams: entries deleted under a worker, workers that do not come back, and what the sweeper clears away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from redis.exceptions import ResponseError
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.process import Process
from moments_ray.engine.queries.claims import claim_of, claim_run
from moments_ray.engine.queries.journal import StageJournal, Verdict
from moments_ray.engine.runs.lease import Lease, key_of, lock_key
from moments_ray.engine.runs.live_status import LiveStatus, run_key
from moments_ray.engine.runs.queue import GROUP, Queue
from moments_ray.engine.runs.release import RunRelease
from moments_ray.engine.runs.service import RunService
from moments_ray.engine.runs.sweeper import Sweeper
from moments_ray.ids import new_identifier
from moments_ray.settings import DatabaseSettings, Settings
from moments_ray.states import RunStatus
from tests.ray.toy_pipeline import TOY, Ask
from tests.runs import submit

STREAM = "pipeline:requests"


class Bell:
    """A queue with nothing in it, and those who notify and repair it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environment: Environment = runtime.connect(settings)
        self.redis = runtime.open_redis(settings)
        self.queue = Queue(self.redis)
        self.run_service = RunService(self.environment, self.redis)
        self.sweeper = Sweeper(settings, self.environment.database, self.queue)

    async def submit(self) -> str:
        return (await submit(self.run_service, TOY, Ask(text="x"), subject=new_identifier())).identifier

    async def pending(self) -> int:
        return int((await self.redis.xpending(STREAM, GROUP))["pending"])

    async def consumers(self) -> set[str]:
        return {one["name"].decode() for one in await self.redis.xinfo_consumers(STREAM, GROUP)}

    async def wait_an_hour(self) -> None:
        async with self.environment.database.begin() as session:
            await session.execute(text("UPDATE runs SET notified_at = notified_at - interval '1 hour'"))


@pytest.fixture
async def bell(toy_settings: Settings, each_redis_url: str) -> AsyncIterator[Bell]:
    bell = Bell(toy_settings.model_copy(update={"redis_url": SecretStr(each_redis_url)}))
    await bell.redis.flushall()
    async with bell.environment.database.begin() as session:
        await session.execute(text("DELETE FROM runs"))
    await bell.queue.ensure_groups()
    yield bell
    await bell.redis.aclose()
    await bell.environment.close()


@pytest.mark.parametrize("trim", [["XDEL", STREAM], ["XTRIM", STREAM, "MAXLEN", "0"]], ids=lambda words: words[0])
async def test_an_entry_deleted_while_a_worker_holds_it_is_dropped_and_its_run_is_enqueued_again(
    bell: Bell, trim: list[Any]
) -> None:
    run = await bell.submit()
    (held,) = await bell.queue.take("worker-a", 1)
    await bell.redis.execute_command(*trim, *([held.id] if trim[0] == "XDEL" else []))  # type: ignore[no-untyped-call]
    assert await bell.queue.take_idle("worker-b", 0, 10) == []
    await bell.wait_an_hour()
    assert await bell.sweeper.sweep() == 1
    assert await bell.pending() == 0
    (again,) = await bell.queue.take("worker-b", 1)
    assert again.run == run


async def test_workers_that_do_not_come_back_leave_no_names_and_lose_no_entry(bell: Bell) -> None:
    run = await bell.submit()
    assert len(await bell.queue.take("worker-holding", 1)) == 1
    for number in range(100):
        assert await bell.queue.take(f"worker-{number}", 1) == []
    await bell.queue.retire("worker-holding")  # drained as it is: no, it holds an entry
    await bell.queue.retire_idle(-1)
    assert await bell.consumers() == {"worker-holding"}
    (entry,) = await bell.queue.take_idle("worker-next", 0, 10)
    assert entry.run == run
    await bell.queue.acknowledge(entry)
    await bell.queue.retire_idle(-1)
    assert await bell.consumers() == set()


async def test_a_redis_that_takes_nothing_loses_no_submission(bell: Bell) -> None:
    await bell.redis.config_set("maxmemory", "1")
    try:
        run = await bell.submit()
    finally:
        await bell.redis.config_set("maxmemory", "0")
    assert await bell.queue.take("worker-a", 1) == []
    await bell.wait_an_hour()
    assert await bell.sweeper.sweep() == 1
    (message,) = await bell.queue.take("worker-a", 1)
    assert message.run == run


async def test_groups_lost_while_every_worker_is_busy_are_made_again_by_a_sweep(bell: Bell) -> None:
    await bell.redis.flushall()
    await bell.sweeper.sweep()
    assert await bell.pending() == 0


async def test_scratch_of_a_run_that_is_over_is_removed_and_of_one_that_is_not_stays(bell: Bell) -> None:
    active = await bell.submit()
    over = await bell.submit()
    await bell.run_service.cancel(over)
    for name in (active, over, "nobody"):
        (bell.settings.scratch / name / "first-1-abc").mkdir(parents=True)
        (bell.settings.scratch / name / "first-1-abc" / "half.mp4").write_bytes(b"half")
    await bell.sweeper.sweep()
    assert [directory.name for directory in bell.settings.scratch.iterdir()] == [active]


async def test_a_process_of_stages_clears_the_scratch_of_its_node_when_it_has_nothing_to_do(bell: Bell) -> None:
    active = await bell.submit()
    for name in (active, "nobody"):
        (bell.settings.scratch / name).mkdir(parents=True)
    settings = bell.settings.model_copy(update={"database": DatabaseSettings(idle_seconds=0.2)})
    async with asyncio.timeout(30), a_process(settings) as here:
        await asyncio.to_thread(here.run, asyncio.sleep(0))  # a stage, and then nothing
        while len(found := list(bell.settings.scratch.iterdir())) > 1:
            await asyncio.sleep(0.05)
    assert [directory.name for directory in found] == [active]


@contextlib.asynccontextmanager
async def a_process(settings: Settings) -> AsyncIterator[Process]:
    """What a process of Ray has for stages; there it lives until that dies."""
    here = await asyncio.to_thread(Process, runtime.connect, settings)
    yield here
    await asyncio.to_thread(here.run, here.environment.close())
    assert here._idle is not None
    here._idle.cancel()
    await asyncio.to_thread(here._runner.close)


async def test_a_run_that_ends_while_it_is_to_be_handed_back_is_cleared_away_by_its_worker_and_by_no_other(
    bell: Bell,
) -> None:
    name = await bell.submit()
    (message,) = await bell.queue.take("worker-a", 1)
    row = bell.environment.database.row
    releasing = RunRelease(bell.environment, bell.queue, LiveStatus(bell.redis, bell.environment.registry))
    leases: list[Lease] = []
    lock = ""
    for worker in ("worker-a", "worker-b"):
        claim = await claim_run(row, name, worker, 0.0)
        assert claim is not None
        held = claim_of(claim.run)
        leases.append(Lease(bell.redis, held, key_of(claim.run), consumer=worker, message=message, seconds=60.0))
        await releasing.show_begun(claim, leases[-1])
        lock = lock_key(key_of(claim.run))
    verdict = Verdict(RunStatus.COMPLETED, "run.completed", {"errors": 0}, errors=0, progress=1.0)
    assert await StageJournal(row, leases[1].claim).end_at_once(verdict) is not None
    await releasing.hand_back(leases[0], notify=True)
    assert (await bell.pending(), await bell.redis.exists(lock)) == (1, 1)
    await releasing.hand_back(leases[1], notify=True)
    assert (await bell.pending(), await bell.redis.exists(lock)) == (0, 0)
    assert await bell.queue.take("worker-b", 1) == []


async def test_a_run_that_cannot_be_shown_keeps_its_entry_and_stands_in_no_others_way(bell: Bell) -> None:
    odd, well = [await submit(bell.run_service, TOY, Ask(text="x"), subject=new_identifier()) for _ in range(2)]
    messages = {message.run: message for message in await bell.queue.take("worker", 2)}
    await bell.redis.set(run_key(odd.identifier), "somebody else's, no hash")
    live = LiveStatus(bell.redis)
    shown = await asyncio.gather(
        *(live.whole(run, TOY.stage_names, {}, acknowledge=messages[run.identifier]) for run in (odd, well)),
        return_exceptions=True,
    )
    assert isinstance(shown[0], ResponseError)
    assert "WRONGTYPE" in str(shown[0])
    assert shown[1] is None
    assert [message.run for message in await bell.queue.own("worker")] == [odd.identifier]
