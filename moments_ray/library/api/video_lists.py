"""What a list of videos can be asked for, and what it shows with each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import Video
from moments_ray.http.container import Container
from moments_ray.http.redirects import signed_link
from moments_ray.http.schemas.options import storable
from moments_ray.library.api.schemas import SameVideo, VideoCounts, VideoRun, VideoView
from moments_ray.library.queries.video_lists import Counts, ShownStatus, VideoFilter, VideoLists
from moments_ray.library.queries.videos import Videos
from moments_ray.states import RunStatus

Words = Annotated[str | None, Query(min_length=1, max_length=500), AfterValidator(storable)]
Included = Literal["run", "counts", "thumbnail", "same"]
Include = Annotated[list[Included], Query(max_length=4, description="what to show of each video beside itself")]
Seconds = Annotated[float | None, Query(ge=0, le=1e9, description="seconds")]


async def _wanted(
    *,
    q: Annotated[Words, Query(description="in the title, in any case")] = None,
    status: Annotated[list[ShownStatus], Query(max_length=3, description="any of these")] = [],  # noqa: B006 - FastAPI copies it
    run_status: Annotated[list[RunStatus], Query(max_length=6, description="of the newest run, any of these")] = [],  # noqa: B006
    has_moments: bool | None = None,
    source: Annotated[Words, Query(description="a host, or `upload`", examples=["youtube.com"])] = None,
    created_after: AwareDatetime | None = None,
    created_before: AwareDatetime | None = None,
    min_duration: Seconds = None,
    max_duration: Seconds = None,
) -> VideoFilter:
    return VideoFilter(
        q=q,
        source=source,
        statuses=tuple(status),
        run_statuses=tuple(run_status),
        has_moments=has_moments,
        created_after=created_after,
        created_before=created_before,
        min_duration=min_duration,
        max_duration=max_duration,
    )


Wanted = Annotated[VideoFilter, Depends(_wanted)]


async def video_views(
    container: Container, session: ReadSession, videos: Sequence[Video], include: Sequence[Included]
) -> list[VideoView]:
    """Show videos, each with what is asked for beside it."""
    keys, lists = [video.id for video in videos], VideoLists(session)
    failures = await Videos(session).failures(videos)
    runs = await lists.newest_runs(keys) if "run" in include else {}
    counts = await lists.counts(keys) if "counts" in include else {}
    pictures = await lists.thumbnails(keys) if "thumbnail" in include else {}
    same = await lists.of_same_content(keys) if "same" in include else {}
    links = {key: await signed_link(container, uri) for key, uri in pictures.items()}
    return [
        VideoView.of(
            video,
            failures.get(video.id),
            run=VideoRun.of(runs[video.id]) if video.id in runs else None,
            counts=VideoCounts(**counts.get(video.id, Counts())._asdict()) if "counts" in include else None,
            thumbnail=links.get(video.id),
            same=[SameVideo.of(other) for other in same.get(video.id, ())] if "same" in include else None,
        )
        for video in videos
    ]
