"""Settings of models and what they cost: providers, quotas, keys, tunnels, prices of ads."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from moments_ray.settings.groups import Group


class Quota(Group):
    """How many requests the model clients of one role have under way in the whole cluster: ``replicas * at_once``."""

    replicas: int = Field(1, ge=1)
    at_once: int = Field(1, ge=1, description="requests a replica has under way")


Provider = Literal["anthropic", "openai", "replicate", "elevenlabs"]


class ProviderSettings(Group):
    """How a provider of models is reached: with its key its entries of the registry are configured."""

    api_key: SecretStr | None = None
    base_url: str | None = Field(None, description="a proxy of it; unset: its own")


class ModelSettings(Group):
    """How models are reached; which there are is in the registry."""

    providers: dict[Provider, ProviderSettings] = Field(
        default_factory=dict, description="by provider; their own variables, such as OPENAI_API_KEY, say the same"
    )

    quotas: dict[str, Quota] = Field(default_factory=dict, description="by role, over its own")
    api_keys: dict[str, SecretStr] = Field(default_factory=dict, description="bearer tokens, by model key")
    ssh_key_path: Path | None = Field(None, description="private key for tunnels; unset: the user's own")
    known_hosts_path: Path | None = Field(None, description="keys of SSH hosts; unset: ~/.ssh/known_hosts")
    connect_timeout_seconds: float = Field(10.0, gt=0)
    keepalive_seconds: float = Field(15.0, gt=0, description="between signs of life asked of a tunnel")
    keepalive_count: int = Field(3, ge=1, description="signs of life that may fail to come before it counts as lost")
    tries: int = Field(3, ge=1, description="times a request is sent before its failure counts")
    first_delay_seconds: float = Field(0.5, ge=0, description="before the second time; then twice as long, and so on")
    longest_wait_seconds: float = Field(60.0, gt=0, description="the longest Retry-After that is waited for")
    failures_until_open: int = Field(5, ge=1, description="failures in a row after which a model is left alone")
    open_seconds: float = Field(30.0, gt=0, description="for how long it is left alone")

    def secret(self, key: str, provider: Provider | None) -> SecretStr | None:
        """Return what is shown to a model's server: the model's own key, else its provider's."""
        own = self.api_keys.get(key)
        return own if own is not None or provider is None else self.provider(provider).api_key

    def provider(self, name: Provider) -> ProviderSettings:
        """Return how a provider is reached."""
        return self.providers.get(name) or ProviderSettings()

    def quota(self, role: str, own: Quota) -> Quota:
        """Return what a role may have under way: what was set of it, and of its own what was not."""
        said = self.quotas.get(role)
        return own if said is None else own.model_copy(update=said.model_dump(exclude_unset=True))


class Price(Group):
    """What a provider charges for a unit of a model, in US dollars, and when and where somebody looked that up."""

    usd: float = Field(ge=0)
    per: Literal["character", "image", "second", "video"]
    entered: str = Field(max_length=40)
    source: str = Field("", max_length=200)


# What could be looked up of providers' lists; what counts are an operator's own, in MOMENTS_ADS__PRICES.
_ENTERED = "2026-11-30"
_PRICES = {
    "openai_speech": Price(
        usd=0.000015, per="character", entered=_ENTERED, source="a bill of 2025-11-02: github.com/sanand0/blog"
    ),
    "elevenlabs": Price(
        usd=0.0001, per="character", entered=_ENTERED, source="multilingual v2, June 2026: developer.puter.com"
    ),
    "openai_image": Price(
        usd=0.063,
        per="image",
        entered=_ENTERED,
        source="gpt-image-1, medium, 1024x1536: community.openai.com/t/1371851",
    ),
    "replicate_image": Price(usd=0.04, per="image", entered=_ENTERED, source="flux-1.1-pro: openai-hk.com, replicate"),
    "replicate_video": Price(usd=0.5, per="video", entered=_ENTERED, source="video-01: openai-hk.com, replicate"),
}


class AdSettings(Group):
    """What ads may cost, and who makes them where several could."""

    max_cost_usd: float = Field(1.0, ge=0, description="of an ad that names no limit of its own")
    prices: dict[str, Price] = Field(
        default_factory=lambda: dict(_PRICES),
        description='by model key: {"replicate_video": {"usd": 0.5, "per": "video", "entered": "2026-11-29"}}',
    )
    voice: str | None = Field(None, description="the speaker's voice of ads that name none")
    legacy_queue: bool = Field(False, description="take ads from the Redis list video_generation_queue as well")
