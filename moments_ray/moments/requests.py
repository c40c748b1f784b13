"""Requests over selected moments as strangers send them: by the moments' identifiers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from moments_ray.database.tables import MomentRow
from moments_ray.engine.environment import Environment
from moments_ray.library.queries.videos import Videos
from moments_ray.library.requests import source_for
from moments_ray.moments.finding.moment import Step
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.values import ClipsRequest, GeneratedMoment, RefinementRequest, SelectedMoments

R = TypeVar("R", ClipsRequest, RefinementRequest)


class MomentSelection(BaseModel):
    """Moments of a video, by identifier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    moments: tuple[str, ...] = Field(min_length=1, max_length=1000)


class SelectingRequest(BaseModel):
    """The part of a stranger's request that selects moments, checked under the name it has there."""

    selected: MomentSelection


def prepared_with_selection(takes: type[R]) -> Callable[[Any, Mapping[str, JsonValue]], Awaitable[R]]:
    """Return the function that makes a request of this type of what a stranger sends."""

    async def prepare(environment: Environment, body: Mapping[str, JsonValue]) -> R:
        source = await source_for(environment, body)
        selection = SelectingRequest.model_validate({"selected": body.get("selected") or {}}).selected
        async with environment.database.read() as session:
            video = await Videos(session).get(source.video)
            rows = [await Moments(session).get(each, video.id) for each in dict.fromkeys(selection.moments)]
        return takes.model_validate(
            {**body, "source": source.model_dump(), "selected": selected_moments(rows).model_dump()}
        )

    return prepare


def selected_moments(rows: Sequence[MomentRow]) -> SelectedMoments:
    """Return moments as they stand now."""
    return SelectedMoments(
        moments=tuple(
            GeneratedMoment(
                identifier=row.identifier,
                title=row.title,
                start_time=row.start_time,
                end_time=row.end_time,
                score=row.score or 0.0,
                reason=row.reason or "",
                provenance=tuple(
                    Step.model_validate({name: step[name] for name in Step.model_fields}) for step in row.provenance
                ),
            )
            for row in rows
        ),
        versions=tuple(row.version for row in rows),
    )
