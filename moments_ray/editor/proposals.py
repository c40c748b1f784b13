"""Edits that an answer of a chat proposes: a closed list, tried on the timeline before anybody is shown them.

Nothing is applied by itself: what comes of all of them is a change that a person may send.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from moments_ray.editor.planning import checked
from moments_ray.editor.timeline import SegmentSound, Timeline, TimelineSegment
from moments_ray.errors import MomentsError
from moments_ray.media.render.effects import Effect, EffectName
from moments_ray.media.render.plan import CaptionStyle, SoundName

MOST_EDITS = 20

Number = Annotated[int, Field(ge=0, le=499, description="the segment, from 0, as the timeline stands now")]
Seconds = Annotated[FiniteFloat, Field(ge=0, le=172_800)]


class _Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Trim(_Edit):
    """Have a segment begin or end at other seconds of the source."""

    edit: Literal["trim"] = "trim"
    segment: Number
    start: Seconds | None = None
    end: Seconds | None = None


class Remove(_Edit):
    """Leave a segment out."""

    edit: Literal["remove"] = "remove"
    segment: Number


class AddEffect(_Edit):
    """Give a segment an effect."""

    edit: Literal["add_effect"] = "add_effect"
    segment: Number
    effect: EffectName


class RemoveEffects(_Edit):
    """Take a segment's effects away."""

    edit: Literal["remove_effects"] = "remove_effects"
    segment: Number


class AddSound(_Edit):
    """Have a sound effect at the start of a segment."""

    edit: Literal["add_sound"] = "add_sound"
    segment: Number
    sound: SoundName


class StyleCaptions(_Edit):
    """Draw all captions in a style."""

    edit: Literal["style_captions"] = "style_captions"
    style: CaptionStyle


Edit = Annotated[Trim | Remove | AddEffect | RemoveEffects | AddSound | StyleCaptions, Field(discriminator="edit")]


class Proposal(BaseModel):
    """Edits that can be made, and what to send to ``POST /api/timeline/{project}`` to make all of them."""

    model_config = ConfigDict(frozen=True)

    actions: tuple[Edit, ...]
    timeline: dict[str, Any]


def propose(edits: Sequence[Edit], timeline: Timeline, version: int, duration: float) -> Proposal | None:
    """Return what comes of those edits that can be made of a timeline, None where none can.

    ``duration`` of the source is seconds. An edit that does not fit the timeline, or that could not be rendered, is
    left out.
    """
    made: list[Edit] = []
    parts: list[TimelineSegment | None] = [*timeline.segments]
    style = timeline.caption_style
    for edit in edits[:MOST_EDITS]:
        if isinstance(edit, StyleCaptions):
            style = edit.style
        else:
            tried = _tried(edit, parts)
            if tried is None or not _stands(tried, timeline, duration):
                continue
            parts = tried
        made.append(edit)
    if not made:
        return None
    segments = [part.model_dump(mode="json") for part in parts if part is not None]
    return Proposal(actions=tuple(made), timeline={"segments": segments, "caption_style": style, "version": version})


def _tried(edit: Edit, parts: Sequence[TimelineSegment | None]) -> list[TimelineSegment | None] | None:
    """Return the segments after an edit, with None for those left out; None where it is of no segment."""
    if isinstance(edit, StyleCaptions) or edit.segment >= len(parts):
        return None
    part = parts[edit.segment]
    if part is None:
        return None
    return [*parts[: edit.segment], _changed(edit, part), *parts[edit.segment + 1 :]]


def _stands(parts: Sequence[TimelineSegment | None], timeline: Timeline, duration: float) -> bool:
    segments = tuple(part for part in parts if part is not None)
    try:
        checked(timeline.model_copy(update={"segments": segments}), duration)
    except MomentsError:
        return False
    return bool(segments)


def _trimmed(edit: Trim, part: TimelineSegment) -> TimelineSegment:
    start = part.start if edit.start is None else edit.start
    end = part.end if edit.end is None else edit.end
    return part.model_copy(update={"start": start, "end": end})


def _changed(edit: Edit, part: TimelineSegment) -> TimelineSegment | None:
    match edit:
        case Trim():
            return _trimmed(edit, part)
        case AddEffect():
            return part.model_copy(update={"effects": (*part.effects, Effect(name=edit.effect))})
        case RemoveEffects():
            return part.model_copy(update={"effects": ()})
        case AddSound():
            return part.model_copy(update={"sfx": SegmentSound(name=edit.sound)})
        case _:
            return None
