"""Requests over videos as strangers send them: a URL, or a video that is here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.errors import InvalidRequest
from moments_ray.library.queries.videos import Videos, get_or_create_video
from moments_ray.library.values import Source, VideoRequest
from moments_ray.media.guard import canonical_url, check_url

R = TypeVar("R", bound=VideoRequest)


class VideoAddress(BaseModel):
    """Which video a request is about: never a path or an object's name, which would be somebody else's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None
    video: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> VideoAddress:
        if (self.url is None) == (self.video is None):
            raise ValueError("give either url or video")
        return self


class AddressedRequest(BaseModel):
    """The part of a stranger's request that names its video, checked under the name it has there."""

    source: VideoAddress


def prepared_for(takes: type[R]) -> Callable[[Any, Mapping[str, JsonValue]], Awaitable[R]]:
    """Return the function that makes a request of this type of what a stranger sends."""

    async def prepare(environment: Environment, body: Mapping[str, JsonValue]) -> R:
        source = await source_for(environment, body)
        return takes.model_validate({**body, "source": source.model_dump()})

    return prepare


async def source_for(environment: Environment, body: Mapping[str, JsonValue]) -> Source:
    """Return the source that a stranger's request is about, and make its video known.

    Raises:
        ValidationError: it names none, or a path or an object.
        InvalidRequest: it names an object of captions.
        NotFound: there is no such video.
        UrlNotAllowed: it may not be fetched.
    """
    speech = body.get("speech")
    if isinstance(speech, Mapping) and speech.get("captions") is not None:
        raise InvalidRequest("Captions come with an upload, not by name: leave request.speech.captions out.")
    address = AddressedRequest.model_validate({"source": body.get("source") or {}}).source
    if address.video is not None:
        async with environment.database.read() as session:
            video = await Videos(session).get(address.video)
            before = await RunLists(session).newest_config(video.identifier, "source")
        return source_of(video.identifier, video.source_url, before)
    assert address.url is not None  # noqa: S101 - one of the two
    await check_url(address.url, environment.settings.download)
    row = environment.database.row
    video, _ = await get_or_create_video(row, canonical_url(address.url), source_url=address.url)
    return Source(video=video.identifier, url=video.source_url or address.url)


def source_of(video: str, source_url: str | None, before: Mapping[str, JsonValue] | None) -> Source:
    """Return a video's source as its first run named it, so that what was made of it still counts.

    Raises:
        InvalidRequest: its upload was never finished.
    """
    if before is not None:
        return Source.model_validate(before)
    if source_url is None:
        raise InvalidRequest("The upload of this video was never finished: upload it again.")
    return Source(video=video, url=source_url)
