"""The whole moments pipeline on real parts: what it finds, what it cuts, what it leaves in database and store."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from moments_ray.database.tables import Run
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source, SpeechOptions
from moments_ray.media.probe import probe
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.pipelines import CLIPS, MOMENTS
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.queries.sets import MomentSets
from moments_ray.moments.values import (
    ClipOptions,
    ClipsRequest,
    GeneratedMoments,
    GenerationOptions,
    MomentsRequest,
    SelectedMoments,
)
from moments_ray.states import RunStatus, SetStatus
from moments_ray.testing.media import make_video
from moments_ray.testing.numbered import read_numbers
from tests.ray.conftest import Engine
from tests.ray.talk import FPS, Talk

SPOKEN = ("completed",) * len(MOMENTS.stage_names)


class Submit:
    """Runs of files; asking again for what was completed returns that run, as `moments run` does."""

    def __init__(self, engine: Engine, *, library: str) -> None:
        self._engine = engine
        self._library = library  # the same file is another video in another library

    async def __call__(self, path: Path, captions: Path | None = None, **options: Any) -> Run:
        video, _ = await get_or_create_video(self._engine.environment.database.row, f"{self._library}:{path}")
        given = None
        if captions is not None:
            given = f"videos/{video.identifier}/captions-given.txt"
            await self._engine.environment.store.put_bytes(given, captions.read_bytes(), content_type="text/plain")
        request = MomentsRequest(
            source=Source(video=video.identifier, path=str(path)),
            speech=SpeechOptions(captions=given),
            generation=GenerationOptions(find=find_options(min_seconds=6, max_seconds=20, **options)),
        )
        run = await self._engine.submit(MOMENTS, request)
        ended = await self._engine.ended(run.identifier, timeout=120)
        await self._engine.left_nothing(ended)
        return ended


@pytest.fixture
async def submit(engine: Engine, worker: object) -> Submit:
    """Submits a file as a video, as every client does, and waits for the verdict."""
    return Submit(engine, library="pipeline")


async def rows(engine: Engine, query: str, **values: Any) -> list[Any]:
    async with engine.environment.database.read() as session:
        return list((await session.execute(text(query), values)).mappings())


async def objects(engine: Engine, run: Run) -> set[str]:
    return {one.name async for one in engine.environment.store.list(f"videos/{run.subject}/")}


async def pointed_at(engine: Engine, run: Run) -> set[str]:
    """The names of all objects of a run's video that some row speaks of."""
    found = await rows(
        engine,
        """
        SELECT cloud_url FROM videos WHERE id = :video
        UNION SELECT storyboard ->> 'uri' FROM videos WHERE id = :video AND storyboard IS NOT NULL
        UNION SELECT cloud_url FROM clips WHERE video_id = :video
        UNION SELECT cloud_url FROM thumbnails WHERE video_id = :video
        UNION SELECT t.cloud_url FROM thumbnails t JOIN clips c ON c.id = t.clip_id WHERE c.video_id = :video
        """,
        video=run.video_id,
    )
    names = {engine.environment.store.name_of(row["cloud_url"]) for row in found}
    outputs = await rows(
        engine,
        """
        SELECT config -> 'speech' ->> 'captions' AS name FROM runs WHERE subject = :subject
        UNION SELECT output ->> 'name' FROM run_stages s JOIN runs r ON r.id = s.run_id
              WHERE subject = :subject AND name = 'AUDIO_UPLOAD'
        UNION SELECT output ->> 'signals' FROM run_stages s JOIN runs r ON r.id = s.run_id WHERE subject = :subject
        """,
        subject=run.subject,
    )
    return names | {row["name"] for row in outputs if row["name"] is not None}


def inside(edge: float, sentences: Sequence[tuple[str, float, float]]) -> list[str]:
    """The sentences that an edge cuts."""
    return [said for said, start, end in sentences if start + 0.05 < edge < end - 0.05]


