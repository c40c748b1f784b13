"""Videos, moments and runs as a worker would have written them: the demo talk, and as many others as are wanted."""

from __future__ import annotations

import io
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import func, text, update

from moments_ray.database.tables import MomentRow, Run, RunStage, Video
from moments_ray.demo.talk import Talk
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.http.container import Container
from moments_ray.ids import new_identifier
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos
from moments_ray.library.values import Source
from moments_ray.media.probe import probe
from moments_ray.media.subtitles import extract_subtitles
from moments_ray.media.thumbnails import thumbnail
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.values import MomentsRequest
from moments_ray.speech.captions import read_captions
from moments_ray.speech.health import check
from moments_ray.speech.transcript import Transcript
from moments_ray.states import ClipStatus, RunStatus
from tests.runs import submit


class Shelf:
    """Writes into a container's database and store."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self._database = container.environment.database
        self._store = container.environment.store

    async def clear(self) -> None:
        """Leave nothing of what was there."""
        await self.container.redis.flushall()
        async with self._database.begin() as session:
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
        video = await self.video(talk.title, talk.path.read_bytes(), picture, duration=talk.duration)
        await self.transcript(video, transcript)
        found = find_moments(transcript, None, talk.duration, FindOptions())
        for number, moment in enumerate(found.moments):
            shown = moment.model_dump(
                mode="json", include={"title", "start_time", "end_time", "score", "reason", "provenance"}
            )
            if number % 2:
                row = await self.moment(video, **shown)
            else:
                first = {**shown, "start_time": moment.start_time + 2.4, "end_time": moment.end_time - 1.6}
                parent = await self.moment(video, **first)
                step = {
                    "step": "refine",
                    "start_time": moment.start_time,
                    "end_time": moment.end_time,
                    "reason": "starts 2.4 s earlier, on a sentence",
                }
                row = await self.moment(video, parent=parent, **shown | {"provenance": [*shown["provenance"], step]})
            await self.clip(video, row)
        return video

    async def video(
        self, title: str, content: bytes | None, picture: bytes | None = None, *, duration: float = 120.0
    ) -> Video:
        """A video whose bytes are in the store, or one that has none yet."""
        async with self._database.begin() as session:
            source = f"https://example.org/{new_identifier()}.mp4"
            video, _ = await Videos(session).get_or_create(source, source_url=source, title=title)
        if content is None:
            return video
        name = f"videos/{video.identifier}"
        stored = await self._store.put_bytes(f"{name}/source-1.mp4", content, content_type="video/mp4")
        async with self._database.begin() as session:
            videos = Videos(session)
            figures = {"duration": duration, "width": 1280, "height": 720, "fps": 25.0, "codec": "h264"}
            await videos.set_source(
                video.identifier,
                title,
                cloud_url=stored.uri,
                resolution="1280x720",
                bytes=stored.bytes,
                checksum=stored.checksum,
                **figures,
            )
            if picture is not None:
                shot = await self._store.put_bytes(f"{name}/thumbnails/video-1.jpg", picture, content_type="image/jpeg")
                await videos.set_thumbnail(video.identifier, shot.uri)
            return await videos.get(video.identifier)

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

    async def transcript(self, video: Video, transcript: Transcript) -> None:
        """What is said in a video."""
        async with self._database.begin() as session:
            await Transcripts(session).put(
                video.id,
                transcript.engine,
                full_text=transcript.text,
                word_timestamps=[
                    {"word": word.text, "start": word.start, "end": word.end} for word in transcript.words
                ],
                segment_timestamps=[segment.model_dump() for segment in transcript.segments],
                language=transcript.language,
                health={},
            )

    async def moment(self, video: Video, *, parent: MomentRow | None = None, **fields: Any) -> MomentRow:
        """A moment, refined where it has a parent."""
        identifier = new_identifier()
        row = {
            "identifier": identifier,
            "video_id": video.id,
            "is_refined": parent is not None,
            "parent_id": parent.id if parent else None,
            "score": 60.0,
            "reason": "it stands out",
            "provenance": [
                {
                    "step": "propose",
                    "start_time": fields["start_time"],
                    "end_time": fields["end_time"],
                    "reason": "by the finder",
                }
            ],
        } | fields
        async with self._database.begin() as session:
            await Moments(session).put([row])
            return await Moments(session).get(identifier)

    async def clip(self, video: Video, moment: MomentRow, preset: str = "source", **values: Any) -> None:
        """A moment's clip."""
        identifier = new_identifier()
        name = f"videos/{video.identifier}/clips/{identifier}-1.mp4"
        stored = await self._store.put_bytes(name, b"clip" * 1000, content_type="video/mp4")
        fields = {
            "identifier": identifier,
            "video_id": video.id,
            "cloud_url": stored.uri,
            "start_time": moment.start_time,
            "end_time": moment.end_time,
            "status": ClipStatus.COMPLETED,
            "method": "smart",
            "bytes": 2_400_000,
        } | values
        async with self._database.begin() as session:
            await Moments(session).put_clip(moment.identifier, preset, **fields)

    async def run(self, video: Video, **order: Any) -> Run:
        """A run that waits."""
        request = MomentsRequest(source=Source(video=video.identifier, url=video.source_url))
        return await submit(self.container.run_service, MOMENTS, request, force=True, **order)

    async def work(self, run: Run, done: int, progress: float) -> None:
        """Bring a run to where ``done`` of its stages are completed and the next is at work."""
        async with self._database.begin() as session:
            claimed = await Claims(session).claim(run.identifier, "worker-1", 600.0)
            assert claimed is not None
            journal = Journal(session, claim_of(claimed))
            for ordinal, name in enumerate(MOMENTS.stage_names[: done + 1]):
                await journal.start(name, ordinal, node="node-1")
                if ordinal < done:
                    await journal.complete(name, {}, fingerprint=None, progress=progress)
            await session.execute(update(Run).where(Run.identifier == run.identifier).values(progress=progress))

    async def finish(self, run: Run, status: RunStatus = RunStatus.COMPLETED, **values: Any) -> None:
        """Bring a run to a verdict, its stages spread over half a minute."""
        stages = len(MOMENTS.stage_names)
        done = stages if status is RunStatus.COMPLETED else 3
        begun = datetime.now(UTC) - timedelta(seconds=40)
        async with self._database.begin() as session:
            claimed = await Claims(session).claim(run.identifier, "worker-1", 600.0)
            assert claimed is not None
            journal = Journal(session, claim_of(claimed))
            for ordinal, name in enumerate(MOMENTS.stage_names[:done]):
                await journal.start(name, ordinal, node="node-1")
                await journal.complete(name, {}, fingerprint=None, progress=(ordinal + 1) / stages)
            await journal.event(f"run.{status}", {}, status=status, completed_at=func.now(), started_at=begun, **values)
            for ordinal, name in enumerate(MOMENTS.stage_names[:done]):
                start = begun + timedelta(seconds=ordinal * 4.5)
                took = {"started_at": start, "completed_at": start + timedelta(seconds=4.1), "seconds": 4.1}
                await session.execute(
                    update(RunStage).where(RunStage.run_id == claimed.id, RunStage.name == name).values(took)
                )
