"""The schema: up, down, without drift, and what it refuses."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from moments_ray.database import schema
from moments_ray.database.session import Database
from moments_ray.database.tables import Table
from moments_ray.engine.queries.rows import row_of
from moments_ray.engine.queries.submission import Submission, insert_run
from moments_ray.errors import DatabaseUnavailable, SchemaOutdated
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos, get_or_create_video
from moments_ray.moments.queries.moments import Moments


async def names(database: Database) -> set[str]:
    async with database.read() as session:
        found = await session.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        )
        return set(found)


async def count(database: Database, table: str) -> int:
    async with database.read() as session:
        return await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


async def test_the_schema_goes_up_down_and_up_again_without_drift(database: Database) -> None:
    with pytest.raises(SchemaOutdated, match="run `moments migrate`"):
        await schema.require_head(database)
    await schema.upgrade(database)
    await schema.check_drift(database)
    await schema.require_head(database)
    assert await names(database) == {*Table.metadata.tables, "pipeline_history", "alembic_version"}
    await schema.downgrade(database, "base")
    assert await names(database) == {"alembic_version"}
    await schema.upgrade(database)
    await schema.require_head(database)


async def test_a_connection_makes_videos_known_any_number_of_times(database: Database) -> None:
    """PostgreSQL plans a prepared statement afresh, for any parameters, after its fifth time."""
    await schema.upgrade(database)
    for n in range(8):
        await get_or_create_video(database.row, f"test:{n}")
    assert await count(database, "videos") == 8


async def test_two_migrators_at_once_make_one_schema(database: Database) -> None:
    await asyncio.gather(schema.upgrade(database), schema.upgrade(database))
    await schema.require_head(database)


async def test_deleting_a_video_deletes_all_that_is_its_own_and_keeps_the_prompts(database: Database) -> None:
    await schema.upgrade(database)
    async with database.begin() as session:
        video, created = await get_or_create_video(row_of(session), "sha256:1", title="A")
        assert created
        await Transcripts(session).put(video.id, "captions", full_text="a", word_timestamps=[], segment_timestamps=[])
        transcript = await Transcripts(session).get(video.id)
        assert transcript is not None
        config = await Moments(session).generation_config(
            user_prompt="p", system_prompt="s", transcript_key=transcript.id, sampling={"model": "local"}
        )
        submission = Submission("moments", video.identifier, {}, "f" * 64, video=video.identifier)
        assert await insert_run(row_of(session), submission) is not None
        moment = {
            "video_id": video.id,
            "title": "t",
            "start_time": 0.0,
            "end_time": 1.0,
            "generation_config_id": config,
        }
        await Moments(session).put([{"identifier": "m1", **moment}])
        await Moments(session).put_clip("m1", "source", identifier="c1", video_id=video.id, start_time=0, end_time=1)
        await Moments(session).set_clip_thumbnail("c1", "file://c")
        await Videos(session).set_thumbnail(video.identifier, "file://v")
    async with database.begin() as session:
        await Videos(session).delete(video.identifier)
    left = {table: await count(database, table) for table in Table.metadata.tables}
    assert {table: rows for table, rows in left.items() if rows} == {"prompts": 1}


async def test_equal_prompts_and_options_are_kept_once(database: Database) -> None:
    await schema.upgrade(database)
    keys = []
    for model in ("local", "local", "minimax"):
        async with database.begin() as session:
            keys.append(
                await Moments(session).generation_config(
                    user_prompt="same", system_prompt="", transcript_key=None, sampling={"model": model}
                )
            )
    assert keys[0] == keys[1] != keys[2]
    assert (await count(database, "prompts"), await count(database, "generation_configs")) == (1, 2)


async def test_two_submissions_of_one_source_are_one_video(database: Database) -> None:
    await schema.upgrade(database)

    async def submit() -> tuple[str, bool]:
        async with database.begin() as session:
            video, created = await get_or_create_video(row_of(session), "https://example.org/v.mp4")
            return video.identifier, created

    outcomes = await asyncio.gather(*(submit() for _ in range(8)))
    assert len({identifier for identifier, _ in outcomes}) == 1
    assert sum(created for _, created in outcomes) == 1


async def test_a_status_nobody_knows_and_a_reversed_moment_are_refused(database: Database) -> None:
    await schema.upgrade(database)
    video, _ = await get_or_create_video(database.row, "sha256:2")
    for statement in (
        "UPDATE videos SET status = 'lost'",
        f"INSERT INTO moments (identifier, video_id, title, start_time, end_time) VALUES ('x', {video.id}, 't', 5, 4)",
    ):
        with pytest.raises(IntegrityError):
            async with database.begin() as session:
                await session.execute(text(statement))


async def test_only_finished_moments_runs_are_history(database: Database) -> None:
    await schema.upgrade(database)
    async with database.begin() as session:
        for subject, pipeline, status in (
            ("a", "moments", "completed"),
            ("b", "moments", "queued"),
            ("c", "toy", "failed"),
        ):
            run = await insert_run(row_of(session), Submission(pipeline, subject, {}, "f" * 64))
            assert run is not None
            await session.execute(text(f"UPDATE runs SET status = '{status}' WHERE id = {run.id}"))
    assert await count(database, "pipeline_history") == 1


async def test_a_server_that_is_not_there_is_said_so() -> None:
    nowhere = Database.connect(SecretStr("postgresql://nobody:secret@127.0.0.1:1/nothing"))
    with pytest.raises(DatabaseUnavailable) as refused:
        await nowhere.ping()
    assert "secret" not in str(refused.value)
    await nowhere.close()
