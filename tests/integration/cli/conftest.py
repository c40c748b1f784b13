"""The command line called as a function: its exit status, and what it wrote to stdout and stderr."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from moments_ray.cli.app import run_app


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


Moments = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``MOMENTS_HOME`` that is not there yet, and an environment that configures nothing else."""
    for name in ("DATABASE_URL", "REDIS_URL", "GCS_BUCKET_NAME", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOMENTS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)  # no .env of the checkout
    return tmp_path / "home"


@pytest.fixture
def moments(home: Path, capsys: pytest.CaptureFixture[str]) -> Moments:
    """Runs ``moments ARGUMENTS`` in this process."""

    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        status = run_app([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


@pytest.fixture
async def empty_database(postgres_url: str) -> AsyncIterator[str]:
    """The URL of an empty database on the session's server, gone after the test."""
    name = f"cli_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {name}")
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()
