"""The backfill on a real PostgreSQL and Redis: every video once, however often it is begun, stopped or killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
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

    @property
    def runs(self) -> int:
        return int(self.rows("SELECT count(*) FROM runs")[0][0])

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

    def killed_at(self, runs: int, *arguments: str | Path) -> None:
        """Begin the job, and kill it as soon as there are so many runs."""
        job = self.started(*arguments)
        try:
            self.until(lambda: job.poll() is not None or self.runs >= runs)
            assert job.poll() is None, job.communicate()
        finally:
            job.kill()
            job.communicate()

    def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.02)


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


Backfill = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def backfill(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> Backfill:
    """Runs the job in this process; returns its exit status, its summary, and what it said."""

    def run(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        status = run_app([*map(str, arguments), "--json"], application)
        said = capsys.readouterr()
        return status, json.loads(said.out), said.err

    return run


def test_every_video_is_handed_in_once_at_low_priority(backfill: Backfill, deployment: Deployment) -> None:
    urls = deployment.urls(5)
    urls.write_text(urls.read_text() + "HTTP://127.0.0.1:1/3.mp4#t=5\n")  # another spelling of the fourth
    status, summary, _ = backfill(urls, "--count", "3")
    assert status == 0
    assert {name: summary[name] for name in ("lines", "enqueued", "known", "malformed")} == {
        "lines": 6,
        "enqueued": 5,
        "known": 1,
        "malformed": 0,
    }
    rows = deployment.rows("SELECT priority, status, pipeline, config, message_id FROM runs")
    assert {(row["priority"], row["status"], row["pipeline"]) for row in rows} == {(1, "queued", "moments")}
    assert {json.loads(row["config"])["generation"]["find"]["count"] for row in rows} == {3}
    assert all(row["message_id"] for row in rows)  # they were enqueued
    _, again, _ = backfill(urls, "--count", "3", "--priority", "2")
    assert (again["enqueued"], again["known"], deployment.runs) == (0, 6, 5)
    urls.write_text(urls.read_text() + "http://127.0.0.1:1/new.mp4\n")
    _, more, _ = backfill(urls, "--count", "3")
    assert (more["enqueued"], more["known"], deployment.runs) == (1, 6, 6)


def test_nonsense_is_counted_and_told_with_its_line_and_stops_nothing(
    backfill: Backfill, deployment: Deployment
) -> None:
    path = deployment.folder / "urls.csv"
    path.write_text(
        "url\nnot a url\nhttp://127.0.0.1:1/a.mp4\nfile:///etc/passwd\n\nhttp://no-such-host.invalid/b.mp4\n"
    )
    status, summary, said = backfill(path)
    assert status == 3
    assert (summary["enqueued"], summary["malformed"], summary["refused"]) == (1, 2, 1)
    assert [problem["line"] for problem in summary["problems"]] == [2, 4, 6]
    assert "line 4: Only http and https URLs are fetched. [url.not_allowed]" in said
    assert deployment.runs == 1


def test_a_video_that_somebody_else_works_on_is_left_for_the_next_time(
    backfill: Backfill, deployment: Deployment
) -> None:
    urls = deployment.urls(2)
    assert backfill(urls, "--count", "2", "--limit", "1")[1]["enqueued"] == 1
    status, summary, _ = backfill(urls, "--count", "9")
    assert (status, summary["busy"], summary["enqueued"]) == (3, 1, 1)
    asyncio.run(_execute(deployment.url, "UPDATE runs SET status = 'completed'"))
    status, summary, _ = backfill(urls, "--count", "9")
    assert (status, summary["enqueued"], summary["known"]) == (0, 1, 1)


def test_a_dry_run_tells_and_does_nothing(backfill: Backfill, deployment: Deployment) -> None:
    urls = deployment.urls(700)
    status, summary, _ = backfill(urls, "--dry-run")
    assert (status, summary["enqueued"], summary["dry_run"]) == (0, 700, True)
    assert deployment.rows("SELECT * FROM videos") == []
    assert backfill(urls, "--limit", "7", "--in-flight", "100")[1]["enqueued"] == 7
    assert backfill(urls, "--dry-run")[1]["enqueued"] == 693
    assert deployment.runs == 7


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
    assert deployment.runs == 0


def test_no_more_are_in_flight_than_allowed_and_sigterm_ends_it_in_good_order(deployment: Deployment) -> None:
    job = deployment.started(deployment.urls(12), "--in-flight", "5", "--json")
    try:
        deployment.until(lambda: deployment.runs == 5)
        time.sleep(2.5)
        assert deployment.runs == 5
        asyncio.run(_execute(deployment.url, "UPDATE runs SET status = 'completed'"))
        deployment.until(lambda: deployment.runs == 10)
        job.send_signal(signal.SIGTERM)
        out, err = job.communicate(timeout=30)
    finally:
        job.kill()
    assert job.returncode == 128 + signal.SIGTERM
    assert (json.loads(out)["stopped"], json.loads(out)["enqueued"]) == (True, 10)
    assert "the same command goes on from here" in err
    assert "Traceback" not in err


def test_killed_at_random_and_begun_again_every_video_is_there_once(deployment: Deployment) -> None:
    urls, count = deployment.urls(240), 240
    chance = random.Random(240)
    for least in (chance.randrange(1, 100), chance.randrange(120, 220)):
        deployment.killed_at(least, urls, "--in-flight", "1000")
    assert 120 <= deployment.runs < count
    job = deployment.started(urls, "--in-flight", "1000", "--json")
    out, err = job.communicate(timeout=120)
    summary = json.loads(out)
    assert job.returncode == 0, err
    assert (summary["enqueued"] + summary["known"], summary["lines"]) == (count, count)
    assert 0 < summary["enqueued"] < 120
    rows = deployment.rows("SELECT video_id, count(*) FROM runs GROUP BY video_id")
    assert (len(rows), {row["count"] for row in rows}) == (count, {1})
    assert len(deployment.rows("SELECT DISTINCT idempotency_key FROM runs")) == count
