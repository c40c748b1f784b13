"""What moments of a video are placed by beside its sound and picture: what its site told, and its frames."""

from __future__ import annotations

from moments_ray.engine import Context
from moments_ray.library.queries.videos import Videos
from moments_ray.library.values import SourceVideo
from moments_ray.media.downloaded import SiteSignals
from moments_ray.media.probe import MediaInfo
from moments_ray.moments.finding.frames import FrameGrid


async def site_signals(ctx: Context, video: SourceVideo) -> SiteSignals:
    """Return what the video's site said about it when it was fetched."""
    async with ctx.read() as session:
        return SiteSignals.model_validate((await Videos(session).get(video.video)).site_signals)


def frame_grid(info: MediaInfo) -> FrameGrid | None:
    """Return where edges can lie; None where the distances between frames vary, and the cut decides."""
    return None if info.vfr else FrameGrid(fps=info.fps, first=info.first_picture)
