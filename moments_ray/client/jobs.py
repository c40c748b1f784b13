"""What can be asked of video jobs, as a part of the client; a job is a run, which ``watch`` and ``wait`` follow."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from moments_ray.client.caller import ApiCaller, named
from moments_ray.client.download import download
from moments_ray.client.shapes import VideoStarted
from moments_ray.client.upload import nobody, upload
from moments_ray.errors import SourceNotFound
from moments_ray.http.schemas.options import checked, given, request_body
from moments_ray.ids import new_identifier
from moments_ray.video_jobs.api.schemas import Cleared, JobPageView, JobStatistics, JobView, QueueStatus
from moments_ray.video_jobs.options import CreateJob, JobStatus, JobType, NewJob

S = TypeVar("S", bound=BaseModel)

_PATH = "/api/v1/jobs"
_FORM_BYTES = 64 * 1024**2  # of a file that comes with the request


class JobMethods(ApiCaller):
    """One request for what can be had of a video: made, looked at, stopped, deleted."""

    async def create_job(
        self, source: str | Path, job: NewJob | None = None, *, key: str | None = None, **more: Any
    ) -> JobView:
        """Create a job on the video at a URL, or on a file; one over 64 MiB becomes a video of the library in parts.

        What is asked of it are the fields of ``NewJob``: as one, by name, or both, and then a name counts. The same
        idempotency ``key`` again gives the same job; with none given, each call is one job.

        Raises:
            SourceNotFound: the file cannot be read.
            InputError: source or options are no good.
        """
        headers = {"Idempotency-Key": key or new_identifier()}
        asked = {**given(job), **more}
        if isinstance(source, str) and "://" in source:
            body = request_body(checked(CreateJob, {**asked, "youtube_url": source}))
            answer = await self._connection.ask(
                "POST", f"{_PATH}/", lambda: nullcontext({"json": body}), headers=headers
            )
        elif (path := Path(source)).is_file() and path.stat().st_size > _FORM_BYTES:
            checked(NewJob, asked)
            file_key = f"{headers['Idempotency-Key']}/file"
            answer = await upload(self._connection, path, {"title": path.stem}, file_key, nobody)
            video = self._read(answer, VideoStarted).video.identifier
            body = request_body(checked(CreateJob, {**asked, "video_id": video}))
            answer = await self._connection.ask(
                "POST", f"{_PATH}/", lambda: nullcontext({"json": body}), headers=headers
            )
        else:
            text = checked(NewJob, asked).model_dump_json(exclude_unset=True, context={"secrets": "open"})
            content = await asyncio.to_thread(_read, path)

            form = {"files": {"file": (path.name, content)}, "data": {"job": text}}
            answer = await self._connection.ask("POST", f"{_PATH}/upload", lambda: nullcontext(form), headers=headers)
        return self._read(answer, JobView)

    async def job(self, job: str) -> JobView:
        """Return a job with its results."""
        return await self._ask_job("GET", f"/{named(job)}", JobView)

    async def jobs(
        self, *, status: JobStatus | None = None, job_type: JobType | None = None, limit: int = 50, cursor: str = ""
    ) -> JobPageView:
        """Return some jobs, the newest first; ``cursor`` is ``next_cursor`` of the page before."""
        query = {"status_filter": status, "job_type": job_type, "limit": limit, "cursor": cursor}
        return await self._ask_job("GET", "/", JobPageView, params={name: each for name, each in query.items() if each})

    async def cancel_job(self, job: str) -> JobView:
        """Cancel a job.

        Raises:
            Conflict: it is finished.
        """
        return await self._ask_job("POST", f"/{named(job)}/cancel", JobView)

    async def retry_job(self, job: str) -> JobView:
        """Go on with a job at what failed of it.

        Raises:
            Conflict: there is nothing to retry.
        """
        return await self._ask_job("POST", f"/{named(job)}/retry", JobView, repeatable=False)

    async def delete_job(self, job: str, *, with_video: bool = False) -> None:
        """Delete a finished job with its files, and the library's video where that is asked for.

        Raises:
            Conflict: it is active.
        """
        query = {"with_video": "true"} if with_video else {}
        path = f"{_PATH}/{named(job)}"
        await self._connection.ask("DELETE", path, params=query, repeatable=False)

    async def clear_jobs(self) -> int:
        """Cancel every job that waits, and return how many there were."""
        return (await self._ask_job("DELETE", "/queue/clear", Cleared)).cleared

    async def job_queue(self) -> QueueStatus:
        """Return how the queue stands."""
        return await self._ask_job("GET", "/queue/status", QueueStatus)

    async def job_statistics(self) -> JobStatistics:
        """Return figures of all jobs."""
        return await self._ask_job("GET", "/statistics", JobStatistics)

    async def download_job_audio(self, job: str, target: Path) -> None:
        """Bring a job's sound to a file; raises as ``download_clip``."""
        await download(self._connection, f"{_PATH}/{named(job)}/audio", target)

    async def download_job_clip(self, job: str, number: int, target: Path) -> None:
        """Bring a clip of a job to a file; raises as ``download_clip``."""
        await download(self._connection, f"{_PATH}/{named(job)}/clips/{number:d}", target)

    async def _ask_job(self, method: str, path: str, shape: type[S], **more: Any) -> S:
        answer = await self._connection.ask(method, f"{_PATH}{path}", **more)
        return self._read(answer, shape)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceNotFound(f"The file {path.name[:100]!r} cannot be read: {error.strerror}.") from error
