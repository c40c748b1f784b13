"""Models, as those who run a deployment see and change them."""

from __future__ import annotations

from typing import Any, Self

from pydantic import ConfigDict, Field

from moments_ray.http.schemas.base import RequestBody
from moments_ray.models.entry import ModelEntry, ModelFields, ModelKind, SpeechApi
from moments_ray.models.registry import defaults
from moments_ray.settings import ModelSettings, Provider


class ModelView(ModelFields):
    """A model of the registry; its bearer token is a setting, and shown nowhere."""

    key: str
    embedded: bool = Field(description="a part of the product: it can be neither changed nor deleted")
    seeded: bool = Field(description="known to every deployment: deleting it brings its defaults back")
    configured: bool = Field(description="whether it can be asked")
    has_api_key: bool = Field(description="whether `MOMENTS_MODELS__API_KEYS` has a token for it")

    @classmethod
    def of(cls, entry: ModelEntry, settings: ModelSettings) -> Self:
        """Show an entry."""
        return cls(
            **entry.model_dump(),
            seeded=entry.key in defaults(),
            configured=entry.configured,
            has_api_key=entry.key in settings.api_keys,
        )


class PutModel(ModelFields):
    """A whole entry."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "llm", "base_url": "http://10.0.0.7:8010", "model": "qwen3-omni", "supports_json_schema": True}
            ]
        }
    )

    key: str | None = Field(None, description="the one in the address, if it is given")

    @property
    def fields(self) -> dict[str, Any]:
        """What was said."""
        return self.model_dump(exclude_unset=True, exclude_none=True)


class PatchModel(RequestBody):
    """What to change of an entry; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"base_url": "http://10.0.0.7:8010", "concurrency": 2}]})

    kind: ModelKind | None = None
    provider: Provider | None = None
    speech_api: SpeechApi | None = None
    base_url: str | None = Field(None, examples=["http://10.0.0.7:8010"])
    model: str | None = None
    ssh_host: str | None = None
    ssh_user: str | None = None
    ssh_port: int | None = None
    remote_host: str | None = None
    remote_port: int | None = None
    local_port: int | None = None
    endpoint: str | None = None
    supports_video: bool | None = None
    supports_images: bool | None = None
    supports_audio: bool | None = None
    supports_json_schema: bool | None = None
    max_context: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    timeout_s: float | None = None
    concurrency: int | None = None
    usd_per_million_input_tokens: float | None = None
    usd_per_million_output_tokens: float | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """What was said; null is to be said of what can be unset."""
        return self.model_dump(exclude_unset=True)
