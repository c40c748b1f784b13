"""A typed, asynchronous client of the REST API: its options and answers are the server's own models, and light.

    async with MomentsClient("https://moments.example.org", api_key=SecretStr("...")) as client:
        started = await client.submit("https://example.org/talk.mp4", count=5)
        run = await client.wait(started.run.identifier)
        for moment in await client.moments(started.video.identifier):
            await client.download_clip(moment.identifier, Path(f"{moment.identifier}.mp4"))

Errors are those of ``moments_ray.errors``, as the server raised them.
"""

from moments_ray.ads.options import AdOptions
from moments_ray.client.client import MomentsClient
from moments_ray.client.shapes import (
    AdDetail,
    AdView,
    Backfill,
    BackfillDetail,
    BackfillItem,
    Clip,
    DiffPage,
    Estimate,
    Event,
    Hit,
    Job,
    JobEntry,
    Moment,
    Run,
    RunDetail,
    RunStarted,
    SetsChanged,
    Stage,
    Started,
    Transcript,
    Video,
)
from moments_ray.corpus.options import BackfillOrder
from moments_ray.http.schemas.runs import StartOptions
from moments_ray.library.options import TranscriptFormat
from moments_ray.moments.options import ExportFormat, RunOptions
from moments_ray.video_jobs.options import JobType, NewJob

__all__ = [
    "AdDetail",
    "AdOptions",
    "AdView",
    "Backfill",
    "BackfillDetail",
    "BackfillItem",
    "BackfillOrder",
    "Clip",
    "DiffPage",
    "Estimate",
    "Event",
    "ExportFormat",
    "Hit",
    "Job",
    "JobEntry",
    "JobType",
    "Moment",
    "MomentsClient",
    "NewJob",
    "Run",
    "RunDetail",
    "RunOptions",
    "RunStarted",
    "SetsChanged",
    "Stage",
    "StartOptions",
    "Started",
    "Transcript",
    "TranscriptFormat",
    "Video",
]
