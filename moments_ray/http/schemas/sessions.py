"""Sessions of browsers, which cannot send a key with a picture, a video or a stream."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field, SecretStr

from moments_ray.access.key import Scope
from moments_ray.http.schemas.base import RequestBody, Shape


class BeginSession(RequestBody):
    """The key that a session is begun with."""

    key: Annotated[SecretStr, Field(max_length=200, examples=["mr_…"])]


class SessionView(Shape):
    """Who the caller is to the server."""

    keys_in_use: bool = Field(description="whether a key is asked for; else this machine alone is served, without one")
    scope: Scope | None = Field(description="what the caller may do; null: nothing, until a session is begun")
    name: str | None = Field(description="of the key")
    expires_at: AwareDatetime | None = Field(description="of the session, unless it is used")
