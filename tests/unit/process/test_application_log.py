"""``application.log``: lines of several writers, in files that do not grow for ever."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from moments_ray.process.application_log import ApplicationLog, keep_in_home, log_lines


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger of this test alone."""
    logger = logging.getLogger("test.application")
    logger.propagate = False
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    structlog.reset_defaults()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_line_is_a_json_object_with_its_fields_and_the_environment(logger: logging.Logger, tmp_path: Path) -> None:
    keep_in_home(logger, tmp_path / "home")
    log_lines("INFO", "production", logger.name)
    structlog.get_logger().warning("run.failed", run="1", name="reserved by logging")
    (line,) = lines(tmp_path / "home" / "application.log")
    assert {name: line[name] for name in ("level", "message", "run", "name_", "environment")} == {
        "level": "WARNING",
        "message": "run.failed",
        "run": "1",
        "name_": "reserved by logging",
        "environment": "production",
    }


def test_full_files_are_kept_for_a_while_and_every_writer_goes_on_in_the_new_one(
    logger: logging.Logger, tmp_path: Path
) -> None:
    path = tmp_path / "application.log"
    others = ApplicationLog(path, 1000)
    logger.addHandler(ApplicationLog(path, 1000))
    for number in range(100):
        logger.warning("line %d", number)
        others.emit(logging.makeLogRecord({"msg": f"other {number}", "levelname": "INFO"}))
    others.close()
    assert sorted(each.name for each in tmp_path.glob("application.log*")) == [
        "application.log",
        *(f"application.log.{number}" for number in range(1, 5)),
    ]
    newest = [line["message"] for line in [*lines(path.with_name("application.log.1")), *lines(path)]]
    assert newest[-2:] == ["line 99", "other 99"]
    assert all(each.stat().st_size < 1400 for each in tmp_path.glob("application.log*"))


def test_a_home_that_cannot_be_written_to_is_no_reason_to_say_nothing(
    logger: logging.Logger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").write_text("a file")
    logger.propagate = True
    keep_in_home(logger, tmp_path / "home")
    assert "application.log cannot be written" in caplog.text