async def test_a_talk_becomes_moments_with_exact_clips(
    engine: Engine, submit: Submit, talk: Talk, tmp_path: Path
) -> None:
    run = await submit(talk.path, talk.captions, count=3)
    assert (run.status, run.error, run.progress, run.attempt) == (RunStatus.COMPLETED, None, 1.0, 1)
    stages = await engine.stages(run)
    assert tuple(stages) == MOMENTS.stage_names
    assert tuple(stage.status for stage in stages.values()) == SPOKEN
    assert [(one.stage, one.number) for one in await engine.tries(run)] == [(name, 1) for name in MOMENTS.stage_names]

    children = await rows(
        engine,
        "SELECT m.*, p.generation_config_id AS config, p.is_refined AS parent_refined FROM moments m"
        " JOIN moments p ON p.id = m.parent_id WHERE m.video_id = :video ORDER BY m.start_time",
        video=run.video_id,
    )
    assert len(children) >= 2
    for moment in children:
        assert (moment["is_refined"], moment["parent_refined"]) == (True, False)
        assert moment["generation_config_id"] == moment["config"] == run.generation_config_id
        assert moment["title"].strip()
        assert moment["provenance"]
        assert inside(moment["start_time"], talk.sentences) == []
        assert inside(moment["end_time"], talk.sentences) == []
    spans = [(one["start_time"], one["end_time"]) for one in children]
    assert all(one[1] <= other[0] for one, other in pairwise(spans)), spans

    clips = await rows(engine, "SELECT * FROM clips WHERE video_id = :video", video=run.video_id)
    assert len(clips) == 2 * len(children)  # what the refiner watched, and what the user plays
    for clip in clips:
        path = tmp_path / f"{clip['identifier']}.mp4"
        await engine.environment.store.get_file(engine.environment.store.name_of(clip["cloud_url"]), path)
        shown = [number for _, number in read_numbers(path)]
        assert shown == list(range(round(clip["start_time"] * FPS), round(clip["end_time"] * FPS)))
        assert (clip["status"], clip["bytes"]) == ("completed", path.stat().st_size)


async def test_rows_and_objects_of_a_run_are_complete_and_nothing_else_is_there(
    engine: Engine, submit: Submit, talk: Talk
) -> None:
    run = await submit(talk.path, talk.captions, count=3)
    (count,) = await rows(
        engine,
        """
        SELECT (SELECT count(*) FROM transcripts WHERE video_id = :video) AS transcripts,
               (SELECT count(*) FROM moments WHERE video_id = :video) AS moments,
               (SELECT count(*) FROM clips WHERE video_id = :video) AS clips,
               (SELECT count(*) FROM thumbnails WHERE video_id = :video) AS video_thumbnails,
               (SELECT count(*) FROM thumbnails t JOIN clips c ON c.id = t.clip_id WHERE c.video_id = :video)
                   AS clip_thumbnails,
               (SELECT count(*) FROM pipeline_history WHERE video_id = :video) AS history,
               (SELECT count(*) FROM runs WHERE video_id = :video) AS runs
        """,
        video=run.video_id,
    )
    assert count["transcripts"] == 1
    assert count["video_thumbnails"] == 1
    assert count["clips"] == count["clip_thumbnails"]
    assert count["history"] == count["runs"]
    (video,) = await rows(engine, "SELECT * FROM videos WHERE id = :video", video=run.video_id)
    assert (video["status"], video["width"], video["height"], video["fps"]) == ("ready", 320, 180, 25.0)
    assert video["duration"] == pytest.approx(talk.duration, abs=0.1)
    assert video["bytes"] == talk.path.stat().st_size
    assert await objects(engine, run) == await pointed_at(engine, run)
    events = await engine.events(run)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (events[0].type, events[-1].type) == ("run.queued", "run.completed")


async def test_another_run_of_the_video_makes_only_what_differs(engine: Engine, submit: Submit, talk: Talk) -> None:
    first = await submit(talk.path, talk.captions, count=3)
    before = await objects(engine, first)
    second = await submit(talk.path, talk.captions, count=1)
    assert second.status == RunStatus.COMPLETED
    reused = [event.data["stage"] for event in await engine.events(second) if event.data.get("reused")]
    assert reused == ["VIDEO_DOWNLOAD", "AUDIO_EXTRACTION", "AUDIO_UPLOAD", "TRANSCRIPTION"]
    made = await objects(engine, second) - before
    assert {name.split("/")[2] for name in made} == {"clips", "thumbnails"}
    assert await objects(engine, second) == await pointed_at(engine, second)


