"""``moments migrate``: from where to where, one at a time, and a word when nobody answers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from moments_ray.database import schema
from tests.integration.cli.conftest import Moments
from tests.integration.cli.living_server import command, environment


def test_it_says_from_where_to_where(moments: Moments, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    first = moments("migrate")
    assert (first.status, first.stdout) == (0, f"schema: none -> {schema.head()}\n")
    again = moments("migrate")
    assert (again.status, again.stdout) == (0, f"schema: {schema.head()} -> {schema.head()}\n")


def test_two_at_once_make_one_schema(empty_database: str, tmp_path: Path) -> None:
    migrators = [
        subprocess.Popen(
            command("migrate"),
            env=environment(tmp_path / "home", DATABASE_URL=empty_database),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [migrator.communicate(timeout=100) for migrator in migrators]
    assert [migrator.returncode for migrator in migrators] == [0, 0], outputs
    assert all(output.endswith(f"-> {schema.head()}\n") for output, _ in outputs)


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("postgresql://me:secret@127.0.0.1:1/db", 1, "database.unavailable"),
        ("postgresql://me:secret@no-such-host.invalid/db", 1, "database.unavailable"),
        ("mysql://me:secret@host/db", 2, "input.invalid"),
    ],
)
def test_a_database_that_is_not_there_is_one_sentence(
    moments: Moments, monkeypatch: pytest.MonkeyPatch, url: str, status: int, code: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    outcome = moments("migrate")
    assert outcome.status == status
    assert re.fullmatch(rf"error: [^\n]*DATABASE_URL[^\n]* \[{re.escape(code)}\]\n", outcome.stderr)
    assert "secret" not in outcome.stderr
