"""A run through the engine: queue, journal, tries, cancelling, resuming, history and events."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from moments_ray.engine.runs.queue import Queue
from moments_ray.errors import Conflict, RunActive
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine
from tests.ray.toy_pipeline import TOY, Ask
from tests.ray.traces import is_alive, lines, nothing_left, subject
from tests.ray.trial_pipelines import IDLING, TRIAL, Trial


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


async def test_a_stage_that_asks_for_nothing_is_executed_tried_again_and_stopped_in_its_worker(
    engine: Engine, worker: Any, notes: Path
) -> None:
    pid = await worker.__ray_call__.remote(lambda _: os.getpid())
    run = await engine.submit(IDLING, Trial(notes=str(notes), fail_first=1), subject=subject())
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    assert lines(notes) == {f"idle {pid}": 2}
    assert [each.error_code for each in await engine.tries(run)] == ["download.interrupted", None]
    assert [event.type for event in await engine.events(run)] == [
        *("run.queued", "run.started", "stage.started", "stage.failed"),
        *("stage.started", "stage.completed", "run.completed"),
    ]
    await engine.left_nothing(run)  # it is shown after the verdict, and before its message goes
    live = await engine.live(run.subject)
    assert (live["status"], live["IDLE_status"], live["IDLE_progress"]) == ("completed", "completed", "1.000")
    endless = await engine.submit(IDLING, Trial(notes=str(notes), sleep=600), subject=subject())
    await engine.until(lambda: lines(notes) == {f"idle {pid}": 3})
    await engine.run_service.cancel(endless.identifier)
    assert (await engine.ended(endless.identifier)).status == RunStatus.CANCELLED
    assert (await engine.stages(endless))["IDLE"].status == "cancelled"
    broken = await engine.submit(IDLING, Trial(notes=str(notes), fail_for_good=True), subject=subject())
    failed = await engine.ended(broken.identifier)
    assert failed.error is not None
    assert (failed.status, failed.error["code"]) == (RunStatus.FAILED, "stage.failed")
    for each in (run, endless, broken):
        await nothing_left(engine, each)


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
    taken = [message.run for message in await queue.take("worker-x", 3) + await queue.take("worker-x", 3)]
    assert taken == [runs[priority].identifier for priority in sorted(ranks, reverse=True)]
    assert await queue.take("worker-x", 3) == []


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
