"""What receivers of webhooks need from those who run the deployment."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from moments_ray.engine.runs.webhooks import signing_secret
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.schemas.base import Shape

router = APIRouter(prefix="/api/admin/webhook-secret", tags=["admin"])


class WebhookSecret(Shape):
    """What webhooks are signed with."""

    secret: str = Field(repr=False, description="`whsec_` and base64")


@router.get("")
async def read_webhook_secret(dependencies: Dependencies, response: Response) -> WebhookSecret:
    """Return the secret that signs webhooks whose caller gave none, for receivers to verify them with."""
    response.headers["Cache-Control"] = "no-store"
    environment = dependencies.environment
    return WebhookSecret(secret=await signing_secret(environment.settings, environment.database))
