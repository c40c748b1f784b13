"""Frozen settings, read once at a process's entry and passed from there; nothing else reads the environment."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from moments_ray.errors import InvalidRequest
from moments_ray.process.failpoint import FAILPOINTS, FAULT_ACTIONS
from moments_ray.process.webhook_secret import webhook_key
from moments_ray.settings.document_names import DocumentNames, is_true
from moments_ray.settings.groups import (
    AnalysisSettings,
    ApiSettings,
    DatabaseSettings,
    DownloadSettings,
    Group,
    MediaSettings,
    NodeResources,
    RetrySettings,
    SpeechSettings,
    StorageSettings,
    WhisperSize,
    WorkerSettings,
)
from moments_ray.settings.models import AdSettings, ModelSettings, Price, Provider, ProviderSettings, Quota
from moments_ray.site_settings import SiteName, SiteSettings

__all__ = [
    "AdSettings",
    "AnalysisSettings",
    "ApiSettings",
    "DatabaseSettings",
    "DownloadSettings",
    "Group",
    "MediaSettings",
    "ModelSettings",
    "NodeResources",
    "Price",
    "Provider",
    "ProviderSettings",
    "Quota",
    "RetrySettings",
    "Settings",
    "SpeechSettings",
    "StorageSettings",
    "WhisperSize",
    "WorkerSettings",
    "default_home",
]

TemplateName = Literal["realistic_chaos", "clean", "beat_cut", "podcast", "highlights"]
ENV_FILE_VARIABLE = "MOMENTS_ENV_FILE"
_PROVIDER_FIELDS = ("api_key", "base_url")


def default_home() -> Path:
    """Return ``~/.moments``; for root a directory outside every home, because PostgreSQL runs as its own user."""
    return Path("/var/lib/moments") if os.geteuid() == 0 else Path.home() / ".moments"


def _log_level(value: str) -> str:
    """Return a level in capitals; raises where there is none of that name."""
    if value.upper() not in logging.getLevelNamesMapping():
        raise ValueError("a log level is DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return value.upper()


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
