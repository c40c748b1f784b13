"""What a caller may ask of a run, checked before anything is written."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from moments_ray.database.repositories.webhooks import Webhook
from moments_ray.media.cut import Preset
from moments_ray.models.conversation import Sampling
from moments_ray.moments.options import FindOptions, find_options
from moments_ray.stages.request import DeliveryOptions
from moments_ray.webhook_secret import webhook_key

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


class RunOptions(TranscriptAsked):
    """Moments, and how they are found, refined and cut. Times are seconds."""

    generation_model: ModelKey | None = Field(None, description="who finds moments", examples=["local"])
    refinement_model: ModelKey | None = Field(None, description="who refines their edges", examples=["local"])
    prompt: Text | None = Field(None, max_length=10_000, description="what to look for")
    topic: Text | None = Field(None, max_length=10_000)
    time_range: tuple[float, float] | None = Field(None, description="look only from here to there")
    count: int | None = Field(None, ge=1, le=100, description="unset: about one a minute, at most 12")
    min_seconds: float | None = Field(None, gt=0)
    max_seconds: float | None = Field(None, gt=0)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=-1, le=100_000)
    max_tokens: int | None = Field(None, ge=16, le=1_000_000)
    deliver_clips: bool = Field(True, description="cut the clip that a user plays")
    preset: Preset = "source"
    burn_captions: bool = Field(False, description="draw what is said into the pictures of the clips")

    def find(self) -> FindOptions:
        """Return what to look for.

        Raises:
            InvalidRequest: the options contradict each other.
        """
        return find_options(
            count=self.count,
            min_seconds=self.min_seconds,
            max_seconds=self.max_seconds,
            prompt=self.prompt,
            topic=self.topic,
            time_range=self.time_range,
        )

    def sampling(self) -> Sampling:
        """Return how freely models choose their words."""
        return Sampling(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k, max_tokens=self.max_tokens)

    def delivery(self) -> DeliveryOptions:
        """Return what to cut for the user."""
        return DeliveryOptions(deliver_clips=self.deliver_clips, preset=self.preset, burn_captions=self.burn_captions)


class RefinementAsked(AskedRun):
    """A second look at one moment's edges."""

    refinement_model: ModelKey | None = None
    prompt: Text | None = Field(None, max_length=10_000)
    preset: Preset = "source"
    burn_captions: bool = Field(False, description="draw what is said into the pictures of the clips")


class ClipsAsked(AskedRun):
    """Clips of some moments, or of all that a user sees."""

    moment_ids: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]] | None = Field(
        None, min_length=1, max_length=1000, description="unset: every moment that a user sees"
    )
    preset: Preset = "source"
    burn_captions: bool = Field(False, description="draw what is said into the pictures of the clips")
    padding: float = Field(0.0, ge=0, le=60, description="seconds on both sides")
