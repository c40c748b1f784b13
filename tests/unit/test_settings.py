"""One file of settings that every process of a machine reads, wherever it was started."""

from __future__ import annotations

from pathlib import Path

import pytest

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
