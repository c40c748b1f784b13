"""Renders whose video is deleted while they are at work: how each stood is kept for a day, for who follows it."""

from __future__ import annotations

from moments_ray.database.session import WriteSession
from moments_ray.editor.queries.renders import Renders
from moments_ray.editor.stages.render import PIECES_STAGE
from moments_ray.editor.status import render_progress
from moments_ray.states import RunStatus, StageStatus


async def keep_lost_renders(session: WriteSession, video: str) -> None:
    """Write down the renders of a video that is about to be deleted: their rows go with it, and clients still ask."""
    renders = Renders(session)
    await renders.forget_lost()
    for render, run, project in await renders.active_of_video(video):
        stages = await renders.stages(run)
        begun = [name for name, stage in stages.items() if stage.status != StageStatus.PENDING.value]
        done, total = await renders.pieces(run, PIECES_STAGE)
        names = [str(segment["name"]) for segment in (project.timeline or {}).get("segments", [])]
        await renders.lose(
            run.identifier,
            timeline_version=render.timeline_version,
            progress=render_progress(RunStatus(run.status), begun, (len(done), total)),
            segment=await renders.unfinished(run, PIECES_STAGE) or next(iter(names), ""),
        )
