"""What is known of one model: what it is for, how it is reached, what it can do."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from moments_ray.engine.usage import Usage
from moments_ray.errors import InvalidRequest
from moments_ray.settings import Provider

KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_HOST = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?)?")
_USER = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]{0,63})?")
_PATH = re.compile(r"(/[A-Za-z0-9._~%/-]{0,200})?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_NAME = re.compile(r"[\x21-\x7e]{0,200}")
_HTTP_PORTS = {"http": 80, "https": 443}


class ModelKind(StrEnum):
    """What a model is asked for."""

    ASR = "asr"  # words with their times
    LLM = "llm"  # moments, and better edges of moments; words of ads
    TTS = "tts"  # words as sound
    IMAGE = "image"  # a picture from words
    VIDEO = "video"  # a film from words, and from a picture


class SpeechApi(StrEnum):
    """How a recogniser's server is talked to."""

    PARAKEET = "parakeet"  # a WAV file to /transcribe
    OPENAI = "openai"  # a WAV file to /v1/audio/transcriptions, answered as verbose_json


def _matching(pattern: re.Pattern[str], what: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise ValueError(f"{value[:80]!r} is not {what}")
        return value

    return BeforeValidator(check)


Host = Annotated[str, _matching(_HOST, "a host name or address")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Target(NamedTuple):
    """A host and port as seen from the machine that connects to them."""

    host: str
    port: int


class ModelFields(BaseModel):
    """What an operator says of a model; ``timeout_s`` is seconds a request, ``max_context``, ``max_tokens`` are tokens.

    ``provider`` is whose wire it speaks where that is not OpenAI's chat or a recogniser's, and whose key it is shown;
    ``speech_api`` is how a recogniser is asked. Prices are what its provider charges; without them what it is asked
    costs nothing.

    With ``ssh_host`` the model is reached through a tunnel from there to ``remote_host`` and ``remote_port``, whose
    near end is ``local_port`` where that is free. Without it ``base_url`` is called straight. With neither the model
    is known and not configured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ModelKind
    provider: Provider | None = None
    speech_api: SpeechApi = SpeechApi.PARAKEET
    base_url: str = ""
    model: Annotated[str, _matching(_NAME, "a model name")] = ""
    ssh_host: Host = ""
    ssh_user: Annotated[str, _matching(_USER, "a user name")] = ""
    ssh_port: Port = 22
    remote_host: Host = ""
    remote_port: Port | None = None
    local_port: Port | None = None
    endpoint: Annotated[str, _matching(_PATH, "a path")] = ""
    supports_video: bool = False
    supports_images: bool = False
    supports_audio: bool = False
    supports_json_schema: bool = False
    max_context: int = Field(32_768, ge=1024, le=100_000_000)
    temperature: FiniteFloat | None = Field(None, ge=0, le=2)
    top_p: FiniteFloat | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=-1, le=100_000)
    max_tokens: int = Field(4096, ge=16, le=1_000_000)
    timeout_s: FiniteFloat = Field(300.0, gt=0, le=24 * 3600)
    concurrency: int = Field(2, ge=1, le=1000)
    usd_per_million_input_tokens: FiniteFloat | None = Field(None, ge=0, le=1_000_000)
    usd_per_million_output_tokens: FiniteFloat | None = Field(None, ge=0, le=1_000_000)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.base_url:
            _checked_url(self.base_url)
        if self.ssh_host and self.remote_port is None and not self.base_url:
            raise ValueError("with ssh_host, say where the tunnel leads: remote_host and remote_port")
        return self


class ModelEntry(ModelFields):
    """One model of the registry; an ``embedded`` one is a part of the product."""

    key: Annotated[str, _matching(KEY, "a model key: use a-z, 0-9, dots, dashes and underscores, 64 at most")]
    embedded: bool = False

    @property
    def configured(self) -> bool:
        """Tell whether the model can be asked at all."""
        return self.embedded or bool(self.ssh_host or self.base_url)

    @property
    def key_setting(self) -> str:
        """The name of the setting that holds the key which the model is shown."""
        return "MOMENTS_MODELS__API_KEYS" if self.provider is None else f"{self.provider.upper()}_API_KEY"

    @property
    def path(self) -> str:
        """The path that requests go to."""
        if self.endpoint:
            return self.endpoint
        if self.kind in _PROVIDED_PATHS:
            return _PROVIDED_PATHS[self.kind]
        if self.kind is not ModelKind.ASR:
            return "/v1/chat/completions"
        return "/transcribe" if self.speech_api is SpeechApi.PARAKEET else "/v1/audio/transcriptions"

    @property
    def tunnel_target(self) -> Target:
        """Where a tunnel leads, as seen from the SSH host."""
        if self.remote_port is not None:
            return Target(self.remote_host or "127.0.0.1", self.remote_port)
        parts = urlsplit(self.base_url)
        return Target(parts.hostname or "127.0.0.1", parts.port or _HTTP_PORTS[parts.scheme])

    def url(self, path: str, port: int | None = None) -> str:
        """Return where a path of the model's server is: behind the local end of a tunnel, or at ``base_url``."""
        if port is not None:
            return f"http://127.0.0.1:{port}{path}"
        base = self.base_url.rstrip("/")
        if base.endswith("/v1") and path.startswith("/v1/"):  # operators write it either way
            base = base.removesuffix("/v1")
        return base + path

    def priced(self, usage: Usage) -> Usage:
        """Return what tokens cost, beside how many they are."""
        prices = (
            (usage.input_tokens, self.usd_per_million_input_tokens),
            (usage.output_tokens, self.usd_per_million_output_tokens),
        )
        usd = sum((tokens * Decimal(str(price)) / 1_000_000 for tokens, price in prices if price), Decimal())
        return replace(usage, usd=usd)

    def to_hash(self) -> dict[str, str]:
        """Return the entry as the fields of a Redis hash; what is not set is empty."""
        return {name: _text(value) for name, value in self.model_dump(mode="json").items()}

    @classmethod
    def from_hash(cls, fields: Mapping[str, str]) -> Self:
        """Read an entry back from a Redis hash.

        Raises:
            InvalidRequest: it is not one.
        """
        return cls.checked({name: value for name, value in fields.items() if value})

    @classmethod
    def checked(cls, fields: Mapping[str, Any]) -> Self:
        """Make an entry of fields from outside.

        Raises:
            InvalidRequest: naming the fields that are not right.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            found = [(".".join(str(part) for part in each["loc"]), each["msg"]) for each in error.errors()]
            problems = "; ".join(f"{name}: {reason}" if name else reason for name, reason in found[:5])
            raise InvalidRequest(f"This is not an entry of the model registry: {problems}.") from error


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _checked_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _HTTP_PORTS and _usable_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(url) > 500 or not url.isprintable() or not _PATH.fullmatch(parts.path):
        raise ValueError("base_url must be http://HOST:PORT or https://HOST, where HOST is a name or a plain address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("base_url must not carry a user, a password, a query or a fragment")


def _usable_host(host: str) -> bool:
    """Tell a host that a model can be on from what clouds offer to insiders, and from odd spellings of an address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(host and _HOST.fullmatch(host)) and not _NUMBER.fullmatch(host.rsplit(".", 1)[-1])
    address = getattr(address, "ipv4_mapped", None) or address
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


_PROVIDED_PATHS = {
    ModelKind.TTS: "/v1/audio/speech",
    ModelKind.IMAGE: "/v1/images/generations",
    ModelKind.VIDEO: "/v1/predictions",
}
PROVIDER_URLS: Mapping[Provider, str] = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com",
    "replicate": "https://api.replicate.com",
    "elevenlabs": "https://api.elevenlabs.io",
}
"""Where providers are; an entry of theirs without an address is configured by the provider's key alone."""

DEFAULTS: tuple[ModelEntry, ...] = (
    ModelEntry(key="captions", kind=ModelKind.ASR, embedded=True),
    ModelEntry(
        key="parakeet",
        kind=ModelKind.ASR,
        model="parakeet",
        remote_port=8006,
        local_port=6106,
        endpoint="/transcribe",
        timeout_s=1800.0,
    ),
    ModelEntry(key="parakeet_local", kind=ModelKind.ASR, embedded=True),
    ModelEntry(key="whisper", kind=ModelKind.ASR, embedded=True),
    ModelEntry(key="whisper-base", kind=ModelKind.ASR, embedded=True),
    ModelEntry(key="pocketsphinx", kind=ModelKind.ASR, embedded=True),
    ModelEntry(key="local", kind=ModelKind.LLM, embedded=True, supports_video=True),
    ModelEntry(
        key="minimax",
        kind=ModelKind.LLM,
        model="minimax",
        remote_port=7104,
        local_port=8007,
        endpoint="/v1/chat/completions",
        temperature=0.3,
    ),
    ModelEntry(
        key="qwen3_omni",
        kind=ModelKind.LLM,
        model="qwen3-omni",
        remote_port=8002,
        local_port=7101,
        endpoint="/v1/chat/completions",
        temperature=0.3,
    ),
    ModelEntry(
        key="qwen3_vl_fp8",
        kind=ModelKind.LLM,
        model="qwen3-vl-fp8",
        remote_port=8010,
        local_port=6010,
        endpoint="/v1/chat/completions",
        supports_video=True,
        temperature=0.3,
        concurrency=1,
    ),
    ModelEntry(
        key="anthropic",
        kind=ModelKind.LLM,
        provider="anthropic",
        supports_images=True,
        supports_json_schema=True,
        max_context=200_000,
        usd_per_million_input_tokens=3.0,
        usd_per_million_output_tokens=15.0,
    ),
    ModelEntry(
        key="openai",
        kind=ModelKind.LLM,
        provider="openai",
        model="gpt-4o-mini",
        supports_images=True,
        supports_json_schema=True,
        max_context=128_000,
    ),
    ModelEntry(key="openai_speech", kind=ModelKind.TTS, provider="openai", model="tts-1"),
    ModelEntry(key="elevenlabs", kind=ModelKind.TTS, provider="elevenlabs", model="eleven_multilingual_v2"),
    ModelEntry(key="openai_image", kind=ModelKind.IMAGE, provider="openai", model="gpt-image-1"),
    ModelEntry(
        key="replicate_image", kind=ModelKind.IMAGE, provider="replicate", model="black-forest-labs/flux-1.1-pro"
    ),
    ModelEntry(
        key="replicate_video", kind=ModelKind.VIDEO, provider="replicate", model="minimax/video-01", timeout_s=1200.0
    ),
)
"""The models a new deployment knows; those without ``embedded`` wait for their operator to name hosts."""