@pytest.mark.usefixtures("worker")
async def test_what_another_run_finds_is_shown_in_place_of_what_was_and_never_beside_it(
    engine: Engine, talk: Talk
) -> None:
    submit = Submit(engine, library="sets")
    first, second = [await submit(talk.path, talk.captions, count=count) for count in (2, 3)]
    assert first.video_id is not None
    async with engine.environment.database.read() as session:
        sets = {entry.run: SetStatus(entry.row.status) for entry in await MomentSets(session).of_video(first.video_id)}
        shown = await Moments(session).of_video(first.video_id)
        origins = await MomentSets(session).origins([moment.id for moment in shown])
    assert sets == {first.identifier: SetStatus.RETIRED, second.identifier: SetStatus.CURRENT}
    assert len(shown) >= 2
    assert {origin.run for origin in origins.values()} == {second.identifier}
    assert all(one.end_time <= other.start_time for one, other in pairwise(shown))  # not the same edges twice


async def test_moments_are_cut_again_for_a_phone_with_what_is_said_drawn_in(
    engine: Engine, submit: Submit, talk: Talk
) -> None:
    first = await submit(talk.path, talk.captions, count=3)
    generated = GeneratedMoments.model_validate((await engine.stages(first))["MOMENT_GENERATION"].output)
    request = ClipsRequest(
        source=Source(video=first.subject, path=str(talk.path)),
        selected=SelectedMoments(moments=generated.moments[:2]),
        clips=ClipOptions(preset="vertical", captions_by="captions"),
    )
    assert first.video_id is not None
    run = await engine.submit(CLIPS, request)
    ended = await engine.ended(run.identifier, timeout=120)
    await engine.left_nothing(ended)
    assert (ended.status, ended.error) == (RunStatus.COMPLETED, None)
    query = "SELECT cloud_url, method FROM clips WHERE video_id = :video AND preset = 'vertical'"
    clips = await rows(engine, query, video=first.video_id)
    assert [clip["method"] for clip in clips] == ["reencode"] * 2
    for clip in clips:
        async with engine.environment.cache.open(clip["cloud_url"]) as path:
            info = await probe(path, engine.environment.settings.media)
        assert (info.width, info.height) == (1080, 1920)


async def test_a_video_without_sound_ends_in_moments_of_its_pictures_or_none(
    engine: Engine, submit: Submit, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = make_video(tmp_path_factory.mktemp("mute") / "mute.mp4", seconds=30, audio=None, shots=[8, 15, 22])
    run = await submit(path)
    assert (run.status, run.error) == (RunStatus.COMPLETED, None)
    stages = await engine.stages(run)
    assert (stages["AUDIO_EXTRACTION"].status, stages["AUDIO_UPLOAD"].status) == ("skipped", "skipped")
    assert (stages["TRANSCRIPTION"].output or {})["words"] == 0
    assert await objects(engine, run) == await pointed_at(engine, run)


async def test_a_video_in_which_nobody_speaks_has_an_empty_transcript(
    engine: Engine, submit: Submit, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = make_video(tmp_path_factory.mktemp("tone") / "tone.mkv", seconds=12, audio="tone")
    run = await submit(path)
    assert (run.status, run.error) == (RunStatus.COMPLETED, None)
    assert ((await engine.stages(run))["TRANSCRIPTION"].output or {})["words"] == 0
    assert await objects(engine, run) == await pointed_at(engine, run)


async def test_captions_of_another_video_fail_the_run_with_a_clear_word(
    engine: Engine, submit: Submit, talk: Talk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = make_video(tmp_path_factory.mktemp("short") / "short.mp4", seconds=4)
    run = await submit(path, talk.captions)
    assert run.status == RunStatus.FAILED
    assert run.error is not None
    assert (run.error["code"], run.error_stage) == ("transcript.invalid", "TRANSCRIPTION")
    assert await objects(engine, run) == await pointed_at(engine, run)


async def test_no_other_status_is_ever_stored(engine: Engine) -> None:
    allowed = {
        "runs": {"queued", "processing", "completed", "completed_with_errors", "failed", "cancelled"},
        "run_stages": {"pending", "processing", "completed", "skipped", "failed", "cancelled"},
        "run_attempts": {"processing", "completed", "failed", "cancelled"},
        "videos": {"pending", "ready", "deleting"},
        "clips": {"pending", "completed", "failed"},
    }
    for table, statuses in allowed.items():
        stored = {row["status"] for row in await rows(engine, f"SELECT DISTINCT status FROM {table}")}
        assert stored <= statuses
