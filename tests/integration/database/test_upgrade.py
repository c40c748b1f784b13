"""Runs of the schema before subjects were cut in three, brought to the newest: read, retried, claimed, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from moments_ray import runtime
from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import Conflict, RunActive
from moments_ray.http.schemas.runs import RunDetail, RunView
from moments_ray.library.deletion import Deletion
from moments_ray.library.values import Source, SourceVideo
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import MomentsRequest, SelectedClips, StagedClips
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from tests.integration.database.old_database import STAGED, URL, OldDatabase

_BEFORE = "2026112005"


@pytest.fixture
async def old(database: Database) -> OldDatabase:
    """An empty database of the schema before."""
    await schema.upgrade(database, _BEFORE)
    return OldDatabase(database)


@pytest.fixture
async def environment(
    database: Database, postgres_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Environment]:
    """This release, connected to that database."""
    url = make_url(postgres_url).set(database=database.engine.url.database).render_as_string(hide_password=False)
    settings = Settings(
        _env_file=None,
        home=tmp_path,
        database_url=SecretStr(url),
        redis_url=SecretStr(redis_url),
        gcs_bucket_name=None,
    )
    environment = runtime.connect(settings)
    yield environment
    await environment.close()


async def the_run(database: Database, identifier: str) -> Run:
    async with database.read() as session:
        return await Runs(session).get(identifier)


async def detail(environment: Environment, identifier: str) -> RunDetail:
    """A run as ``GET /api/runs/{id}`` shows it."""
    run = await the_run(environment.database, identifier)
    async with environment.database.read() as session:
        reader = JournalReader(session, run.id)
        stages, tries = await reader.stages(), await reader.tries()
    return RunDetail.of_journal(run, environment.registry.get(run.pipeline).stage_names, stages, tries, [])


async def test_runs_of_every_status_can_be_read_and_listed(old: OldDatabase, environment: Environment) -> None:
    runs = await old.fill()
    await schema.upgrade(old.database)
    await schema.check_drift(old.database)
    shown = {name: await detail(environment, run) for name, run in runs.items()}
    assert {name: (one.status.value, one.errors, one.result) for name, one in shown.items()} == {
        "queued": ("queued", 0, None),
        "processing": ("processing", 0, None),
        "completed": ("completed", 0, None),
        "failed": ("failed", 0, None),
        "cancelled": ("cancelled", 0, None),
        "clips": ("completed_with_errors", 2, None),
        "failed clips": ("failed", 0, None),
    }
    assert shown["failed"].metadata == {"ticket": 7}
    async with old.database.read() as session:
        page = await RunLists(session).runs(None, 50)
        of_one = await RunLists(session).runs(None, 50, subject=shown["clips"].subject)
    assert {RunView.of(run).identifier for run in page.rows} == set(runs.values())
    assert [run.identifier for run in of_one.rows] == [runs["clips"]]


async def test_requests_and_outputs_have_the_shapes_of_now(old: OldDatabase, environment: Environment) -> None:
    runs = await old.fill()
    await schema.upgrade(old.database)
    for identifier in runs.values():
        run = await the_run(old.database, identifier)
        request = environment.registry.get(run.pipeline).takes.model_validate(run.config)
        assert isinstance(request.source, Source)  # type: ignore[attr-defined]
        assert request.source.video == run.subject == run.exclusive_key  # type: ignore[attr-defined]
    asked = MomentsRequest.model_validate((await the_run(old.database, runs["queued"])).config)
    assert (asked.force, asked.source.url, asked.generation.find.count) == (True, URL, 3)
    clips = await the_run(old.database, runs["clips"])
    assert [one["identifier"] for one in clips.config["selected"]["moments"]] == ["m1", "m2"]
    assert not {"fresh", "chosen"} & set(clips.config)
    claimed = await ClaimedRun.load(environment, claim_of(clips))
    given = claimed.given()
    assert given[SourceVideo].video == clips.subject  # type: ignore[attr-defined]
    assert [one.staged for one in given[StagedClips].items] == [STAGED["staged"]]  # type: ignore[attr-defined]
    assert [one.identifier for one in given[SelectedClips].items] == ["c1"]  # type: ignore[attr-defined]


async def test_clips_of_selected_moments_have_stages_of_their_own(old: OldDatabase, environment: Environment) -> None:
    runs = await old.fill()
    await schema.upgrade(old.database)
    shown = await detail(environment, runs["clips"])
    assert [(stage.name, stage.status.value, len(stage.tries)) for stage in shown.stages] == [
        ("VIDEO_DOWNLOAD", "completed", 1),
        ("SELECTED_CLIP_EXTRACTION", "completed", 1),
        ("SELECTED_CLIP_UPLOAD", "completed", 1),
    ]
    async with old.database.read() as session:
        items = await JournalReader(session, (await Runs(session).get(runs["clips"])).id).items("SELECTED_CLIP_UPLOAD")
    assert [(item.key, item.status) for item in items] == [("m1", "completed"), ("m2", "failed")]
    assert (await detail(environment, runs["failed clips"])).error_stage == "SELECTED_CLIP_EXTRACTION"


async def test_what_did_not_come_through_is_retried_and_claimed(old: OldDatabase, environment: Environment) -> None:
    runs = await old.fill()
    await schema.upgrade(old.database)
    service = RunService(environment)
    with pytest.raises(Conflict):
        await service.retry(runs["completed"])
    for name in ("failed", "cancelled", "clips", "failed clips"):
        run = await service.retry(runs[name])
        assert (run.status, run.crash_count, run.errors) == ("queued", 0, 0)
    assert (await detail(environment, runs["clips"])).stages[1].status.value == "pending"
    for name in set(runs) - {"completed"}:
        async with old.database.begin() as session:
            claimed = await Claims(session).claim(runs[name], "worker-test", 60.0)
        assert claimed is not None
        assert (claimed.status, claimed.deadline_at) == ("processing", None)
        given = (await ClaimedRun.load(environment, claim_of(claimed))).given()
        assert (SourceVideo in given) == (name in {"failed", "clips", "failed clips"})


async def test_a_run_that_is_active_still_excludes_another_one(old: OldDatabase, environment: Environment) -> None:
    runs = await old.fill()
    await schema.upgrade(old.database)
    service = RunService(environment)
    for name in ("queued", "processing"):
        video = (await the_run(old.database, runs[name])).subject
        with pytest.raises(RunActive) as refused:
            await service.start(MOMENTS, MomentsRequest(source=Source(video=video, url=URL)))
        assert refused.value.detail == {"run": runs[name]}
    done = await the_run(old.database, runs["completed"])
    again = await service.start(MOMENTS, MomentsRequest.model_validate(done.config))
    assert (again.reused, again.run.identifier != done.identifier) == (False, True)


async def test_a_run_goes_with_its_video(old: OldDatabase, environment: Environment) -> None:
    runs = await old.fill()
    await schema.upgrade(old.database)
    for name in ("queued", "clips"):
        video = (await the_run(old.database, runs[name])).subject
        assert await Deletion(environment).delete(video)
    async with old.database.read() as session:
        left = set(await session.scalars(text("SELECT identifier FROM runs")))
        items = await session.scalar(text("SELECT count(*) FROM run_items"))
    assert left == set(runs.values()) - {runs["queued"], runs["clips"]}
    assert items == 0


async def test_the_way_back_gives_the_release_before_its_shapes(old: OldDatabase) -> None:
    runs = await old.fill()

    async def rows(query: str) -> list[tuple[Any, ...]]:
        async with old.database.read() as session:
            return [tuple(row) for row in await session.execute(text(query))]

    finished = "status NOT IN ('queued', 'processing')"
    queries = (
        f"SELECT identifier, config, deaths, error_stage FROM runs WHERE {finished} ORDER BY id",
        "SELECT identifier, result FROM runs WHERE status LIKE 'completed%' ORDER BY id",
        "SELECT run_id, name, status, output FROM run_stages WHERE status <> 'processing' ORDER BY run_id, ordinal",
        "SELECT run_id, stage, key, status, spec, output FROM run_items ORDER BY run_id, stage, key",
        "SELECT run_id, stage, number FROM run_attempts ORDER BY run_id, stage",
    )
    before = [await rows(query) for query in queries]
    kept = {row[0] for row in before[0]}
    await schema.upgrade(old.database)
    await schema.downgrade(old.database, _BEFORE)
    after = [await rows(query) for query in queries]
    assert [row for row in after[0] if row[0] in kept] == before[0]
    assert after[1:] == before[1:]
    active = await rows("SELECT identifier, status FROM runs WHERE status IN ('queued', 'processing')")
    assert active == []  # what was under way is cancelled, and can be retried
    cancelled = {row[0] for row in await rows("SELECT identifier FROM runs WHERE status = 'cancelled'")}
    assert cancelled == {runs["queued"], runs["processing"], runs["cancelled"]}
    await schema.upgrade(old.database)
    assert (await the_run(old.database, runs["clips"])).status == RunStatus.COMPLETED_WITH_ERRORS
