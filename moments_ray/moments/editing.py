"""Moments as people change them: every change is kept in the moment's trail, and can be taken back."""

from __future__ import annotations

from typing import Any

from moments_ray.database.session import WriteSession
from moments_ray.database.tables import MomentRow, Video
from moments_ray.errors import InvalidRequest
from moments_ray.ids import new_identifier
from moments_ray.library.queries.videos import Videos
from moments_ray.media.downloaded import clean_title
from moments_ray.moments.queries.moments import Moments

_EDIT = "edit"


async def add_moment(
    session: WriteSession, video_id: str, *, title: str, start: float, end: float, reason: str | None
) -> MomentRow:
    """Add a moment that a person found; times in seconds.

    Raises:
        NotFound: there is no such video.
        InvalidRequest: it does not lie in the video, or has no title.
    """
    video = await Videos(session).get(video_id)
    _check(video, start, end)
    identifier = new_identifier()
    row = {
        "identifier": identifier,
        "video_id": video.id,
        "title": _title(title),
        "start_time": start,
        "end_time": end,
        "reason": reason,
        "provenance": [_step("propose", start, end, "added by hand")],
    }
    await Moments(session).put([row])
    return await Moments(session).get(identifier)


async def edit_moment(
    session: WriteSession,
    video_id: str,
    moment_id: str,
    *,
    title: str | None = None,
    start: float | None = None,
    end: float | None = None,
) -> MomentRow:
    """Change a moment's title or edges, in seconds; what is None stays.

    Raises:
        NotFound: there is no such moment of this video.
        InvalidRequest: it would not lie in the video, or have no title.
    """
    video = await Videos(session).get(video_id)
    moment = await Moments(session).get(moment_id, video.id)
    before = moment.title
    moment.title = moment.title if title is None else _title(title)
    moment.start_time = moment.start_time if start is None else start
    moment.end_time = moment.end_time if end is None else end
    _check(video, moment.start_time, moment.end_time)
    step = _step(_EDIT, moment.start_time, moment.end_time, "edited by hand") | {"title": before}
    moment.provenance = [*moment.provenance, step]
    await session.flush()
    return moment


async def revert_moment(session: WriteSession, video_id: str, moment_id: str) -> MomentRow:
    """Bring a moment back to what it was before anybody edited it; one that nobody edited stays.

    Raises:
        NotFound: there is no such moment of this video.
    """
    video = await Videos(session).get(video_id)
    moment = await Moments(session).get(moment_id, video.id)
    edits = [step for step in moment.provenance if step["step"] == _EDIT]
    kept = [step for step in moment.provenance if step["step"] != _EDIT]
    if edits and kept:
        moment.title = edits[0]["title"]
        moment.start_time, moment.end_time = kept[-1]["start_time"], kept[-1]["end_time"]
        moment.provenance = kept
        await session.flush()
    return moment


def _check(video: Video, start: float, end: float) -> None:
    if not 0 <= start < end:
        raise InvalidRequest(f"A moment starts at 0 or later and ends after it starts, not {start:g} to {end:g}.")
    if video.duration is not None and end > video.duration:
        raise InvalidRequest(f"The moment would end at {end:g} s, after the video does ({video.duration:g} s).")


def _title(text: str) -> str:
    title = clean_title(text)
    if title is None:
        raise InvalidRequest("A moment needs a title.")
    return title


def _step(step: str, start: float, end: float, reason: str) -> dict[str, Any]:
    return {"step": step, "start_time": start, "end_time": end, "reason": reason}
