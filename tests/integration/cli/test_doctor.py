"""``moments doctor``: everything asked at once, one line each, and the exit status says whether a run would fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.embedded.services import Services
from moments_ray.media import process
from tests.integration.cli.conftest import Moments, Outcome

NOBODY = {
    "DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/db",
    "REDIS_URL": "redis://:secret@127.0.0.1:1/0",
    "RAY_ADDRESS": "127.0.0.1:1",
}


@pytest.fixture
def servers(home: Path, embedded: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session's PostgreSQL and Redis, as an operator would configure their own."""
    monkeypatch.setenv("DATABASE_URL", embedded.database_url)
    monkeypatch.setenv("REDIS_URL", embedded.redis_url)


def statuses(outcome: Outcome) -> dict[str, str]:
    return {check["name"]: check["status"] for check in outcome.document["checks"]}


def message(outcome: Outcome, name: str) -> str:
    return next(str(check["message"]) for check in outcome.document["checks"] if check["name"] == name)


@pytest.mark.usefixtures("servers")
def test_a_machine_with_everything_is_fit(moments: Moments) -> None:
    assert moments("migrate").status == 0
    outcome = moments("doctor", "--json")
    assert outcome.status == 0, outcome
    assert outcome.document["ok"] is True
    found = statuses(outcome)
    assert {
        found[name] for name in ("ffmpeg", "database", "redis", "store", "speech captions", "ray", "disk", "javascript")
    } == {"ok"}
    assert "libx264" in message(outcome, "ffmpeg")
    assert message(outcome, "speech") == "a video without captions is transcribed by whisper"


@pytest.mark.usefixtures("servers")
def test_it_prints_one_line_a_check(moments: Moments, home: Path) -> None:
    outcome = moments("doctor")
    lines = outcome.stdout.splitlines()
    assert len(lines) >= 9
    assert all(line.split()[0] in {"ok", "warning", "failed"} for line in lines)
    assert list((home / "store").rglob("*doctor*")) == []


def test_what_does_not_answer_is_named_with_its_cure_and_without_passwords(
    moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)
    outcome = moments("doctor", "--json")
    assert outcome.status == 1
    assert outcome.document["ok"] is False
    found = statuses(outcome)
    assert (found["database"], found["redis"], found["ray"]) == ("failed", "failed", "failed")
    assert found["ffmpeg"] == "ok"
    assert "mend DATABASE_URL" in message(outcome, "database")
    assert "REDIS_URL" in message(outcome, "redis")
    assert "unset RAY_ADDRESS" in message(outcome, "ray")
    assert "secret" not in outcome.stdout


@pytest.mark.usefixtures("servers")
def test_a_database_of_another_version_is_sent_to_migrate(
    moments: Moments, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    outcome = moments("doctor", "--json")
    assert outcome.status == 1
    assert statuses(outcome)["database"] == "failed"
    assert "moments migrate" in message(outcome, "database")


@pytest.mark.usefixtures("servers")
def test_a_forced_recogniser_that_is_not_there_fails(moments: Moments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTS_SPEECH__TRANSCRIBER", "a_better_ear")
    outcome = moments("doctor", "--json")
    assert outcome.status == 1
    assert statuses(outcome)["speech"] == "failed"


@pytest.mark.usefixtures("servers")
def test_an_ffmpeg_without_an_encoder_fails(moments: Moments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poor = tmp_path / "ffmpeg"
    poor.write_text(
        f'#!/bin/sh\nfor word; do [ "$word" = libx264 ] && echo "Unknown encoder" >&2 && exit 1; done\n'
        f'exec {process.ffmpeg_executable()} "$@"\n'
    )
    poor.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(poor))
    outcome = moments("doctor", "--json")
    assert outcome.status == 1
    assert "libx264" in message(outcome, "ffmpeg")
