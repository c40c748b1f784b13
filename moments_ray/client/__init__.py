"""A typed, asynchronous client of the REST API; it knows the API's words and nothing of Ray or of the server's code.

    async with MomentsClient("https://moments.example.org", api_key=SecretStr("...")) as client:
        started = await client.submit("https://example.org/talk.mp4", count=5)
        run = await client.wait(started.run.identifier)
        for moment in await client.moments(started.video.identifier):
            await client.download_clip(moment.identifier, Path(f"{moment.identifier}.mp4"))

Errors are those of ``moments_ray.errors``, as the server raised them.
"""

from moments_ray.client.client import MomentsClient
from moments_ray.client.options import ExportFormat, RunOptions, TranscriptFormat
from moments_ray.client.shapes import Clip, Event, Hit, Moment, Run, Stage, Started, Transcript, Video

__all__ = [
    "Clip",
    "Event",
    "ExportFormat",
    "Hit",
    "Moment",
    "MomentsClient",
    "Run",
    "RunOptions",
    "Stage",
    "Started",
    "Transcript",
    "TranscriptFormat",
    "Video",
]
