"""Runs of the schema before subjects were cut in three, brought to the newest: read, retried, claimed, deleted."""

from __future__ import annotations

import json
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
from moments_ray.ids import new_identifier
from moments_ray.library.deletion import Deletion
from moments_ray.library.values import Source, SourceVideo
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import MomentsRequest, SelectedClips, StagedClips
from moments_ray.settings import Settings
from moments_ray.states import RunStatus

_BEFORE = "2026112005"
_URL = "https://example.org/talk.mp4"
_MOMENT = {
    "identifier": "m1",
    "title": "A moment",
    "start_time": 1.0,
    "end_time": 9.0,
    "score": 70.0,
    "reason": "it stands out",
    "provenance": [{"step": "snap", "start_time": 1.0, "end_time": 9.0, "reason": "to sentences"}],
}
_MOMENTS_CONFIG = {
    "source": {"url": _URL, "path": None, "stored": None},
    "fresh": True,
    "metadata": {"ticket": 7},
    "speech": {"transcriber": None, "captions": None},
    "generation": {
        "model": "local",
        "sampling": {"temperature": None, "top_p": None, "top_k": None, "max_tokens": None},
        "find": {
            "count": 3,
            "min_seconds": 6.0,
            "max_seconds": 20.0,
            "prompt": None,
            "topic": None,
            "time_range": None,
        },
    },
    "refinement": {
        "model": "local",
        "sampling": {"temperature": None, "top_p": None, "top_k": None, "max_tokens": None},
        "prompt": None,
        "watches_video": True,
        "padding_left": 5.0,
        "padding_right": 5.0,
    },
    "delivery": {"deliver_clips": True, "preset": "source", "burn_captions": False},
}
_CLIPS_CONFIG = {
    "source": {"url": None, "path": None, "stored": "uploads/talk.mp4"},
    "fresh": False,
    "metadata": {},
    "chosen": {"moments": [_MOMENT, {**_MOMENT, "identifier": "m2"}]},
    "clips": {"preset": "web", "captions_by": None, "padding_left": 0.0, "padding_right": 0.0},
}
_DOWNLOADED = {
    "name": "videos/v/source-1.mp4",
    "title": "A talk",
    "checksum": "AAAAAA==",
    "info": {
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "title": None,
        "duration": 60.0,
        "width": 320,
        "height": 180,
        "rotation": 0,
        "fps": 25.0,
        "vfr": False,
        "codec": "h264",
        "pixel_format": "yuv420p",
        "video_index": 0,
        "start_time": 0.0,
        "bytes": 1000,
        "audio_tracks": [],
        "subtitle_tracks": [],
    },
    "captions": [],
}
_STAGED = {
    "staged": "videos/v/staging/1/m1.mp4",
    "start_time": 1.0,
    "end_time": 9.0,
    "method": "copy",
    "fallback_reason": None,
    "bytes": 100,
    "checksum": "AAAAAA==",
    "frames": 200,
}
_CLIP = {
    "identifier": "c1",
    "name": "videos/v/clips/c1-1.mp4",
    "thumbnail": "videos/v/thumbnails/c1.jpg",
    "start_time": 1.0,
    "end_time": 9.0,
    "method": "copy",
    "fallback_reason": None,
    "bytes": 100,
    "frames": 200,
}
_NOT_CUT = {"code": "media.failed", "message": "It cannot be cut.", "retryable": False, "detail": {}}


