"""Moments as people change them: every change is kept in the moment's trail, and can be taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from moments_ray.database.session import WriteSession
from moments_ray.database.tables import MomentRow, Video
from moments_ray.engine.environment import Environment
from moments_ray.errors import InvalidRequest, ObjectChanged
from moments_ray.ids import new_identifier
from moments_ray.library.queries.videos import Videos
from moments_ray.media.downloaded import clean_title
from moments_ray.moments.queries.moments import Moments

_EDIT = "edit"
_KEPT = timedelta(days=30)
_BATCH = 100


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


async def moment_to_change(
    session: WriteSession, video_id: str, moment_id: str, if_match: str | None, *, deleted: bool = False
) -> MomentRow:
    """Return a moment that nobody else changes until the transaction ends.

    Raises:
        NotFound: there is no such moment of this video.
        ObjectChanged: it is no longer of the version that the caller has.
    """
    video = await Videos(session).get(video_id)
    moment = await Moments(session).get(moment_id, video.id, deleted=deleted, lock=True)
    if if_match is not None and not _is_of(if_match, moment.version):
        raise ObjectChanged(
            f"The moment is of version {moment.version} by now, somebody changed it: read it again.",
            {"version": moment.version},
        )
    return moment


async def edit_moment(
    session: WriteSession,
    moment: MomentRow,
    *,
    title: str | None = None,
    start: float | None = None,
    end: float | None = None,
) -> None:
    """Change a moment's title or edges, in seconds; what is None stays.

    Raises:
        InvalidRequest: it would not lie in the video, or have no title.
    """
    await _change(
        session,
        moment,
        title=moment.title if title is None else _title(title),
        start=moment.start_time if start is None else start,
        end=moment.end_time if end is None else end,
        reason="edited by hand",
    )


async def undo_edits(session: WriteSession, moment: MomentRow) -> None:
    """Bring a moment back to what it was before anybody edited it; one that nobody edited stays."""
    edits = [step for step in moment.provenance if step["step"] == _EDIT]
    kept = [step for step in moment.provenance if step["step"] != _EDIT]
    if edits and kept:
        moment.title = edits[0]["title"]
        moment.start_time, moment.end_time = kept[-1]["start_time"], kept[-1]["end_time"]
        moment.provenance = kept
        moment.version += 1
        await session.flush()


async def root_of(session: WriteSession, moment: MomentRow) -> int:
    """Return the key of the moment that was generated, from which this one was refined."""
    key = moment.id
    while (above := await Moments(session).by_key(key)) is not None and above.parent_id is not None:
        key = above.parent_id
    return key


async def restore(session: WriteSession, moment: MomentRow) -> None:
    """Bring a deleted moment back, with those that were deleted together with it."""
    if moment.deleted_at is None:
        return
    key = moment.id
    while (above := await Moments(session).by_key(key)) is not None and above.parent_id is not None:
        parent = await Moments(session).by_key(above.parent_id)
        if parent is None or parent.deleted_at != moment.deleted_at:
            break
        key = parent.id
    top = await Moments(session).by_key(key)
    await Moments(session).restore(top or moment)
    await session.refresh(moment)


async def revert_to_generated(session: WriteSession, moment: MomentRow) -> None:
    """Give a moment the edges and the title with which it was generated; that, too, is a step that can be undone."""
    root = await Moments(session).by_key(await root_of(session, moment)) or moment
    generated = [step for step in root.provenance if step["step"] != _EDIT]
    step = generated[-1] if generated else root.provenance[0]
    await _revert(session, moment, step, _title_before(root, 0), "reverted to what was generated")


async def revert_to_step(session: WriteSession, moment: MomentRow, number: int) -> None:
    """Give a moment the edges and the title that it had after a step of its provenance, counted from 0.

    Raises:
        InvalidRequest: there is no such step.
    """
    if not 0 <= number < len(moment.provenance):
        raise InvalidRequest(f"The moment's provenance has the steps 0 to {len(moment.provenance) - 1}.")
    title = _title_before(moment, number + 1)
    await _revert(session, moment, moment.provenance[number], title, f"reverted to step {number}")


async def purge_deleted_moments(environment: Environment) -> None:
    """Delete for good what was deleted 30 days ago, with the objects of its clips."""
    async with environment.database.begin() as session:
        uris = await Moments(session).purge(_KEPT, _BATCH)
    for uri in uris:
        await environment.store.delete(environment.store.name_of(uri))


async def _revert(session: WriteSession, moment: MomentRow, step: dict[str, Any], title: str, reason: str) -> None:
    start, end = step["start_time"], step["end_time"]
    if (moment.title, moment.start_time, moment.end_time) != (title, start, end):
        await _change(session, moment, title=title, start=start, end=end, reason=reason)


async def _change(
    session: WriteSession, moment: MomentRow, *, title: str, start: float, end: float, reason: str
) -> None:
    video = await Videos(session).by_key(moment.video_id)
    _check(video, start, end)
    step = _step(_EDIT, start, end, reason) | {"title": moment.title}
    moment.title, moment.start_time, moment.end_time = title, start, end
    moment.provenance = [*moment.provenance, step]
    moment.version += 1
    await session.flush()


def _title_before(moment: MomentRow, number: int) -> str:
    """Return the title that a moment had before the step of this number, if one of those from there on changed it."""
    edits = [step for step in moment.provenance[number:] if step["step"] == _EDIT]
    return str(edits[0]["title"]) if edits else moment.title


def _is_of(if_match: str, version: int) -> bool:
    """Tell whether one of the tags of ``If-Match`` is of a version: tags begin with it."""
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(","))
    return any(tag == "*" or tag.partition("-")[0] == str(version) for tag in tags)


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
