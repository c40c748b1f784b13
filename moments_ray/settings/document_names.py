"""Settings by the names that the documents of jobs and of the editor give them; our own names outrank them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

_TRUE = {"1", "true", "yes", "on"}
_SIZES = ("tiny", "base", "small", "medium", "large")


@dataclass(frozen=True)
class DocumentName:
    """A name of the document: where in the settings its value goes, as ``read`` understands it."""

    name: str
    setting: tuple[str, ...]
    read: Callable[[str], Any] = str

    @property
    def own_name(self) -> str:
        """The variable of ours that says the same, and is stronger."""
        name = "__".join(self.setting)
        return name if name.isupper() else f"MOMENTS_{name.upper()}"


def is_true(value: str) -> bool:
    """Tell whether a switch is on; DEBUG is many programs' variable, and none of their words is an error here."""
    return value.strip().lower() in _TRUE


def _size_of(value: str) -> str | None:
    """Return the size that a name of Whisper's says, ``base`` of ``base.en`` and ``large`` of ``large-v3``."""
    word = value.strip().lower().removesuffix(".en").partition("-v")[0]
    return word if word in _SIZES else None


def _listed(value: str) -> list[str]:
    return [each.strip() for each in value.split(",") if each.strip()]


DOCUMENT_NAMES = (
    DocumentName("APP_NAME", ("app_name",)),
    DocumentName("DEBUG", ("debug",), is_true),
    DocumentName("ENVIRONMENT", ("environment",)),
    DocumentName("LOG_LEVEL", ("log_level",)),
    DocumentName("SECRET_KEY", ("secret_key",)),
    DocumentName("MAX_CONCURRENT_JOBS", ("worker", "runs_at_once")),
    DocumentName("JOB_TIMEOUT", ("job_timeout",)),
    DocumentName("WHISPER_MODEL", ("speech", "model_size"), _size_of),
    DocumentName("WHISPER_MODEL", ("speech", "whisper_model"), lambda value: None if _size_of(value) else value),
    DocumentName("AIVE_WHISPER_MODEL", ("speech", "model_size"), _size_of),
    DocumentName("AIVE_WHISPER_MODEL", ("speech", "whisper_model"), lambda value: None if _size_of(value) else value),
    DocumentName("AIVE_DATABASE_URL", ("DATABASE_URL",)),
    DocumentName("AIVE_REDIS_URL", ("REDIS_URL",)),
    DocumentName("CORS_ORIGINS", ("api", "cors_origins"), _listed),
    DocumentName("AIVE_CORS_ORIGINS", ("api", "cors_origins"), _listed),
    DocumentName("ENABLE_GPU", ("speech", "device"), lambda value: "auto" if is_true(value) else "cpu"),
)
WITHOUT_EFFECT = {"QUEUE_POLL_INTERVAL": "workers are woken, and look every 2 s besides"}


class DocumentNames(PydanticBaseSettingsSource):
    """What the environment, and the file of settings below it, say by those names; the weakest of the sources."""

    def __init__(self, settings_cls: type[BaseSettings], *said: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._said = {name.upper(): value for each in said for name, value in each.items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the protocol's
        """Return nothing of one field: all are read together."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return what is said, as settings are nested."""
        found: dict[str, Any] = {}
        for known in DOCUMENT_NAMES:
            said = self._said.get(known.name)
            value = known.read(said) if said else None
            if value is not None:
                *groups, last = known.setting
                inside = found
                for group in groups:
                    inside = inside.setdefault(group, {})
                inside[last] = value
        return found
