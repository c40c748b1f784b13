"""One file of settings that every process of a machine reads, wherever it was started."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from moments_ray.errors import InvalidRequest
from moments_ray.settings import Settings


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that ``MOMENTS_ENV_FILE`` names, while another ``.env`` lies in the working directory."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("BACKEND_PORT=7777\n", "utf-8")
    monkeypatch.chdir(elsewhere)
    for name in ("BACKEND_PORT", "MOMENTS_WORKER__RUNS_AT_ONCE", "MOMENTS_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "moments.env"
    path.write_text("MOMENTS_WORKER__RUNS_AT_ONCE=7\nMOMENTS_LOG_LEVEL=DEBUG\n", "utf-8")
    monkeypatch.setenv("MOMENTS_ENV_FILE", str(path))
    return path


@pytest.mark.usefixtures("settings_file")
def test_the_named_file_is_read_in_place_of_the_working_directorys() -> None:
    settings = Settings()
    assert (settings.worker.runs_at_once, settings.log_level, settings.backend_port) == (7, "DEBUG", 7005)


@pytest.mark.usefixtures("settings_file")
def test_the_environment_outranks_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTS_LOG_LEVEL", "WARNING")
    assert Settings().log_level == "WARNING"


@pytest.mark.usefixtures("settings_file")
def test_a_caller_that_wants_no_file_gets_none() -> None:
    assert Settings(_env_file=None).worker.runs_at_once == 2


def test_a_named_file_that_is_not_there_is_an_error_and_not_a_default(settings_file: Path) -> None:
    settings_file.unlink()
    with pytest.raises(InvalidRequest, match=r"moments\.env is no file that can be read"):
        Settings()


DOCUMENTED = {
    "APP_NAME": "Video Processing API",
    "DEBUG": "true",
    "ENVIRONMENT": "development",
    "MAX_CONCURRENT_JOBS": "3",
    "JOB_TIMEOUT": "1800",
    "WHISPER_MODEL": "base",
    "ENABLE_GPU": "false",
    "SECRET_KEY": "your-production-secret-key",
}


def test_the_names_of_the_document_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in DOCUMENTED.items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)
    assert (settings.app_name, settings.debug, settings.environment) == ("Video Processing API", True, "development")
    assert (settings.worker.runs_at_once, settings.job_timeout, settings.log_level) == (3, 1800.0, "DEBUG")
    assert (settings.speech.model_size, settings.speech.device) == ("base", "cpu")
    assert settings.secret_key is not None
    assert settings.secret_key.get_secret_value() == "your-production-secret-key"


def test_the_names_of_the_document_are_read_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "document.env"
    path.write_text("".join(f'{name}="{value}"\n' for name, value in DOCUMENTED.items()), "utf-8")
    assert Settings(_env_file=path).worker.runs_at_once == 3


def test_our_own_names_are_stronger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "3")
    monkeypatch.setenv("MOMENTS_WORKER__RUNS_AT_ONCE", "5")
    monkeypatch.setenv("LOG_LEVEL", "warning")
    monkeypatch.setenv("MOMENTS_DEBUG", "1")
    settings = Settings(_env_file=None)
    assert (settings.worker.runs_at_once, settings.log_level) == (5, "WARNING")


@pytest.mark.parametrize(
    ("said", "size", "model"),
    [("base", "base", None), ("large-v3", "large", None), ("/models/own", None, "/models/own")],
)
def test_a_model_of_whispers_is_named_by_its_size_or_its_place(
    monkeypatch: pytest.MonkeyPatch, said: str, size: str | None, model: str | None
) -> None:
    monkeypatch.setenv("WHISPER_MODEL", said)
    speech = Settings(_env_file=None).speech
    assert (speech.model_size, speech.whisper_model) == (size, model)


def test_other_programs_words_for_debug_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "express:*")
    assert not Settings(_env_file=None).debug


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("DATABASE_URL", "sqlite:///./video_processing.db", "an embedded PostgreSQL is started"),
        ("MAX_CONCURRENT_JOBS", "many", "runs_at_once"),
        ("LOG_LEVEL", "LOUD", "a log level is"),
        ("SECRET_KEY", "secret7", "secret_key"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, cure: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=cure) as refused:
        Settings(_env_file=None)
    assert value not in str(refused.value)
