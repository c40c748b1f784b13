"""Queue, lease, fence and cancellation against a model: in whatever order, a run has one owner and one end.

Workers here do by hand what a real one does, step by step, on the real PostgreSQL and Redis, so that hypothesis can put
anything between two steps: a death, a freeze, a wiped Redis, a cancellation, a second notification.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func

from moments_ray.engine.queries.journal import Journal, Verdict
from moments_ray.engine.runs.lease import lock_key
from moments_ray.engine.runs.queue import Message
from moments_ray.errors import Conflict, LeaseLost, RunActive
from moments_ray.ids import new_identifier
from moments_ray.settings import Settings
from moments_ray.states import ACTIVE_RUN, RunStatus
from tests.integration.engine.run_world import LEASE_SECONDS, Expected, Hold, World
from tests.ray.toy_pipeline import TOY, Ask
from tests.runs import submit

T = TypeVar("T")

_WORKERS = ("worker-a", "worker-b")
_ENDS = ("run.completed", "run.failed", "run.cancelled")


class RunMachine(RuleBasedStateMachine):
    """Everything that can happen to runs of three subjects and two workers, in any order."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.subjects = [new_identifier() for _ in range(3)]
        self.expected: dict[str, Expected] = {}
        self.holds: list[Hold] = []
        self.do(self.world.empty())

    def do(self, work: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await work

        return self.world.run(awaited())

    def active(self, subject: str) -> list[str]:
        return [name for name, run in self.expected.items() if run.subject == subject and run.status in ACTIVE_RUN]

    # What people do.

    @rule(which=st.integers(0, 2), heard=st.booleans(), priority=st.sampled_from([5, 5, 0, 10]))
    def submit(self, which: int, heard: bool, priority: int) -> None:
        run_service = self.world.run_service if heard else self.world.mute_run_service
        subject = self.subjects[which]
        submission = submit(run_service, TOY, Ask(text="x"), subject=subject, priority=priority, force=True)
        if active := self.active(subject):
            with pytest.raises(RunActive) as refused:
                self.do(submission)
            assert refused.value.detail == {"run": active[0]}
        else:
            self.expected[self.do(submission).identifier] = Expected(subject)

    @precondition(lambda self: self.expected)
    @rule(data=st.data(), heard=st.booleans())
    def cancel(self, data: st.DataObject, heard: bool) -> None:
        name, run = self.any_run(data)
        run_service = self.world.run_service if heard else self.world.mute_run_service
        if run.status == RunStatus.QUEUED:
            run.end(RunStatus.CANCELLED)
        run.cancel_requested |= run.status == RunStatus.PROCESSING
        assert self.do(run_service.cancel(name)).status == run.status

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        name, run = self.any_run(data)
        others = [other for other in self.active(run.subject) if other != name]
        if others or run.status not in {RunStatus.FAILED, RunStatus.CANCELLED}:
            with pytest.raises(RunActive if others else Conflict):
                self.do(self.world.run_service.retry(name))
            return
        self.do(self.world.run_service.retry(name))
        run.status, run.cancel_requested, run.owner, run.stale = RunStatus.QUEUED, False, None, False

    def any_run(self, data: st.DataObject) -> tuple[str, Expected]:
        name = data.draw(st.sampled_from(sorted(self.expected, key=list(self.expected).index)))
        return name, self.expected[name]

    # What workers do.

    @rule(worker=st.sampled_from(_WORKERS), most=st.integers(1, 3))
    def take(self, worker: str, most: int) -> None:
        for message in self.do(self.world.queue.take(worker, most)):
            self.accept(worker, message)

    @rule(worker=st.sampled_from(_WORKERS))
    def take_idle(self, worker: str) -> None:
        for message in self.do(self.world.queue.take_idle(worker, int(LEASE_SECONDS * 1000), 2)):
            self.accept(worker, message)

    def accept(self, worker: str, message: Message) -> None:
        """Claim the run of a message, or clear the message away, as a worker does."""
        assert message.run is not None
        run = self.expected[message.run]
        if any(hold.run == message.run and hold.worker == worker for hold in self.holds):
            self.do(self.world.queue.acknowledge(message))  # notified twice
            return
        claimed = self.do(self.world.claim(worker, message.run))
        assert (claimed is not None) == run.claimable(worker)
        if claimed is None:
            if run.status not in ACTIVE_RUN:
                self.do(self.world.lease_of(self.do(self.world.standing(message.run)), worker, message).release_lock())
            self.do(self.world.queue.acknowledge(message))
            return
        run.status, run.owner, run.stale = RunStatus.PROCESSING, worker, False
        run.attempt += 1
        lease = self.world.lease_of(claimed, worker, message)
        self.do(self.world.live.whole(claimed, (), {}, lock=lease.taking))
        self.holds.append(Hold(worker, message.run, lease, message))

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def heartbeat(self, data: st.DataObject) -> None:
        hold = data.draw(st.sampled_from(self.holds))
        run = self.expected[hold.run]
        renewal = hold.lease.renew_in_database(self.world.database)
        if self.accepts(hold):
            assert (self.do(renewal).cancel_requested_at is not None) == run.cancel_requested
            run.stale = False
            self.do(hold.lease.renew_in_redis())  # whom PostgreSQL admits, Redis does not refuse
            lock = self.do(self.world.redis.get(lock_key(run.subject)))
            assert lock == f"{hold.run}:{hold.attempt}".encode()
        else:
            self.refused(hold, renewal)

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def commit_a_stage(self, data: st.DataObject) -> None:
        hold = data.draw(st.sampled_from(self.holds))
        run = self.expected[hold.run]
        stage = next((name for name in TOY.stage_names if name not in run.stages), None)
        if stage is None:
            return

        async def work(journal: Journal) -> None:
            await journal.start(stage, TOY.stage_names.index(stage), node="here")
            await journal.complete(stage, {"text": hold.worker}, fingerprint=None, progress=0.5)

        if self.accepts(hold):
            self.do(self.world.commit(hold, work))
            run.stages.add(stage)
        else:
            self.refused(hold, self.world.commit(hold, work))

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), status=st.sampled_from([RunStatus.COMPLETED, RunStatus.FAILED]), cleans_up=st.booleans())
    def end(self, data: st.DataObject, status: RunStatus, cleans_up: bool) -> None:
        """Write the verdict, and die before or after the cleanup."""
        hold = data.draw(st.sampled_from(self.holds))
        run = self.expected[hold.run]
        verdict = RunStatus.CANCELLED if run.cancel_requested else status

        async def work(journal: Journal) -> None:
            await journal.end(Verdict(verdict, f"run.{verdict}", {}))

        if not self.accepts(hold):
            self.refused(hold, self.world.commit(hold, work))
            return
        self.do(self.world.commit(hold, work))
        run.end(verdict)
        self.holds.remove(hold)
        if cleans_up:
            self.do(hold.lease.release_lock())
            self.do(self.world.queue.acknowledge(hold.message))

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), notifies=st.booleans())
    def hand_back(self, data: st.DataObject, notifies: bool) -> None:
        hold = data.draw(st.sampled_from(self.holds))
        run = self.expected[hold.run]
        assert self.do(self.world.hand_back(hold)) == self.accepts(hold)
        if self.accepts(hold):
            run.status, run.owner, run.stale = RunStatus.QUEUED, None, False
            if notifies:
                self.do(hold.lease.release_lock())
                self.do(self.world.enqueue(hold))
        self.holds.remove(hold)

    def accepts(self, hold: Hold) -> bool:
        """Tell whether a hold is the claim that the run stands under."""
        run = self.expected[hold.run]
        return run.status == RunStatus.PROCESSING and run.attempt == hold.attempt

    def refused(self, hold: Hold, work: Coroutine[Any, Any, Any]) -> None:
        """A zombie's work reaches nothing, and tells it so."""
        with pytest.raises(LeaseLost):
            self.do(work)
        self.holds.remove(hold)

    # What befalls them.

    @rule(worker=st.sampled_from(_WORKERS), for_good=st.booleans())
    def fall_silent(self, worker: str, for_good: bool) -> None:
        """Freeze for an hour and come back as a zombie, or die and come back without knowing of anything."""
        self.do(self.world.stand_still(worker))
        for run in self.expected.values():
            run.stale |= run.owner == worker
        if for_good:
            self.holds = [hold for hold in self.holds if hold.worker != worker]

    @rule()
    def lose_redis(self) -> None:
        self.do(self.world.redis.flushall())

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def lose_a_lock(self, data: st.DataObject) -> None:
        _, run = self.any_run(data)
        self.do(self.world.redis.delete(lock_key(run.subject)))

    @rule()
    def sweep(self) -> None:
        self.do(self.world.sweeper.sweep())

    # What must be true all the time, and in the end.

    @invariant()
    def the_database_is_as_expected(self) -> None:
        found = self.do(self.world.runs())
        events = self.do(self.world.events())
        for name, expected in self.expected.items():
            run = found[name]
            stood = (run.status, run.attempt, run.cancel_requested_at is not None or expected.ends > 0)
            assert stood == (expected.status, expected.attempt, expected.cancel_requested or expected.ends > 0), name
            assert sum(events[name, kind, None] for kind in _ENDS) == expected.ends
            completed = {stage: events[name, "stage.completed", stage] for stage in TOY.stage_names}
            assert completed == {stage: int(stage in expected.stages) for stage in TOY.stage_names}
            assert events[name, "run.started", None] == expected.attempt

    def teardown(self) -> None:
        """All workers die; whoever comes next brings everything that is left to its end, and nothing stays behind."""
        self.holds.clear()
        for _ in range(4):
            self.do(self.world.stand_still())
            for run in self.expected.values():
                run.stale |= run.status == RunStatus.PROCESSING
            self.do(self.world.sweeper.sweep())
            for message in self.do(self.world.queue.take("worker-c", 100)):
                self.accept("worker-c", message)
            for message in self.do(self.world.queue.take_idle("worker-c", int(LEASE_SECONDS * 1000), 100)):
                self.accept("worker-c", message)
            for hold in list(self.holds):
                self.finish(hold)
        self.the_database_is_as_expected()
        assert {run.status for run in self.expected.values()}.isdisjoint(ACTIVE_RUN)
        assert self.do(self.world.left()) == []

    def finish(self, hold: Hold) -> None:
        async def work(journal: Journal) -> None:
            await journal.event("run.completed", {}, status=RunStatus.COMPLETED, completed_at=func.now(), owner=None)

        self.do(self.world.commit(hold, work))
        self.expected[hold.run].end(RunStatus.COMPLETED)
        self.holds.remove(hold)
        self.do(hold.lease.release_lock())
        self.do(self.world.queue.acknowledge(hold.message))


@pytest.fixture
def world(toy_settings: Settings) -> Iterator[World]:
    with asyncio.Runner() as runner:
        world = World(toy_settings, runner)
        yield world
        runner.run(world.redis.aclose())
        runner.run(world.environment.close())


@pytest.mark.timeout(400)
def test_a_run_has_one_owner_and_one_end_and_is_never_lost(world: World) -> None:
    run_state_machine_as_test(
        type("RunMachineHere", (RunMachine,), {"world": world}),
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
