"""PostgreSQL and Redis that go, refuse or are full in the middle of runs: work stops or waits, and none is lost."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from moments_ray.database.tables import Run
from moments_ray.engine.runs.queue import GROUP, STREAMS
from moments_ray.errors import DatabaseUnavailable
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine, StartWorker
from tests.ray.toy_pipeline import TOY, Ask
from tests.ray.trial_pipelines import FAN, TRIAL, Trial

_CUT = (
    "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def lines(notes: Path) -> Counter[str]:
    return Counter(notes.read_text().splitlines()) if notes.exists() else Counter()


async def administer(engine: Engine, *statements: str) -> None:
    """Run statements as an administrator does, outside any transaction, even where writing is refused."""
    async with engine.environment.database.engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text("SET default_transaction_read_only = off"))
        for statement in statements:
            await outside.execute(text(statement))
        await connection.invalidate()


@asynccontextmanager
async def read_only(engine: Engine) -> AsyncIterator[None]:
    """Have PostgreSQL refuse every write, as it does on a standby or after an administrator's emergency brake."""
    async with engine.environment.database.read() as session:
        name = await session.scalar(text("SELECT current_database()"))
    await administer(engine, f"ALTER DATABASE {name} SET default_transaction_read_only = on", _CUT)
    try:
        yield
    finally:
        await administer(engine, f"ALTER DATABASE {name} RESET default_transaction_read_only", _CUT)


async def taken(engine: Engine) -> int:
    """How many entries workers hold."""
    return sum([(await engine.redis.xpending(stream, GROUP))["pending"] for stream in STREAMS])


@pytest.mark.parametrize("pipeline", [TRIAL, FAN], ids=lambda pipeline: pipeline.name)
async def test_connections_that_are_cut_in_mid_stage_do_not_cost_the_stage(
    engine: Engine, worker: object, notes: Path, pipeline: Any
) -> None:
    request = Trial(notes=str(notes), sleep=1.5, items=3)
    run = await engine.submit(pipeline, request, subject=str(uuid.uuid4()))
    await engine.until(lambda: bool(lines(notes)["second"] or lines(notes)["double 0"]))
    while (standing := await survey(engine, run)) and not RunStatus(standing.status).finished:
        await administer(engine, _CUT)
        await asyncio.sleep(0.7)
    ended = await engine.ended(run.identifier)
    assert (ended.status, ended.attempt, ended.error) == (RunStatus.COMPLETED, 1, None)
    assert {line: count for line, count in lines(notes).items() if count != 1} == {}
    await engine.left_nothing(run, timeout=20)


async def survey(engine: Engine, run: Run) -> Run:
    """Look at a run; this look's own connection may have been cut."""
    while True:
        try:
            return await engine.run(run.identifier)
        except DatabaseUnavailable:
            await asyncio.sleep(0.05)


async def test_a_database_that_takes_no_writes_is_waited_for_and_no_entry_is_taken_in_vain(
    engine: Engine, start: StartWorker
) -> None:
    runs = [await engine.submit(TOY, Ask(text="hello"), subject=str(uuid.uuid4())) for _ in range(6)]
    async with read_only(engine):
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            await engine.submit(TOY, Ask(text="no"), subject=str(uuid.uuid4()))
        await start("waiting")
        await asyncio.sleep(2.5)
        assert await taken(engine) <= engine.settings.worker.runs_at_once
        assert {(await engine.run(run.identifier)).status for run in runs} == {RunStatus.QUEUED}
    for run in runs:
        assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
        await engine.left_nothing(run)


async def test_a_redis_that_is_full_costs_only_time(engine: Engine, worker: object, notes: Path) -> None:
    run = await engine.submit(TRIAL, Trial(notes=str(notes), sleep=2), subject=str(uuid.uuid4()))
    await engine.until(lambda: lines(notes)["second"] == 1)
    await engine.redis.config_set("maxmemory", "1")
    try:
        unclaimed = await engine.submit(TOY, Ask(text="hello"), subject=str(uuid.uuid4()))
        ended = await engine.ended(run.identifier)
        assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)
        assert (await engine.run(unclaimed.identifier)).status == RunStatus.QUEUED
    finally:
        await engine.redis.config_set("maxmemory", "0")
    async with engine.environment.database.begin() as session:
        await session.execute(text("UPDATE runs SET notified_at = now() - interval '1 minute' WHERE status = 'queued'"))
    assert (await engine.ended(unclaimed.identifier)).status == RunStatus.COMPLETED
    await engine.left_nothing(run, timeout=20)
    await engine.left_nothing(unclaimed)
