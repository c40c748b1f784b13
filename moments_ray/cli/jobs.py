"""What the commands of video jobs do: asked of a server, and shown."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from moments_ray.cli.client import followed_stages
from moments_ray.cli.listing import results
from moments_ray.client import Job, JobEntry, MomentsClient
from moments_ray.video_jobs.options import JobStatus, JobType, NewJob

Document = dict[str, Any]

_FAILED = {JobStatus.FAILED, JobStatus.CANCELLED}
_SHOWN_CHARACTERS = 300  # of a transcript: all of it is in --json


async def create(
    client: MomentsClient, source: str, job: NewJob, console: Console, *, watching: bool, as_json: bool
) -> tuple[Document, int]:
    """Create a job, and watch it if asked to; return the document and the exit status.

    Raises:
        MomentsError: the server does not take it.
    """
    async with client:
        created = await client.create_job(source, job)
        if watching:
            return await _followed(client, created.id, console, as_json=as_json)
    if not as_json:
        results().print(f"job {created.id}")
        console.print(f"`moments jobs watch {created.id}` follows it", markup=False)
    return created.model_dump(mode="json"), 0


async def list_jobs(
    client: MomentsClient, status: JobStatus | None, job_type: JobType | None, limit: int, *, as_json: bool
) -> tuple[Document, int]:
    """List jobs, the newest first."""
    async with client:
        page = await client.jobs(status=status, job_type=job_type, limit=limit)
    if not as_json:
        table = Table("job", "type", "status", "done", "priority", "title", box=None)
        for job in page.items:
            title = job.video_title or job.youtube_url or ""
            table.add_row(job.id, job.job_type, job.status, f"{int(job.progress)}%", str(job.priority), title)
        results().print(table)
    return page.model_dump(mode="json"), 0


async def show(client: MomentsClient, identifier: str, *, as_json: bool) -> tuple[Document, int]:
    """Show a job with its results.

    Raises:
        NotFound: there is no such job.
    """
    async with client:
        return _shown(await client.job(identifier), as_json=as_json)


async def watch(client: MomentsClient, identifier: str, console: Console, *, as_json: bool) -> tuple[Document, int]:
    """Follow a job to its end; raises as ``show``."""
    async with client:
        await client.job(identifier)  # a run of another kind is no job
        return await _followed(client, identifier, console, as_json=as_json)


async def cancel(client: MomentsClient, identifier: str, *, as_json: bool) -> tuple[Document, int]:
    """Cancel a job.

    Raises:
        Conflict: it is finished.
    """
    async with client:
        job = await client.cancel_job(identifier)
    if not as_json:
        stopped = job.status is JobStatus.CANCELLED
        results().print(f"job {job.id} {'is cancelled' if stopped else 'stops as soon as it can'}")
    return job.model_dump(mode="json"), 0


async def retry(client: MomentsClient, identifier: str, *, as_json: bool) -> tuple[Document, int]:
    """Go on with a job at what failed of it.

    Raises:
        Conflict: there is nothing to retry.
    """
    async with client:
        job = await client.retry_job(identifier)
    if not as_json:
        results().print(f"job {job.id} is {job.status}")
    return job.model_dump(mode="json"), 0


async def delete(client: MomentsClient, identifier: str, *, with_video: bool, as_json: bool) -> tuple[Document, int]:
    """Delete a finished job, and say which.

    Raises:
        Conflict: it is active.
    """
    async with client:
        await client.delete_job(identifier, with_video=with_video)
    if not as_json:
        results().print(f"job {identifier} is deleted")
    return {"deleted": identifier}, 0


async def statistics(client: MomentsClient, *, as_json: bool) -> tuple[Document, int]:
    """Show figures of all jobs, and how the queue stands."""
    async with client:
        figures, queue = await client.job_statistics(), await client.job_queue()
    document = {"statistics": figures.model_dump(mode="json"), "queue": queue.model_dump(mode="json")}
    if not as_json:
        table = Table("figure", "value", box=None)
        for name, value in {**document["statistics"], **document["queue"]}.items():
            table.add_row(name.replace("_", " "), _cell(value))
        results().print(table)
    return document, 0


def _cell(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{key}: {each}" for key, each in value.items() if each)
        case list():
            return str(len(value))
        case float():
            return f"{value:.2f}"
        case _:
            return "" if value is None else str(value)


async def _followed(client: MomentsClient, identifier: str, console: Console, *, as_json: bool) -> tuple[Document, int]:
    await followed_stages(client, identifier, console)
    return _shown(await client.job(identifier), as_json=as_json)


def _shown(job: Job, *, as_json: bool) -> tuple[Document, int]:
    if not as_json:
        _print(job)
    return job.model_dump(mode="json"), 1 if job.status in _FAILED else 3 if job.errors else 0


def _print(job: Job) -> None:
    out = results()
    out.print(_line(job), soft_wrap=True)
    if job.transcript is not None:
        text = job.transcript[:_SHOWN_CHARACTERS]
        out.print(f"transcript: {text}{'…' if len(text) < len(job.transcript) else ''}", soft_wrap=True)
    for name, value in (job.analysis_results or {}).items():
        if isinstance(value, str | int | float) or name == "topics":
            out.print(f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
    if job.audio is not None:
        out.print(f"audio: {job.audio.format}, {job.audio.duration:.1f} s, {job.audio.bytes:,} bytes")
    if job.generated_clips:
        table = Table("start", "end", "score", "resolution", "title", box=None)
        for clip in job.generated_clips:
            score = "" if clip.score is None else f"{clip.score:.2f}"
            table.add_row(f"{clip.start:.1f}", f"{clip.end:.1f}", score, clip.resolution, clip.title)
        out.print(table)
    for warning in job.warnings:
        out.print(f"warning: {warning}", soft_wrap=True)
    if job.error is not None:
        out.print(f"error: {job.error.message} [{job.error.code}]", soft_wrap=True)


def _line(job: JobEntry) -> str:
    return f"job {job.id} ({job.job_type}): {job.status}, {int(job.progress)}%"
