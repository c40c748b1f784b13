"""A run through the engine: queue, journal, retries, resume, cancel, live status, history and events."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import ray
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.database.tables import Run
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.runs.actor import keep_listening, start_worker
from moments_ray.engine.runs.queue import Queue
from moments_ray.errors import Conflict, LeaseLost, RunActive
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine, StartWorker
from tests.ray.toy_pipeline import TOY, Ask
from tests.ray.trial_pipelines import FAN, TRIAL, Trial


def subject() -> str:
    return str(uuid.uuid4())


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def lines(notes: Path) -> Counter[str]:
    return Counter(notes.read_text().splitlines()) if notes.exists() else Counter()


async def nothing_left(engine: Engine, run: Run) -> None:
    """Nothing of the run is in Redis but history, and no scratch is on disk."""
    await engine.left_nothing(run)
    assert await engine.left(run.subject) == []
    assert not any(engine.settings.scratch.glob("*"))


async def test_a_toy_pipeline_gets_queue_status_history_and_events_for_free(engine: Engine, worker: object) -> None:
    run = await engine.submit(TOY, Ask(text="hello"), subject=(who := subject()))
    ended = await engine.ended(run.identifier)
    assert ended.status == RunStatus.COMPLETED
    assert (ended.attempt, ended.progress, ended.error) == (1, 1.0, None)
    stages = await engine.stages(run)
    assert {name: stage.output for name, stage in stages.items()} == {
        "SHOUT": {"text": "HELLO"},
        "COUNT": {"letters": 5},
    }
    events = await engine.events(run)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events] == [
        "run.queued",
        "run.started",
        "stage.started",
        "stage.completed",
        "stage.started",
        "stage.completed",
        "run.completed",
    ]
    await engine.left_nothing(run)
    live = await engine.live(who)
    assert (live["status"], live["request_id"], live["errors"]) == ("completed", run.identifier, "0")
    assert (live["SHOUT_status"], live["COUNT_status"], live["COUNT_progress"]) == ("completed", "completed", "1.000")
    assert await engine.redis.zrange(f"pipeline:{who}:history", 0, -1) == [run.identifier.encode()]
    await nothing_left(engine, run)


async def test_a_passing_error_is_tried_again_and_every_try_is_a_row(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), fail_first=2), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    tries = [(t.stage, t.number, t.status, t.error_code) for t in await engine.tries(run)]
    assert tries == [
        ("FIRST", 1, "completed", None),
        ("SECOND", 1, "failed", "download.interrupted"),
        ("SECOND", 2, "failed", "download.interrupted"),
        ("SECOND", 3, "completed", None),
        ("THIRD", 1, "completed", None),
    ]


async def test_a_lasting_error_fails_the_run_at_once_and_retry_goes_on_at_that_stage(
    engine: Engine, worker: object, notes: Path
) -> None:
    request = Trial(notes=str(notes), fail_for_good=True)
    run = await engine.submit(TRIAL, request, subject=subject())
    failed = await engine.ended(run.identifier)
    assert (failed.status, failed.error_stage) == (RunStatus.FAILED, "SECOND")
    assert failed.error is not None
    assert (failed.error["code"], failed.error["message"]) == ("media.unsupported", "this will never work, as asked.")
    assert lines(notes) == {"first": 1, "second": 1}
    await engine.left_nothing(run)
    assert await engine.dead_letter_reasons() == ["media.unsupported"]
    again = await engine.run_service.retry(run.identifier)
    assert again.identifier == run.identifier
    assert (await engine.ended(run.identifier)).attempt == 2
    assert lines(notes) == {"first": 1, "second": 2}
    await nothing_left(engine, run)


async def test_a_stage_with_nothing_to_do_is_skipped(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), skip=True), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    assert (await engine.stages(run))["THIRD"].status == "skipped"
    assert lines(notes) == {"first": 1, "second": 1}


async def test_a_process_that_dies_is_one_failed_try_not_four_by_ray(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), crash_first=1), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    assert lines(notes) == {"first": 1, "second": 2, "third": 1}
    seconds = [(t.number, t.status, t.error_code) for t in await engine.tries(run) if t.stage == "SECOND"]
    assert seconds == [(1, "failed", "stage.crashed"), (2, "completed", None)]


async def test_cancelling_stops_the_child_process(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=600), subject=subject())
    await engine.until(lambda: any(line.startswith("child") for line in lines(notes)))
    child = int(next(line for line in lines(notes) if line.startswith("child")).split()[1])
    await engine.run_service.cancel(run.identifier)
    cancelled = await engine.ended(run.identifier)
    assert cancelled.status == RunStatus.CANCELLED
    assert not is_alive(child)
    assert (await engine.stages(run))["SECOND"].status == "cancelled"
    await nothing_left(engine, run)
    assert (await engine.run_service.cancel(run.identifier)).status == RunStatus.CANCELLED


async def test_a_run_cancelled_while_queued_never_starts(engine: Engine, notes: Path) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes)), subject=subject())
    assert (await engine.run_service.cancel(run.identifier)).status == RunStatus.CANCELLED
    waiting = await engine.submit(TOY, Ask(text="x"), subject=subject())
    with pytest.raises(Conflict, match="there is nothing to retry"):
        await engine.run_service.retry(waiting.identifier)
    assert lines(notes) == {}


async def test_a_subject_has_one_active_run_and_the_refusal_names_it(engine: Engine) -> None:
    who = subject()
    first = await engine.submit(TOY, Ask(text="a"), subject=who)
    with pytest.raises(RunActive) as refused:
        await engine.submit(TOY, Ask(text="b"), subject=who)
    assert refused.value.detail == {"run": first.identifier}
    fifty = await asyncio.gather(
        *(engine.submit(TOY, Ask(text="c"), subject=(other := "s" + who)) for _ in range(50)),
        return_exceptions=True,
    )
    assert Counter(type(one).__name__ for one in fifty) == {"Run": 1, "RunActive": 49}
    assert other


async def test_the_same_idempotency_key_returns_the_same_run(engine: Engine) -> None:
    who = subject()
    one = await engine.submit(TOY, Ask(text="a"), subject=who, idempotency_key=who)
    two = await engine.submit(TOY, Ask(text="a"), subject=who, idempotency_key=who)
    assert one.identifier == two.identifier


async def test_a_higher_priority_is_taken_first(engine: Engine) -> None:
    ranks = [5, 0, 10, 7]
    runs = {p: await engine.submit(TOY, Ask(text="p"), subject=subject(), priority=p) for p in ranks}
    queue = Queue(engine.redis)
    await queue.ensure_groups()
    taken = [message.run for _ in ranks if (message := await queue.take("worker-x"))]
    assert taken == [runs[priority].identifier for priority in sorted(ranks, reverse=True)]
    assert await queue.take("worker-x") is None


async def test_an_ordinary_run_does_not_wait_for_those_of_a_lower_priority_that_are_on_their_way(
    engine: Engine, worker: object, tmp_path: Path
) -> None:
    waiting = [Trial(notes=str(tmp_path / f"low-{number}"), sleep=60) for number in range(4)]
    low = [await engine.submit(TRIAL, trial, subject=subject(), priority=1) for trial in waiting]
    at_once = engine.settings.worker.runs_at_once
    await engine.until(lambda: sum(Path(trial.notes).exists() for trial in waiting) == at_once)
    ordinary = await engine.submit(TOY, Ask(text="now"), subject=subject())
    assert (await engine.ended(ordinary.identifier, timeout=30)).status == RunStatus.COMPLETED
    assert sum(Path(trial.notes).exists() for trial in waiting) == at_once
    for run in low:
        await engine.run_service.cancel(run.identifier)
    for run in low:
        await engine.ended(run.identifier)


async def test_a_chain_streams_items_and_commits_each(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=5), subject=subject())
    ended = await engine.ended(run.identifier)
    assert ended.error is None
    assert ended.status == RunStatus.COMPLETED
    stages = await engine.stages(run)
    assert stages["LABEL"].output == {"items": [{"label": f"{n} is {2 * n}"} for n in range(5)], "failed": []}
    assert {key: count for key, count in lines(notes).items() if count != 1} == {}
    await nothing_left(engine, run)


async def test_items_that_fail_leave_the_others_right_and_retry_does_only_them(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=4, bad_items=1), subject=subject())
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.errors) == (RunStatus.COMPLETED_WITH_ERRORS, 1)
    await engine.left_nothing(run)
    live = await engine.live(run.subject)
    assert (live["status"], live["errors"]) == ("completed", "1")  # what pollers of old stop on
    items = await engine.items(run, "DOUBLE")
    assert [item.status for item in items] == ["failed", "completed", "completed", "completed"]
    assert [item.status for item in await engine.items(run, "LABEL")] == ["skipped", *["completed"] * 3]
    await engine.run_service.retry(run.identifier)
    assert (await engine.ended(run.identifier)).attempt == 2
    assert lines(notes)["double 1"] == 1
    assert lines(notes)["double 0"] == 2


async def test_too_many_failed_items_fail_the_stage(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=4, bad_items=3), subject=subject())
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.error_stage) == (RunStatus.FAILED, "DOUBLE")
    assert ended.error is not None
    assert ended.error["code"] == "stage.items_failed"


async def test_a_row_whose_process_dies_is_done_again_and_those_beside_it_are_not_stopped_for_it(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=6, crash_first=1, sleep=0.3), subject=subject())
    assert (await engine.ended(run.identifier, timeout=90)).status == RunStatus.COMPLETED
    labels = [item.output for item in await engine.items(run, "LABEL")]
    assert labels == [{"label": f"{n} is {2 * n}"} for n in range(6)]
    assert {line: times for line, times in lines(notes).items() if times != 1} == {"double 0": 2}
    tries = [(one.number, one.status, one.error_code) for one in await engine.tries(run) if one.stage == "DOUBLE"]
    assert tries == [(1, "failed", "stage.crashed"), (2, "completed", None)]


async def test_a_skipped_fan_out_leaves_its_successor_alone_with_the_items(
    engine: Engine, worker: object, notes: Path
) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=2, skip=True), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    stages = await engine.stages(run)
    assert stages["DOUBLE"].status == "skipped"
    assert stages["LABEL"].output == {"items": [{"label": "0 is alone"}, {"label": "1 is alone"}], "failed": []}


async def test_a_fan_out_over_nothing_completes(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=0), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED


async def test_a_chain_that_is_at_work_is_cancelled(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(FAN, Trial(notes=str(notes), items=8, sleep=600), subject=subject())
    await engine.until(lambda: lines(notes)["double 0"] == 1)
    await engine.run_service.cancel(run.identifier)
    assert (await engine.ended(run.identifier)).status == RunStatus.CANCELLED
    await nothing_left(engine, run)


async def test_another_worker_takes_over_from_one_that_was_killed(
    engine: Engine, start: StartWorker, worker: Any, notes: Path
) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=8), subject=subject())
    await engine.until(lambda: lines(notes)["second"] == 1)
    ray.kill(worker, no_restart=True)
    await start("next")
    ended = await engine.ended(run.identifier)
    assert ended.error is None
    assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 2)
    assert lines(notes)["first"] == 1
    assert lines(notes)["second"] == 2
    await nothing_left(engine, run)


async def test_a_worker_that_died_goes_on_with_its_own_runs_without_waiting_out_their_leases(
    engine: Engine, notes: Path
) -> None:
    long_lease = engine.settings.worker.model_copy(update={"lease_seconds": 600.0})
    settings = engine.settings.model_copy(update={"worker": long_lease})
    worker = start_worker(runtime.connect, settings, runtime.open_redis, name="mortal", detached=False)
    listening = asyncio.create_task(keep_listening(worker))
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=2), subject=subject())
    await engine.until(lambda: lines(notes)["second"] == 1)
    ray.kill(worker, no_restart=False)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt, ended.error) == (RunStatus.COMPLETED, 2, None)
    await nothing_left(engine, run)
    await worker.drain.remote()
    await listening  # and no longer
    ray.kill(worker)


async def test_a_drained_worker_hands_its_run_back_and_nothing_runs_twice(
    engine: Engine, worker: Any, notes: Path
) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=1), subject=subject())
    await engine.until(lambda: lines(notes)["second"] == 1)
    await worker.drain.remote()
    handed_back = await engine.run(run.identifier)
    assert (handed_back.status, handed_back.crash_count) == (RunStatus.QUEUED, 0)
    assert (await engine.stages(run))["SECOND"].status == "completed"


async def test_redis_wiped_in_the_middle_changes_nothing(engine: Engine, worker: object, notes: Path) -> None:
    waiting = await engine.submit(TRIAL, Trial(notes=str(notes) + "2"), subject=subject(), priority=1)
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=3), subject=subject())
    await engine.until(lambda: lines(notes)["second"] == 1)
    await engine.redis.flushall()
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)
    assert lines(notes) == {"first": 1, "second": 1, "third": 1, **{k: 1 for k in lines(notes) if "child" in k}}
    assert (await engine.ended(waiting.identifier, timeout=60)).status == RunStatus.COMPLETED
    await nothing_left(engine, run)


async def test_a_run_that_kills_three_workers_without_progress_is_given_up(
    engine: Engine, start: StartWorker, notes: Path
) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes)), subject=subject())
    async with engine.environment.database.begin() as session:
        await session.execute(
            text(
                "UPDATE runs SET status='processing', crash_count=2, owner='gone', heartbeat_at=now()-interval '1 hour'"
                " WHERE identifier=:run"
            ),
            {"run": run.identifier},
        )
    await start("third")
    ended = await engine.ended(run.identifier)
    assert ended.error is not None
    assert (ended.status, ended.error["code"]) == (RunStatus.FAILED, "run.poison")
    assert lines(notes) == {}


async def test_messages_nobody_can_read_become_dead_letters_and_the_worker_goes_on(
    engine: Engine, worker: object
) -> None:
    await engine.redis.xadd("pipeline:requests", {b"\xff\xfe": b"\xff"})
    await engine.redis.xadd("pipeline:requests", {"request_id": b"\xff\xfe"})
    await engine.redis.xadd("pipeline:requests", {"request_id": "nobody"})
    run = await engine.submit(TOY, Ask(text="hello"), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    assert await engine.dead_letter_reasons() == ["malformed", "malformed", "unknown"]


async def test_a_zombies_writes_reach_no_row(engine: Engine, notes: Path) -> None:
    run = await engine.submit(TOY, Ask(text="x"), subject=subject())
    async with engine.environment.database.begin() as session:
        one = await Claims(session).claim(run.identifier, "worker-a", 60)
    async with engine.environment.database.begin() as session:
        two = await Claims(session).claim(run.identifier, "worker-b", 0)
    assert one is not None
    assert two is not None
    zombie = claim_of(one)
    assert (two.attempt, two.crash_count) == (2, 1)
    with pytest.raises(LeaseLost):
        async with engine.environment.database.begin() as session:
            await Journal(session, zombie).start("SHOUT", 0, node="here")
    assert await engine.stages(run) == {}


async def test_redis_that_is_down_when_a_run_is_submitted_costs_only_time(
    engine: Engine, worker: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: object, **__: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(engine.run_service._queue, "enqueue", unreachable)
    run = await engine.submit(TOY, Ask(text="hello"), subject=subject())
    async with engine.environment.database.begin() as session:
        await session.execute(text("UPDATE runs SET notified_at = now() - interval '1 minute'"))
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
