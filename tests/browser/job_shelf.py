"""Jobs as a worker would have written them: at work, failed, and with all that one gives."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel
from sqlalchemy import func

from moments_ray.database.tables import Video
from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.runs import Runs
from moments_ray.errors import DownloadPrivate
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.transcripts import transcript_of
from moments_ray.library.values import TranscriptRef
from moments_ray.media.thumbnails import thumbnail
from moments_ray.states import RunStatus
from moments_ray.video_jobs.pipelines import EVERYTHING
from moments_ray.video_jobs.stages.analysis import analysis_of
from moments_ray.video_jobs.values import AnalysisOptions, EncodedAudio, JobClip, JobClips, JobResult
from tests.browser.shelf import Shelf, fail_stage

_EDGES = ((12.0, 31.5, "Swifts that sleep in the air"), (61.0, 84.0, "A clock of flowers"))


class JobShelf:
    """Asks for jobs by the API, and brings them on."""

    def __init__(self, shelf: Shelf, url: str) -> None:
        self._shelf = shelf
        self._url = url

    def ask(self, **job: Any) -> str:
        """Ask for a job, and return its identifier; its run waits."""
        answer = httpx.post(f"{self._url}/api/v1/jobs/", json=job).raise_for_status()
        return str(answer.json()["id"])

    async def work(self, job: str, done: int) -> None:
        """Bring a job for everything to where so many of its stages are completed and the next is at work."""
        claim = await self._claim(job)
        names = EVERYTHING.stage_names
        async with self._shelf.database.begin() as session:
            journal = Journal(session, claim)
            for ordinal, name in enumerate(names[: done + 1]):
                await journal.start(name, ordinal, node="node-1")
                if ordinal < done:
                    await journal.complete(name, {}, fingerprint=None, progress=(ordinal + 1) / len(names))

    async def fail(self, job: str) -> None:
        """Have its first stage fail: its video does not come."""
        claim = await self._claim(job)
        async with self._shelf.database.begin() as session:
            journal = Journal(session, claim)
            await fail_stage(
                journal, EVERYTHING.stage_names, "VIDEO_DOWNLOAD", DownloadPrivate("The video is private.")
            )

    async def finish(self, job: str, video: Video) -> None:
        """Have it give sound, words, an analysis and two clips of a video that has words."""
        async with self._shelf.database.read() as session:
            row = await Transcripts(session).get(video.id)
            assert row is not None
            transcript = transcript_of(row)
        heard = TranscriptRef(engine=row.engine, why="the video's own", language="en", words=len(transcript.words))
        source = await self._shelf.store.in_place(f"videos/{video.identifier}/source-1.mp4")
        assert source is not None
        made = [await self._clip(job, number, *each) for number, each in enumerate(_EDGES, 1)]
        for clip in made:
            await self._put_picture(source, clip)
        clips = JobClips(items=tuple(made))
        sound = await self._shelf.store.put_bytes(f"jobs/{job}/audio-1.wav", b"RIFF", content_type="audio/wav")
        audio = EncodedAudio(
            name=sound.name, audio_format="wav", duration=300.0, bytes=9_600_044, sample_rate=16_000, channels=1
        )
        analysis = analysis_of(transcript, AnalysisOptions(min_confidence=0.0))
        outputs = {
            "TRANSCRIPTION": heard,
            "AUDIO_ENCODING": audio,
            "ANALYSIS": analysis,
            "JOB_CLIP_EXTRACTION": clips,
        }
        result = JobResult(video=video.identifier, transcript=heard, audio=audio, analysis=analysis, clips=clips.items)
        await self._end(job, outputs, result=result.model_dump(mode="json"), progress=1.0)

    async def _claim(self, job: str) -> Claim:
        async with self._shelf.database.read() as session:
            run = await Runs(session).get(job)
        return await self._shelf.claim(run)

    async def _clip(self, job: str, number: int, start: float, end: float, title: str) -> JobClip:
        name = f"jobs/{job}/clip-{number}"
        await self._shelf.store.put_bytes(f"{name}.mp4", b"0123456789", content_type="video/mp4")
        return JobClip(
            number=number, name=f"{name}.mp4", thumbnail=f"{name}.jpg", start=start, end=end, title=title,
            score=1.0 / number, reason="a question and its answer", bytes=2_400_000, clip_format="mp4",
            width=1280, height=720,
        )  # fmt: skip

    async def _put_picture(self, source: Path, clip: JobClip) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            picture = Path(scratch) / "picture.jpg"
            await thumbnail(source, clip.start, picture, settings=self._shelf.container.environment.settings.media)
            await self._shelf.store.put_file(clip.thumbnail, picture, content_type="image/jpeg")

    async def _end(self, job: str, outputs: Mapping[str, BaseModel], **values: Any) -> None:
        claim = await self._claim(job)
        async with self._shelf.database.begin() as session:
            journal = Journal(session, claim)
            for name, output in outputs.items():
                await journal.start(name, EVERYTHING.stage_names.index(name), node="node-1")
                await journal.complete(name, output.model_dump(mode="json"), fingerprint=None, progress=1.0)
            await journal.event("run.completed", {}, status=RunStatus.COMPLETED, completed_at=func.now(), **values)
