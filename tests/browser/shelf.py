"""Videos, moments and runs as a worker would have written them: the demo talk, and as many others as are wanted."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import func, text, update

from moments_ray.database.tables import Run, RunStage, Video
from moments_ray.demo.talk import Talk
from moments_ray.engine.queries.journal import Journal
from moments_ray.errors import MomentsError, error_of_code
from moments_ray.library.queries.videos import Videos
from moments_ray.media.probe import probe
from moments_ray.media.sheet import write_sheet
from moments_ray.media.subtitles import extract_subtitles
from moments_ray.media.thumbnails import thumbnail
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.speech.captions import read_captions
from moments_ray.speech.health import check
from moments_ray.states import RunStatus
from tests.library import Library


async def fail_stage(journal: Journal, stages: Sequence[str], stage: str, error: MomentsError) -> None:
    """Have a stage fail, and its run with it, as a worker writes both."""
    await journal.start(stage, stages.index(stage), node="node-1")
    await journal.fail(stage, error)
    said = {"code": error.code, "message": error.message, "retryable": error.retryable}
    values = {"status": RunStatus.FAILED, "completed_at": func.now(), "error": said, "error_stage": stage}
    await journal.event("run.failed", {}, **values)


class Shelf(Library):
    """A library whose videos look like something."""

    picture = None

    async def clear(self) -> None:
        """Leave nothing of what was there."""
        await self.container.redis.flushall()
        async with self.database.begin() as session:
            await session.execute(text("TRUNCATE videos, runs, prompts, api_keys, backfills CASCADE"))

    async def talk(self, talk: Talk) -> Video:
        """Put the demo's talk there with its transcript, moments, some of them refined, and clips."""
        media = self.container.environment.settings.media
        info = await probe(talk.path, settings=media)
        with tempfile.TemporaryDirectory() as scratch:
            poster = Path(scratch) / "poster.jpg"
            await thumbnail(talk.path, 70.0, poster, settings=media, width=640)
            tracks = await extract_subtitles(talk.path, info, Path(scratch), settings=media, timeout=60)
            transcript = check(read_captions(next(iter(tracks)).path.read_bytes()), talk.duration)
            picture = poster.read_bytes()
        video = await self.video(talk.title, talk.path.read_bytes(), picture, duration=talk.duration, info=info)
        await self.transcript(video, transcript)
        found = find_moments(transcript, None, talk.duration, FindOptions())
        for number, moment in enumerate(found.moments):
            shown = moment.model_dump(mode="json", include={"title", "score", "reason", "provenance"})
            edges = (moment.start_time, moment.end_time)
            if number % 2:
                row = await self.moment(video, *edges, **shown)
            else:
                parent = await self.moment(video, edges[0] + 2.4, edges[1] - 1.6, **shown)
                step = {
                    "step": "refine",
                    "start_time": moment.start_time,
                    "end_time": moment.end_time,
                    "reason": "starts 2.4 s earlier, on a sentence",
                }
                row = await self.moment(
                    video, *edges, parent=parent, **shown | {"provenance": [*shown["provenance"], step]}
                )
            await self.clip(video, row, method="smart", bytes=2_400_000)
        return video

    async def small_pictures(self, video: Video, talk: Talk) -> None:
        """The sheet of small pictures of the demo's talk."""
        media = self.container.environment.settings.media
        with tempfile.TemporaryDirectory() as scratch:
            sheet = Path(scratch) / "sheet.jpg"
            laid = await write_sheet(talk.path, await probe(talk.path, settings=media), sheet, settings=media)
            name = f"videos/{video.identifier}/storyboard-1.jpg"
            stored = await self.store.put_bytes(name, sheet.read_bytes(), content_type="image/jpeg")
        async with self.database.begin() as session:
            board = {"uri": stored.uri, **laid.model_dump()}
            await Videos(session).set_source(video.identifier, None, storyboard=board)

    async def other(self, title: str, number: int) -> Video:
        """A video with a drawn picture, as different from others as its number."""
        canvas = Image.new("RGB", (640, 360), f"hsl({(number * 67 + 200) % 360}, 38%, 34%)")
        draw = ImageDraw.Draw(canvas)
        for line in range(7):
            top = 60 + line * 38 + (number * 13) % 20
            draw.line(
                [(0, top), (640, top + 34 - number * 9)],
                fill=f"hsl({(number * 67 + 230) % 360}, 45%, {46 + line * 4}%)",
                width=14,
            )
        file = io.BytesIO()
        canvas.save(file, "JPEG", quality=88)
        return await self.video(title, b"0123456789" * 100, file.getvalue(), duration=340.0 + number * 511)

    async def work(self, run: Run, done: int, progress: float) -> None:
        """Bring a run to where ``done`` of its stages are completed and the next is at work."""
        claim = await self.claim(run)
        async with self.database.begin() as session:
            journal = Journal(session, claim)
            for ordinal, name in enumerate(MOMENTS.stage_names[: done + 1]):
                await journal.start(name, ordinal, node="node-1")
                if ordinal < done:
                    await journal.complete(name, {}, fingerprint=None, progress=progress)
            await session.execute(update(Run).where(Run.identifier == run.identifier).values(progress=progress))

    async def finish(self, run: Run, status: RunStatus = RunStatus.COMPLETED, **values: Any) -> None:
        """Bring a run to a verdict, its stages spread over half a minute."""
        stages = len(MOMENTS.stage_names)
        failed = values.get("error_stage")
        done = MOMENTS.stage_names.index(failed) if failed else stages
        begun = datetime.now(UTC) - timedelta(seconds=40)
        claim = await self.claim(run)
        async with self.database.begin() as session:
            journal = Journal(session, claim)
            for ordinal, name in enumerate(MOMENTS.stage_names[:done]):
                await journal.start(name, ordinal, node="node-1")
                await journal.complete(name, {}, fingerprint=None, progress=(ordinal + 1) / stages)
            if failed:
                await journal.start(failed, done, node="node-1")
                error = values["error"]
                await journal.fail(failed, error_of_code(error["code"], MomentsError)(error["message"]))
            await journal.event(f"run.{status}", {}, status=status, completed_at=func.now(), started_at=begun, **values)
            for ordinal, name in enumerate(MOMENTS.stage_names[:done]):
                start = begun + timedelta(seconds=ordinal * 4.5)
                took = {"started_at": start, "completed_at": start + timedelta(seconds=4.1), "seconds": 4.1}
                await session.execute(
                    update(RunStage).where(RunStage.run_id == run.id, RunStage.name == name).values(took)
                )

    async def finish_with_errors(self, run: Run, items: int, failed: int) -> None:
        """Have the last stage of a run end with some of its items failed, so that a retry goes on with these."""
        *before, name = MOMENTS.stage_names
        claim = await self.claim(run)
        error = {"code": "media.failed", "message": "The frame at 61.2 s cannot be decoded.", "retryable": True}
        async with self.database.begin() as session:
            journal = Journal(session, claim)
            for ordinal, each in enumerate(before):
                await journal.start(each, ordinal, node="node-1")
                await journal.complete(each, {}, fingerprint=None, progress=(ordinal + 1) / len(MOMENTS.stage_names))
            await journal.start(name, len(before), node="node-1")
            await journal.plan_items(name, [(f"moment-{number}", {}) for number in range(items)])
            for number in range(items):
                if number < failed:
                    await journal.fail_item(name, f"moment-{number}", error, of=items)
                else:
                    await journal.complete_item(name, f"moment-{number}", {}, of=items)
            await journal.complete(name, {}, fingerprint=None, progress=1.0)
            status = RunStatus.COMPLETED_WITH_ERRORS
            await journal.event(f"run.{status}", {}, status=status, completed_at=func.now(), errors=failed)