class OldDatabase:
    """A database of the schema before, written to as the release of then did."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def insert(self, table: str, **values: Any) -> Any:
        """Insert a row; return its key where it has one."""
        kept = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in values.items()}
        marks = ", ".join(f"CAST(:{k} AS jsonb)" if isinstance(v, dict) else f":{k}" for k, v in values.items())
        key = " RETURNING id" if table in {"videos", "runs"} else ""
        async with self.database.begin() as session:
            done = await session.execute(text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}){key}"), kept)
            return done.scalar_one() if key else None

    async def run(self, pipeline: str, config: dict[str, Any], status: str, **values: Any) -> tuple[str, int]:
        """Insert a video and a run on it; return the run's identifier and key."""
        video, run = new_identifier(), new_identifier()
        video_key = await self.insert("videos", identifier=video, canonical_source=f"test:{video}", source_url=_URL)
        await self.execute("UPDATE videos SET status = 'ready'")
        key = await self.insert(
            "runs",
            identifier=run,
            pipeline=pipeline,
            subject=video,
            video_id=video_key,
            status=status,
            config=config,
            config_fingerprint="f" * 64,
            event_seq=1,
            **values,
        )
        await self.insert("run_events", run_id=key, seq=1, type="run.queued", data={"pipeline": pipeline})
        return run, key

    async def stage(self, run: int, ordinal: int, name: str, status: str, output: dict[str, Any] | None = None) -> None:
        """Insert a stage and its one try."""
        done = {} if output is None else {"output": output}
        await self.insert("run_stages", run_id=run, name=name, ordinal=ordinal, status=status, **done)
        await self.insert("run_attempts", run_id=run, stage=name, number=1, attempt=1, status=status)

    async def execute(self, statement: str) -> None:
        """Execute a statement."""
        async with self.database.begin() as session:
            await session.execute(text(statement))

    async def fill(self) -> dict[str, str]:
        """Write runs of every status; return their identifiers by it."""
        runs = {}
        runs["queued"], _ = await self.run("moments", _MOMENTS_CONFIG, "queued")
        runs["processing"], key = await self.run("moments", _MOMENTS_CONFIG, "processing", attempt=1, owner="gone")
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "processing")
        await self.execute("UPDATE runs SET heartbeat_at = now() - interval '1 hour' WHERE status = 'processing'")
        runs["completed"], key = await self.run("moments", _MOMENTS_CONFIG, "completed", result={"errors": 0})
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "completed", _DOWNLOADED)
        runs["failed"], key = await self.run(
            "moments",
            _MOMENTS_CONFIG,
            "failed",
            deaths=2,
            error={"code": "model.failed", "message": "No.", "retryable": True, "detail": {}},
            error_stage="MOMENT_GENERATION",
        )
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "completed", _DOWNLOADED)
        await self.stage(key, 4, "MOMENT_GENERATION", "failed")
        runs["cancelled"], _ = await self.run("moments", _MOMENTS_CONFIG, "cancelled")
        runs["clips"], key = await self.run("clips", _CLIPS_CONFIG, "completed_with_errors", result={"errors": 2})
        failed = [{"key": "m2", **_NOT_CUT}]
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "completed", _DOWNLOADED)
        await self.stage(key, 1, "CLIP_EXTRACTION", "completed", {"items": [_STAGED], "failed": failed})
        await self.stage(key, 2, "CLIP_UPLOAD", "completed", {"items": [_CLIP], "failed": failed})
        for stage, output in (("CLIP_EXTRACTION", _STAGED), ("CLIP_UPLOAD", _CLIP)):
            spec = {"key": "m1", "moment": _MOMENT}
            item = {"run_id": key, "stage": stage, "ordinal": 0, "spec": spec}
            await self.insert("run_items", key="m1", status="completed", output=output, **item)
            await self.insert("run_items", key="m2", status="failed", error=_NOT_CUT, **item)
        runs["failed clips"], key = await self.run(
            "clips", _CLIPS_CONFIG, "failed", error=_NOT_CUT, error_stage="CLIP_EXTRACTION"
        )
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "completed", _DOWNLOADED)
        await self.stage(key, 1, "CLIP_EXTRACTION", "failed")
        return runs


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
    assert (asked.force, asked.source.url, asked.generation.find.count) == (True, _URL, 3)
    clips = await the_run(old.database, runs["clips"])
    assert [one["identifier"] for one in clips.config["selected"]["moments"]] == ["m1", "m2"]
    assert not {"fresh", "chosen"} & set(clips.config)
    claimed = await ClaimedRun.load(environment, claim_of(clips))
    given = claimed.given()
    assert given[SourceVideo].video == clips.subject  # type: ignore[attr-defined]
    assert [one.staged for one in given[StagedClips].items] == [_STAGED["staged"]]  # type: ignore[attr-defined]
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
            await service.start(MOMENTS, MomentsRequest(source=Source(video=video, url=_URL)))
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
