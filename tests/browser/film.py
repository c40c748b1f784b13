"""A project on the shelf: a video with a timeline of its own, as a template and a person would have made it."""

from __future__ import annotations

from typing import Any

from moments_ray.database.tables import Video
from moments_ray.editor.queries.projects import Projects
from moments_ray.editor.templates import VideoFeatures, build
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.transcripts import transcript_of
from tests.browser.shelf import Shelf

SEGMENTS: tuple[dict[str, Any], ...] = (
    {"name": "intro", "start": 2.0, "end": 6.5, "effects": ["zoom"], "sfx": {"name": "whoosh"}},
    {"name": "the question", "start": 61.0, "end": 66.0, "effects": [{"name": "punch_in", "amount": 0.6}]},
    {"name": "counted", "start": 10.3, "end": 12.7, "crop": {"x": 0.62}},
    {"name": "again, slowly", "start": 24.0, "end": 26.0, "effects": ["slowmo", "vignette"]},
    {"name": "outro", "start": 100.0, "end": 104.0, "effects": ["fade_out"]},
)


async def add_project(
    shelf: Shelf, video: Video, title: str = "Six small surprises, upright", segments: Any = SEGMENTS
) -> int:
    """Make a project of a video, and its timeline: what is said is captions; returns the project's number."""
    async with shelf.database.begin() as session:
        projects = Projects(session)
        asset = await projects.asset_of(
            video.id, ingest_name=f"{video.identifier}.mp4", thumbnail_name=f"thumb_{video.identifier}.jpg"
        )
        project = await projects.create(asset, title)
        number = project.id
        row = await Transcripts(session).get(video.id)
        words = () if row is None else transcript_of(row).words
        made = build("clean", 0, VideoFeatures(duration=video.duration or 0.0, words=words))
        if segments:
            timeline = {**made.model_dump(mode="json"), "segments": list(segments)}
            await projects.save(project, timeline, "template clean")
    return number
