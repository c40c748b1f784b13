"""Jobs over whole libraries on a real PostgreSQL and Redis: they follow what workers do, and may die at any time."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from jobs.backfill import application
from moments_ray import runtime
from moments_ray.cli.app import run_app
from moments_ray.corpus.attending import attend_to_backfills
from moments_ray.embedded.services import Services
from moments_ray.settings import Settings

ROOT = Path(__file__).parents[3]


@dataclass
class Deployment:
    """A database of the test's own, and what is in it."""

    environment: dict[str, str]
    url: str
    folder: Path

    def urls(self, count: int) -> Path:
        """A list of so many videos, of an address that may be fetched from and does not answer."""
        path = self.folder / "urls.txt"
        path.write_text("".join(f"http://127.0.0.1:1/{n}.mp4\n" for n in range(count)))
        return path

    def rows(self, query: str) -> list[asyncpg.Record]:
        async def ask() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.url)
            try:
                return list(await connection.fetch(query))
            finally:
                await connection.close()

        return asyncio.run(ask())

    def started(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Begin the job in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "jobs.backfill", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, query: str, seconds: float = 120.0) -> None:
        """Wait until a question to the database is answered with yes."""
        deadline = time.monotonic() + seconds
        while not self.rows(query)[0][0]:
            assert time.monotonic() < deadline, query
            time.sleep(0.1)


