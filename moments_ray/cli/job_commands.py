"""``moments jobs``: video jobs on a server."""

from __future__ import annotations

from typing import Annotated

import typer

from moments_ray.cli.calling import Json, console, finish, perform, settings
from moments_ray.cli.client_commands import Server, Watch
from moments_ray.cli.options import takes
from moments_ray.video_jobs.options import JobArguments, JobStatus, JobType

commands = typer.Typer()
jobs = typer.Typer(no_args_is_help=True, help="Video jobs: one request for a video's sound, words, analysis and clips.")
commands.add_typer(jobs, name="jobs")

Job = Annotated[str, typer.Argument(help="Identifier of a job.")]


@jobs.command()
@takes(JobArguments)
def create(
    source: Annotated[str, typer.Argument(help="A URL, or a file, which is uploaded.")],
    options: JobArguments,
    job_type: Annotated[JobType, typer.Option("--type", help="What it shall give.")] = JobType.FULL_PROCESSING,
    watch: Watch = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Create a job."""
    from moments_ray.cli import client, jobs

    connection = client.connect(server, settings())
    job = options.job(job_type)
    finish(perform(jobs.create(connection, source, job, console, watching=watch, as_json=as_json)), as_json=as_json)


@jobs.command(name="list")
def show_list(
    status: Annotated[JobStatus | None, typer.Option("--status", help="Those that stand so.")] = None,
    job_type: Annotated[JobType | None, typer.Option("--type", help="Those of this type.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many at most.")] = 20,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first."""
    from moments_ray.cli import client, jobs

    connection = client.connect(server, settings())
    finish(perform(jobs.list_jobs(connection, status, job_type, limit, as_json=as_json)), as_json=as_json)


@jobs.command()
def show(job: Job, server: Server = None, as_json: Json = False) -> None:
    """Show a job with its results; the exit status is 1 where it failed or was cancelled."""
    from moments_ray.cli import client, jobs

    finish(perform(jobs.show(client.connect(server, settings()), job, as_json=as_json)), as_json=as_json)


@jobs.command()
def watch(job: Job, server: Server = None, as_json: Json = False) -> None:
    """Follow a job to its end."""
    from moments_ray.cli import client, jobs

    finish(perform(jobs.watch(client.connect(server, settings()), job, console, as_json=as_json)), as_json=as_json)


@jobs.command()
def cancel(job: Job, server: Server = None, as_json: Json = False) -> None:
    """Cancel a job."""
    from moments_ray.cli import client, jobs

    finish(perform(jobs.cancel(client.connect(server, settings()), job, as_json=as_json)), as_json=as_json)


@jobs.command()
def retry(job: Job, server: Server = None, as_json: Json = False) -> None:
    """Go on with a job at what failed of it."""
    from moments_ray.cli import client, jobs

    finish(perform(jobs.retry(client.connect(server, settings()), job, as_json=as_json)), as_json=as_json)


@jobs.command()
def delete(
    job: Job,
    with_video: Annotated[bool, typer.Option("--with-video", help="The library's video too.")] = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Delete a finished job with its files."""
    from moments_ray.cli import client, jobs

    work = jobs.delete(client.connect(server, settings()), job, with_video=with_video, as_json=as_json)
    finish(perform(work), as_json=as_json)


@jobs.command()
def stats(server: Server = None, as_json: Json = False) -> None:
    """Show figures of all jobs, and how the queue stands."""
    from moments_ray.cli import client, jobs

    finish(perform(jobs.statistics(client.connect(server, settings()), as_json=as_json)), as_json=as_json)
