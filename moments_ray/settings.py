"""Frozen settings, read once at a process's entry and passed from there; nothing else reads the environment."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from moments_ray.document_names import DocumentNames, is_true
from moments_ray.errors import InvalidRequest
from moments_ray.process.failpoint import FAILPOINTS, FAULT_ACTIONS
from moments_ray.process.webhook_secret import webhook_key
from moments_ray.site_settings import SiteName, SiteSettings

TemplateName = Literal["realistic_chaos", "clean", "beat_cut", "podcast", "highlights"]
ENV_FILE_VARIABLE = "MOMENTS_ENV_FILE"


def default_home() -> Path:
    """Return ``~/.moments``; for root a directory outside every home, because PostgreSQL runs as its own user."""
    return Path("/var/lib/moments") if os.geteuid() == 0 else Path.home() / ".moments"


def _log_level(value: str) -> str:
    """Return a level in capitals; raises where there is none of that name."""
    if value.upper() not in logging.getLevelNamesMapping():
        raise ValueError("a log level is DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return value.upper()


class Group(BaseModel):
    """A named group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeResources(Group):
    """What one node offers its stages; ``cluster.yaml`` carries the same names."""

    audio_extraction: int = Field(2, ge=1, description="audio extractions at once")
    clip_extraction: int = Field(4, ge=1, description="clip extractions at once")
    minimum_cpus: int = Field(8, ge=1, description="logical CPUs of a local node; encoder threads follow real cores")


class DatabaseSettings(Group):
    """How a process keeps its connections to PostgreSQL."""

    pgbouncer: bool = Field(False, description="DATABASE_URL is a PgBouncer in transaction mode")
    connections: int = Field(10, ge=1, description="connections one process may have open at once")
    idle_seconds: float = Field(5.0, gt=0, description="a process that asked nothing for so long keeps no connection")


class WorkerSettings(Group):
    """How pipeline workers take, keep and give up runs."""

    runs_at_once: int = Field(2, ge=1, description="runs one worker executes at a time")
    heartbeat_seconds: float = Field(10.0, gt=0, description="how often a lease is renewed")
    lease_seconds: float = Field(60.0, gt=0, description="idle time after which a run is taken from its worker")
    lock_seconds: float = Field(1800.0, gt=0, description="life of a video's lock without renewal")
    sweep_seconds: float = Field(15.0, gt=0, description="how often lost work is looked for")
    unclaimed_seconds: float = Field(
        30.0, gt=0, description="time after which a queued run that no worker took is enqueued again"
    )
    cancel_poll_seconds: float = Field(0.5, gt=0, description="how often the cancel flag is looked at")
    cancel_grace_seconds: float = Field(3.0, gt=0, description="time a cancelled stage has to stop by itself")
    drain_seconds: float = Field(20.0, ge=0, description="time running stages have to finish on SIGTERM")
    max_crashes: int = Field(3, ge=1, description="crashes in a row without progress, after which a run fails")
    capacity_wait_seconds: float = Field(600.0, gt=0, description="time a stage may wait for a node that fits it")


class RetrySettings(Group):
    """Backoff between tries of a stage."""

    first_delay_seconds: float = Field(1.0, ge=0)
    factor: float = Field(2.0, ge=1)
    longest_delay_seconds: float = Field(60.0, ge=0)
    attempts: dict[str, int] = Field(default_factory=dict, description="tries a stage, by stage name, over its own")


class DownloadSettings(Group):
    """What may be fetched, and how much of it."""

    max_bytes: int = Field(8 * 1024**3, gt=0)
    timeout_seconds: float = Field(1800.0, gt=0)
    min_bytes_per_second: int = Field(1024, ge=0, description="a download that is slower for 30 s fails")
    max_redirects: int = Field(5, ge=0)
    allowed_ports: tuple[int, ...] = Field((80, 443), description="of public addresses")
    allow_private_addresses: bool = Field(
        False, description="fetch from loopback and private networks, at any port: tests only"
    )


