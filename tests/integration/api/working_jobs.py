"""Video jobs that are created and brought on by hand, stage by stage."""

from __future__ import annotations

import httpx
from sqlalchemy import func

from moments_ray.engine.queries.claims import Claim
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.runs import Runs
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library

STAGES = ("VIDEO_DOWNLOAD", "AUDIO_EXTRACTION", "AUDIO_UPLOAD", "TRANSCRIPTION")


async def job(api: httpx.AsyncClient, job_type: str = "transcription") -> str:
    body = {"youtube_url": "http://127.0.0.1/talk.mp4", "job_type": job_type}
    answer = await api.post("/api/v1/jobs/", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def claimed(library: Library, identifier: str) -> Claim:
    async with library.database.read() as session:
        return await library.claim(await Runs(session).get(identifier))


async def done(library: Library, claim: Claim, stage: str) -> None:
    """Have a stage done, as a worker does it."""
    async with library.database.begin() as session:
        journal = Journal(session, claim)
        await journal.start(stage, STAGES.index(stage), node="here")
        await journal.complete(stage, {}, fingerprint=None, progress=0.1)


async def end(library: Library, claim: Claim, status: RunStatus = RunStatus.COMPLETED) -> None:
    async with library.database.begin() as session:
        await Journal(session, claim).event(f"run.{status}", {}, status=status, completed_at=func.now())
