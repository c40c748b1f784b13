"""What a caller may ask of a run, checked before anything is written."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from moments_ray.engine.queries.webhooks import Webhook
from moments_ray.process.webhook_secret import webhook_key

_LARGEST_METADATA = 16_384


def storable(value: Any) -> Any:
    """Return what PostgreSQL can keep: no NUL, no half of a character, no number that JSON has no word for."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise ValueError("this holds a number or a character that cannot be stored") from error
    if "\\u0000" in text:
        raise ValueError("this holds a zero character, which cannot be stored")
    return value


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(value)) > _LARGEST_METADATA:
        raise ValueError(f"metadata may have {_LARGEST_METADATA} characters as JSON")
    return value


def _webhook_secret(value: str) -> str:
    webhook_key(value)
    return value


Text = Annotated[str, AfterValidator(storable)]
ModelKey = Annotated[Text, Field(max_length=100)]
Metadata = Annotated[dict[str, JsonValue], AfterValidator(storable), AfterValidator(_small)]
WebhookUrl = Annotated[Text, Field(min_length=1, max_length=4096, examples=["https://example.org/hooks/moments"])]


class AskedWebhook(BaseModel):
    """Where to tell of a run's end, signed with a secret of the caller's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: WebhookUrl
    secret: Annotated[str, AfterValidator(_webhook_secret)] = Field(
        repr=False, description="`whsec_` and the base64 of 24 to 64 random bytes"
    )


class AskedRun(BaseModel):
    """What can be asked of every run."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    priority: int = Field(5, ge=0, le=10, description="higher first")
    force: bool = Field(False, description="make every stage anew, though its output stands")
    metadata: Metadata = Field(default_factory=dict, description="the caller's own; shown with the run")
    webhook: WebhookUrl | AskedWebhook | None = Field(
        None, description="told of the run's end, after the Standard Webhooks specification"
    )

    def asked_webhook(self) -> Webhook | None:
        """Return where to tell of the run's end."""
        if isinstance(self.webhook, AskedWebhook):
            return Webhook(self.webhook.url, self.webhook.secret)
        return None if self.webhook is None else Webhook(self.webhook)


class TranscriptAsked(AskedRun):
    """A transcript."""

    transcriber: ModelKey | None = Field(None, description="unset: the best one there is", examples=["captions"])