class MediaSettings(Group):
    """Limits on media; over them is ``media.limits_exceeded``."""

    max_duration_seconds: float = Field(12 * 3600.0, gt=0)
    max_pixels: int = Field(35_389_440, gt=0, description="8192 x 4320")
    max_streams: int = Field(32, gt=0)
    max_memory_bytes: int = Field(1_500_000_000, gt=0, description="address space of one media process")
    max_scratch_bytes: int = Field(32 * 1024**3, gt=0, description="largest file a media process may write")
    probe_timeout_seconds: float = Field(60.0, gt=0)
    kill_grace_seconds: float = Field(2.0, ge=0, description="between SIGTERM and SIGKILL")
    encoder_threads: int = Field(0, ge=0, description="0: follow the stage's CPUs and the machine's cores")
    beats: Literal["numpy", "librosa"] = Field("numpy", description="who finds beats; librosa is of the extra audio")


WhisperSize = Literal["tiny", "base", "small", "medium", "large"]


class SpeechSettings(Group):
    """How speech becomes words."""

    model_size: WhisperSize | None = Field(
        None, description="of Whisper, where nobody asks for another; unset: tiny.en for English, base for the rest"
    )
    transcriber: str | None = Field(None, description="force one recogniser; unset: choose by what is there")
    weights_timeout_seconds: float = Field(8.0, gt=0, description="longest wait for the host of model weights")
    weights_url: str = Field("https://huggingface.co", description="that host: a Hugging Face hub or a mirror of it")
    whisper_model: str | None = Field(
        None, description="a directory with a CTranslate2 model, or one in the hub's cache; unset: tiny.en and base"
    )
    hot_words: tuple[str, ...] = Field((), description='names and terms that Whisper will hear: ["Kubernetes"]')
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where Whisper runs; auto: a GPU if there is one"
    )
    threads: int = Field(0, ge=0, description="of Whisper on CPUs; 0: follow the stage's CPUs and the machine's cores")


class AnalysisSettings(Group):
    """How a talk is analysed where no chat model is asked."""

    sentiment_model: str | None = Field(
        None,
        description="a text classifier of transformers, in a directory or the hub's cache, that says how sentences "
        "feel; unset: VADER, for English",
    )


class StorageSettings(Group):
    """The object store and the node's cache of it."""

    signed_url_seconds: int = Field(3600, gt=0)
    shared: bool = Field(
        False, description="without a bucket: every machine sees the same MOMENTS_HOME, such as by NFS"
    )
    cache_bytes: int = Field(20 * 1024**3, gt=0, description="bound of one node's cache of sources")


Origin = Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.:\[\]-]+)$")]


class ApiSettings(Group):
    """How much a client of the API may ask, and which web pages may read its answers."""

    requests_per_minute: int = Field(12_000, ge=0, description="of one key, or of one address without; 0: any number")
    deletion_timeout_seconds: float = Field(
        8.0, gt=0, description="a DELETE waits so long for the runs of a video to stop"
    )
    max_sockets: int = Field(2000, ge=1, description="WebSockets that one replica has open; over it is 1013")
    cors_origins: tuple[Origin, ...] = Field((), description='web origins that may use the API: ["https://HOST"]')


class Quota(Group):
    """How many requests the model clients of one role have under way in the whole cluster: ``replicas * at_once``."""

    replicas: int = Field(1, ge=1)
    at_once: int = Field(1, ge=1, description="requests a replica has under way")


Provider = Literal["anthropic", "openai", "replicate", "elevenlabs"]
_PROVIDER_FIELDS = ("api_key", "base_url")


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


