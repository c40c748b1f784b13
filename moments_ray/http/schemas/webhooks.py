"""Webhooks, as those who run the deployment see them."""

from __future__ import annotations

from pydantic import Field

from moments_ray.http.schemas.base import Shape


class WebhookSecret(Shape):
    """What webhooks are signed with."""

    secret: str = Field(repr=False, description="`whsec_` and base64")