@pytest.fixture
def deployment(embedded: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    name = f"backfill_{random.randrange(10**9)}"
    asyncio.run(_execute(embedded.database_url, f"CREATE DATABASE {name}"))
    url = make_url(embedded.database_url).set(database=name).render_as_string(hide_password=False)
    environment = {
        "DATABASE_URL": url,
        "REDIS_URL": embedded.redis_url,
        "MOMENTS_HOME": str(tmp_path / "home"),
        "MOMENTS_DOWNLOAD__ALLOW_PRIVATE_ADDRESSES": "true",
    }
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("GCS_BUCKET_NAME", raising=False)
    monkeypatch.chdir(tmp_path)
    asyncio.run(runtime.migrate(Settings(_env_file=None)))
    yield Deployment(environment, url, tmp_path)
    asyncio.run(_execute(embedded.database_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


class Worker:
    """Does what workers do for backfills, and ends every run at once: with the status that its URL asks for."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()))

    def __enter__(self) -> Worker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    async def _work(self) -> None:
        settings = Settings(_env_file=None)
        environment = runtime.connect(settings)
        url = settings.database_url.get_secret_value() if settings.database_url else ""
        while not self._over.is_set():
            await attend_to_backfills(environment)
            await _execute(
                url,
                "UPDATE runs SET started_at = queued_at, completed_at = now(), status = CASE WHEN source_url LIKE "
                "'%bad%' THEN 'failed' ELSE 'completed' END, error = CASE WHEN source_url LIKE '%bad%' THEN "
                """'{"code": "download.private", "message": "It is private."}'::jsonb END """
                "FROM videos WHERE videos.id = runs.video_id AND runs.status = 'queued'",
            )
            await asyncio.sleep(0.1)
        await environment.close()


@pytest.fixture
def worker(deployment: Deployment) -> Iterator[Worker]:
    with Worker() as worker:
        yield worker


Backfill = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def backfill(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> Backfill:
    """Runs the job in this process; returns its exit status, its document, and what it said."""

    def run(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        status = run_app([*map(str, arguments), "--json"], application)
        said = capsys.readouterr()
        return status, json.loads(said.out), said.err

    return run


def test_every_video_is_worked_on_once_and_the_same_command_takes_up_the_same_backfill(
    backfill: Backfill, deployment: Deployment, worker: Worker
) -> None:
    urls = deployment.urls(5)
    urls.write_text(urls.read_text() + "HTTP://127.0.0.1:1/3.mp4#t=5\n")  # another spelling of the fourth
    status, done, said = backfill(urls, "--count", "3", "--in-flight", "2")
    assert (status, done["status"]) == (0, "completed")
    assert "completed: 5 of 6 completed, 1 skipped" in said
    rows = deployment.rows("SELECT priority, pipeline, config, idempotency_key FROM runs")
    assert {(row["priority"], row["pipeline"]) for row in rows} == {(1, "moments")}
    assert {json.loads(row["config"])["generation"]["find"]["count"] for row in rows} == {3}
    assert len({row["idempotency_key"] for row in rows}) == len(rows) == 5
    _, again, _ = backfill(urls, "--count", "3", "--in-flight", "9")
    assert (again["identifier"], again["in_flight"]) == (done["identifier"], 9)
    _, other, _ = backfill(urls, "--count", "3", "--name", "Once more", "--mode", "rederive")
    assert other["identifier"] != done["identifier"]
    assert deployment.rows("SELECT count(*) FROM runs")[0][0] == 5  # they did exactly this before


@pytest.mark.parametrize(("arguments", "expected"), [((), 0), (("--strict",), 3)])
def test_what_fails_stops_nothing_and_counts_where_it_is_asked_for(
    backfill: Backfill, deployment: Deployment, worker: Worker, arguments: tuple[str, ...], expected: int
) -> None:
    path = deployment.folder / "urls.csv"
    path.write_text("url\nnot a url\nhttp://127.0.0.1:1/a.mp4\nfile:///etc/passwd\n\nhttp://127.0.0.1:1/bad.mp4\n")
    status, done, said = backfill(path, *arguments)
    assert (status, done["status"]) == (expected, "completed_with_errors")
    assert (done["counts"]["completed"], done["counts"]["failed"]) == (1, 3)
    assert "3 failed" in said
    rows = deployment.rows("SELECT line, error_code FROM backfill_items WHERE status = 'failed' ORDER BY line")
    assert [tuple(row) for row in rows] == [(2, "url.not_allowed"), (4, "url.not_allowed"), (6, "download.private")]


def test_a_limit_ends_the_job_and_a_higher_one_is_another_backfill(
    backfill: Backfill, deployment: Deployment, worker: Worker
) -> None:
    status, done, said = backfill(deployment.urls(5), "--limit", "2")
    assert (status, done["status"], done["paused_by"]) == (0, "paused", "budget.videos")
    assert "paused by budget.videos: 2 of 5 completed" in said


def test_a_dry_run_tells_and_does_nothing(backfill: Backfill, deployment: Deployment) -> None:
    status, estimate, said = backfill(deployment.urls(700), "--dry-run")
    assert (status, estimate["videos"], estimate["known"]) == (0, 700, 0)
    assert "700 entries: 700 videos to work on" in said
    assert deployment.rows("SELECT 1 FROM videos UNION SELECT 1 FROM backfills") == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere.txt",), "cannot be read"),
        (("urls.txt", "--min-seconds", "50", "--max-seconds", "10"), "minimum length"),
        (("urls.txt", "--generation-model", "gpt-9"), "There is no moment generator 'gpt-9'"),
        (("urls.txt", "--priority", "11"), "--priority"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    backfill: Backfill, deployment: Deployment, arguments: tuple[str, ...], told: str
) -> None:
    deployment.urls(3)
    status, document, _ = backfill(*arguments)
    assert status == 2
    assert told in document["error"]["message"]
    assert deployment.rows("SELECT * FROM backfills") == []


def test_a_job_that_is_stopped_or_killed_leaves_its_backfill_to_workers(deployment: Deployment) -> None:
    urls = deployment.urls(60)
    for number in (signal.SIGKILL, signal.SIGTERM):
        job = deployment.started(urls, "--in-flight", "5")
        assert job.stderr is not None
        assert job.stderr.readline().startswith("backfill ")  # it follows
        job.send_signal(number)
        _, err = job.communicate(timeout=60)
    assert (job.returncode, "Traceback" in err) == (128 + signal.SIGTERM, False)
    assert "the same command follows again" in err
    with Worker():
        deployment.until("SELECT status = 'completed' FROM backfills")
    job = deployment.started(urls, "--in-flight", "5", "--json")
    out, err = job.communicate(timeout=60)
    assert (job.returncode, json.loads(out)["counts"]["completed"]) == (0, 60), err
    (count,) = deployment.rows("SELECT count(*), count(DISTINCT video_id) AS videos FROM runs")
    assert (count["count"], count["videos"]) == (60, 60)


def test_no_more_are_in_flight_than_allowed(deployment: Deployment) -> None:
    job = deployment.started(deployment.urls(12), "--in-flight", "5")
    try:
        deployment.until("SELECT count(*) = 1 FROM backfills")
        environment = runtime.connect(Settings(_env_file=None))

        async def attend() -> None:
            for _ in range(3):
                await attend_to_backfills(environment)
            await environment.close()

        asyncio.run(attend())
        assert deployment.rows("SELECT count(*) FROM runs")[0][0] == 5
    finally:
        job.kill()
        job.communicate()