class Settings(BaseSettings):
    """All settings; six carry the names operators know, the rest begin with ``MOMENTS_``.

    A nested setting is written with two underscores: ``MOMENTS_WORKER__RUNS_AT_ONCE=4``. What the environment does not
    say is looked up in the file that ``MOMENTS_ENV_FILE`` names, else in ``.env`` of the working directory.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        env_prefix="MOMENTS_",
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,  # it may be a secret
    )

    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="postgresql://…; unset: the embedded server",
    )
    redis_url: SecretStr | None = Field(
        None,
        validation_alias="REDIS_URL",
        description="redis://…; unset: the embedded server",
    )
    gcs_bucket_name: str | None = Field(
        None, validation_alias="GCS_BUCKET_NAME", description="unset: a directory under MOMENTS_HOME"
    )
    gcs_credentials_path: Path | None = Field(
        None, validation_alias="GCS_CREDENTIALS_PATH", description="unset: application default credentials"
    )
    backend_port: int = Field(7005, validation_alias="BACKEND_PORT", ge=1, le=65535)
    ray_address: str | None = Field(None, validation_alias="RAY_ADDRESS", description="unset: a Ray of our own")
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="where Prometheus finds the metrics of a Ray of our own; unset: any free port"
    )

    anthropic_api_key: SecretStr | None = Field(None, validation_alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = Field(None, validation_alias="ANTHROPIC_BASE_URL")
    anthropic_model: str = Field(
        "claude-3-5-sonnet-20241022",
        validation_alias="ANTHROPIC_MODEL",
        description="where it is not there any more, the newest of its family is asked",
    )
    openai_api_key: SecretStr | None = Field(None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(None, validation_alias="OPENAI_BASE_URL")
    replicate_api_key: SecretStr | None = Field(None, validation_alias="REPLICATE_API_KEY")
    replicate_api_token: SecretStr | None = Field(
        None, validation_alias="REPLICATE_API_TOKEN", description="the same, by the name that Replicate gives it"
    )
    replicate_base_url: str | None = Field(None, validation_alias="REPLICATE_BASE_URL")
    elevenlabs_api_key: SecretStr | None = Field(None, validation_alias="ELEVENLABS_API_KEY")
    elevenlabs_base_url: str | None = Field(None, validation_alias="ELEVENLABS_BASE_URL")

    home: Path = Field(default_factory=default_home, description="data of the embedded services, store and scratch")
    public_url: str | None = Field(None, description="where clients reach the API, for signed URLs of the directory")
    server_url: str | None = Field(
        None, description="the server that commands talk to; unset: BACKEND_PORT of loopback"
    )
    api_key: SecretStr | None = Field(None, description="the key that commands show to that server")
    webhook_secret: SecretStr | None = Field(
        None, description="whsec_… that signs webhooks; unset: one that is made once and kept in the database"
    )
    service_name: str = Field("ai-video-generator", description="what `/health` calls the service")
    watermark_enabled: bool = Field(
        default=True, validation_alias="AIVE_WATERMARK_ENABLED", description="whether films carry one unless asked"
    )
    watermark_text: str = Field("ai-video-editor", validation_alias="AIVE_WATERMARK_TEXT", max_length=60)
    consent_require_document: bool = Field(
        default=False,
        validation_alias="AIVE_CONSENT_REQUIRE_DOCUMENT",
        description="films need a signed document, not a checkbox alone",
    )
    editor_template: TemplateName = Field(
        "realistic_chaos", validation_alias="AIVE_TEMPLATE", description="what makes the first timeline of a project"
    )
    media_root: Path | None = Field(
        None,
        validation_alias="AIVE_MEDIA_ROOT",
        description="without a bucket: the directory of all objects; unset: store under MOMENTS_HOME",
    )
    chat_backend: str = Field(
        "stub",
        validation_alias="AIVE_CHAT_BACKEND",
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$",
        description="stub answers by rules, hf is AIVE_HF_URL; else the key of a model",
    )
    hf_url: str | None = Field(
        None, validation_alias="AIVE_HF_URL", description="a server of texts that speaks OpenAI's wire"
    )
    hf_text_model: str = Field("distilgpt2", validation_alias="AIVE_HF_TEXT_MODEL", max_length=200)
    app_name: str = Field("moments", max_length=200, description="the title of the API's description")
    environment: str = Field("", max_length=80, description="such as production: named in log lines and metrics")
    debug: bool = Field(default=False, description="log everything, and say so in `/health`")
    log_level: Annotated[str, AfterValidator(_log_level)] = "INFO"
    secret_key: SecretStr | None = Field(
        None, min_length=16, description="signs URLs of the directory store; unset: a key that is made once, kept in it"
    )
    traces_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="OTLP/HTTP address of a collector: http://HOST:4318/v1/traces; unset: nothing is traced",
    )
    fault: str | None = Field(None, description="POINT:ACTION to survive, once a home: tests of recovery only")
    pipelines: tuple[str, ...] = Field(
        (), description="modules whose products and pipelines are registered beside those of the package"
    )

    job_timeout: float = Field(
        3600.0,
        gt=0,
        description="seconds that a video job may take from its first claim, unless it says so itself",
    )

    resources: NodeResources = Field(default_factory=NodeResources)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    retry: RetrySettings = Field(default_factory=RetrySettings)
    download: DownloadSettings = Field(default_factory=DownloadSettings)
    sites: dict[SiteName, SiteSettings] = Field(
        default_factory=dict, description='by host: {"youtube.com": {"cookies_path": "/run/secrets/youtube.txt"}}'
    )
    media: MediaSettings = Field(default_factory=MediaSettings)
    speech: SpeechSettings = Field(default_factory=SpeechSettings)
    analysis: AnalysisSettings = Field(default_factory=AnalysisSettings)
    storage: StorageSettings = Field(default_factory=StorageSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    ads: AdSettings = Field(default_factory=AdSettings)

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value().startswith("sqlite"):
            raise ValueError("SQLite is not used here: unset DATABASE_URL, and an embedded PostgreSQL is started")
        return value

    @model_validator(mode="before")
    @classmethod
    def _with_debug(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {"log_level": "DEBUG", **values} if is_true(str(values.get("debug"))) else values

    @model_validator(mode="before")
    @classmethod
    def _with_providers(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take what providers' own variables say into the settings of models, which say more where both do."""
        said = {name.lower(): value for name, value in values.items() if value is not None and value != ""}
        said.setdefault("replicate_api_key", said.get("replicate_api_token"))
        models = said.get("models") or {}
        models = models.model_dump(exclude_unset=True) if isinstance(models, BaseModel) else dict(models)
        providers: dict[str, Any] = {name: dict(own) for name, own in (models.get("providers") or {}).items()}
        for name in get_args(Provider):
            own = {field: said.get(f"{name}_{field}") for field in _PROVIDER_FIELDS}
            found = {field: value for field, value in own.items() if value is not None}
            if found:
                providers[name] = {**found, **providers.get(name, {})}
        return {**values, "models": {**models, "providers": providers}} if providers else values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the file of ``MOMENTS_ENV_FILE`` in place of ``.env``, unless the caller named a file, or none.

        Raises:
            InvalidRequest: the file cannot be read; with defaults in its place a node would work on data of its own.
        """
        named = os.environ.get(ENV_FILE_VARIABLE)
        own = settings_cls.model_config.get("env_file")
        if named and isinstance(dotenv_settings, DotEnvSettingsSource) and dotenv_settings.env_file == own:
            if not os.access(named, os.R_OK) or not Path(named).is_file():
                raise InvalidRequest(f"{ENV_FILE_VARIABLE}={named} is no file that can be read: write it, or unset it.")
            dotenv_settings = DotEnvSettingsSource(settings_cls, env_file=named)
        said = [each.env_vars for each in (dotenv_settings, env_settings) if isinstance(each, EnvSettingsSource)]
        return init_settings, env_settings, dotenv_settings, file_secret_settings, DocumentNames(settings_cls, *said)

    @field_validator("webhook_secret")
    @classmethod
    def _is_webhook_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            webhook_key(value.get_secret_value())
        return value

    @property
    def store_directory(self) -> Path:
        """Where objects are kept without a bucket."""
        return self.media_root or self.home / "store"

    @property
    def scratch(self) -> Path:
        """The directory under which every run has a private one."""
        return self.home / "scratch"

    @field_validator("fault")
    @classmethod
    def _fault_is_known(cls, value: str | None) -> str | None:
        point, _, action = (value or "").partition(":")
        if value is not None and not (point in FAILPOINTS and action in FAULT_ACTIONS):
            raise ValueError(f"a fault is POINT:ACTION with {', '.join(FAILPOINTS)} and {', '.join(FAULT_ACTIONS)}")
        return value
