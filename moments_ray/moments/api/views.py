"""Moments as they are shown, with their clips, where they are from, and the tags of their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Header, Query, Response

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import ClipRow, MomentRow
from moments_ray.http.conditional import versioned_tag
from moments_ray.http.container import Container
from moments_ray.http.redirects import signed_link
from moments_ray.moments.api.schemas import ClipLinks, ClipView, MomentView
from moments_ray.moments.queries.clips import ClipQueries, is_stale
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.queries.sets import MomentSets

IfMatch = Annotated[
    str | None,
    Header(max_length=200, description="a moment's `version`, or its `ETag`: 412 where somebody changed it meanwhile"),
]

SetQuery = Annotated[
    str | None,
    Query(alias="set", pattern=r"^[A-Za-z0-9_-]{1,64}$", description="a set's identifier, in place of the current one"),
]


async def moment_views(
    session: ReadSession | WriteSession, video: str, moments: Sequence[MomentRow], signing: Container | None = None
) -> list[MomentView]:
    """Show moments of a video; with what signs, the clips come with links to read them."""
    clips = await ClipQueries(session).clips_of([moment.id for moment in moments])
    parents = await Moments(session).identifiers([each.parent_id for each in moments if each.parent_id is not None])
    origins = await MomentSets(session).origins([moment.id for moment in moments])
    links: Mapping[int, ClipLinks] = {}
    if signing is not None:
        links = await _links(session, signing, [clip for of_one in clips.values() for clip in of_one])
    return [
        MomentView.of(
            moment,
            video,
            parents.get(moment.parent_id or 0),
            origins[moment.id],
            [ClipView.of(clip, stale=is_stale(clip, moment), links=links.get(clip.id)) for clip in clips[moment.id]],
        )
        for moment in moments
    ]


async def tagged_view(
    session: ReadSession | WriteSession, video: str, moment: MomentRow, response: Response
) -> MomentView:
    """Show a moment, and tag the answer with its version, by which a change can be bound to what its caller saw."""
    (view,) = await moment_views(session, video, [moment])
    response.headers["ETag"] = versioned_tag(view.version, view)
    return view


async def changed_view(session: WriteSession, video: str, moment: MomentRow, response: Response) -> MomentView:
    """Show a moment as it is after a change in the same session, tagged with its new version."""
    await session.refresh(moment)
    return await tagged_view(session, video, moment, response)


async def _links(
    session: ReadSession | WriteSession, container: Container, clips: Sequence[ClipRow]
) -> dict[int, ClipLinks]:
    pictures = await ClipQueries(session).thumbnails([clip.id for clip in clips])
    found = {}
    for clip in clips:
        uris = (clip.cloud_url, pictures.get(clip.id))
        signed = [await signed_link(container, uri) if uri is not None else None for uri in uris]
        ends = [link.expires_at for link in signed if link is not None]
        urls = [None if link is None else link.url for link in signed]
        found[clip.id] = ClipLinks(url=urls[0], thumbnail_url=urls[1], expires_at=min(ends, default=None))
    return found
