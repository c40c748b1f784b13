"""``moments up`` seen from outside: what answers, who may ask, and that nothing is left when it stops."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic.warnings import PydanticDeprecatedSince20

from moments_ray import runtime
from moments_ray.cli.presence import server_lives
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.service import RunService
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import MomentsRequest
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from tests.integration.cli.conftest import Moments
from tests.integration.cli.living_server import STOP_SECONDS, LivingServer, command, environment, living_server
from tests.runs import submit

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    import ray.serve  # noqa: F401 - its own use of pydantic warns, and commands called in this process import it

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server() -> Iterator[LivingServer]:
    """One server for the module; the last test stops it."""
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory, living_server(Path(directory) / "h") as up:
        yield up


@pytest.fixture
def client(server: LivingServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


def test_every_part_is_healthy(client: httpx.Client) -> None:
    for _ in range(100):  # the server answers before its worker has looked at the queue
        answer = client.get("/health")
        report = answer.json()
        if report["queue_running"]:
            break
        time.sleep(0.2)
    assert answer.status_code == 200, report
    assert {part: report[part]["status"] for part in ("database", "redis", "ray")} == {
        "database": "ok",
        "redis": "ok",
        "ray": "ok",
    }
    assert (report["status"], report["queue_running"]) == ("healthy", True)
    assert report["ray"]["nodes"] == 1
    assert report["ray"]["unsatisfiable"] == {}
    assert client.get("/livez").json() == {"status": "ok"}


def test_an_answer_carries_one_request_id_the_problem_too(client: httpx.Client) -> None:
    answer = client.get("/nowhere", headers={"X-Request-ID": "asked-by-a-test"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get_list("x-request-id") == ["asked-by-a-test"]
    assert answer.json()["request_id"] == "asked-by-a-test"


def test_only_this_machine_reaches_its_ports(server: LivingServer) -> None:
    listeners = server.listeners()
    assert len(listeners) > 10
    # Serve opens its replicas' port on every interface, whatever it is told; like Ray's others it asks for the token.
    assert {name for name, loopback in listeners if not loopback if not name.startswith("ray::ServeReplica")} == set()


def test_ray_asks_for_the_token_that_only_its_owner_can_read(server: LivingServer) -> None:
    dashboard = server.found(r"dashboard +(http://127\.0\.0\.1:\d+)")
    token_file = Path(server.found(r"asks for the token in (\S+)"))
    assert token_file.is_relative_to(server.home)
    assert token_file.stat().st_mode & 0o777 == 0o600
    token = token_file.read_text()
    assert httpx.get(f"{dashboard}/api/version", trust_env=False).status_code == 401
    knows = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{dashboard}/api/version", headers=knows, trust_env=False).status_code == 200


def test_other_commands_know_that_it_is_there(server: LivingServer) -> None:
    assert server_lives(Settings(_env_file=None, home=server.home))


def test_a_second_server_of_the_same_home_is_refused(server: LivingServer) -> None:
    second = subprocess.run(
        command("up"), env=environment(server.home), cwd="/tmp", capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 2
    assert f"A `moments up` of {server.home} is running already" in second.stderr
    assert second.stderr.count("\n") == 1


def test_a_worker_joins_and_drains(server: LivingServer) -> None:
    address = server.found(r"started at (\S+):")
    said = []
    with subprocess.Popen(
        command("worker"),
        env=environment(server.home, RAY_ADDRESS=address),
        cwd="/tmp",
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stderr is not None
        for line in worker.stderr:
            said.append(line)
            if line.startswith("ready"):
                worker.terminate()
    assert worker.returncode == 0, said
    assert any(line.startswith("stopping") for line in said)
    assert httpx.get(f"{server.url}/health", trust_env=False).status_code == 200


def test_a_worker_that_was_killed_takes_runs_again(server: LivingServer) -> None:
    workers = [pid for pid, title in server.processes().items() if title.startswith("ray::WorkerActor")]
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert asyncio.run(verdict_of_a_run(server.home)) == ("failed", "input.not_found")


async def verdict_of_a_run(home: Path) -> tuple[str, str]:
    """Submit a run that has nothing to work on, and wait for what becomes of it."""
    settings = Settings(_env_file=None, home=home, database_url=None, redis_url=None, ray_address=None)
    async with runtime.services(settings) as resolved:
        environment, client = runtime.connect(resolved), runtime.open_redis(resolved)
        video, _ = await get_or_create_video(environment.database.row, "test:nothing")
        request = MomentsRequest(source=Source(video=video.identifier, path=str(home / "nothing.mp4")))
        run = await submit(RunService(environment, client), MOMENTS, request)
        async with asyncio.timeout(60):
            while not RunStatus(run.status).finished:
                await asyncio.sleep(0.2)
                async with environment.database.read() as session:
                    run = await Runs(session).get(run.identifier)
        await client.aclose()
        await environment.close()
        return run.status, (run.error or {}).get("code", "")


def test_this_machine_needs_no_key_until_there_is_one(server: LivingServer, client: httpx.Client) -> None:
    assert "no API keys are configured" in server.said
    assert client.get("/api/videos").status_code == 200
    assert client.get("/api/videos", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403
    assert client.get("/api/videos", headers={"Host": "evil.example"}).status_code == 403
    made = subprocess.run(
        command("keys", "create", "--name", "test", "--scope", "read"),
        env=environment(server.home),
        cwd="/tmp",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert client.get("/api/videos").status_code == 401
    bearer = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert client.get("/api/videos", headers=bearer).status_code == 200
    assert client.post("/api/videos", headers=bearer, json={"url": "http://127.0.0.1/a.mp4"}).status_code == 403
    assert client.get("/livez").status_code == 200


def test_sigterm_ends_it_with_nothing_left(server: LivingServer) -> None:
    assert server.stop(signal.SIGTERM) == 0, server.said
    assert server.left_behind() == []
    assert not server_lives(Settings(_env_file=None, home=server.home))
    assert "Traceback" not in server.said


def test_strangers_are_not_served(moments: Moments, home: Path) -> None:
    outcome = moments("up", "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert outcome.status == 2
    assert "No API keys are configured" in outcome.stderr
    assert not home.exists()


def test_a_port_in_use_is_named(moments: Moments) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = moments("up", "--port", str(port))
    assert outcome.status == 2
    assert f"Port {port} of 127.0.0.1 is in use" in outcome.stderr


def test_a_home_that_cannot_be_used_is_named(moments: Moments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTS_HOME", "/proc/none")
    outcome = moments("up")
    assert outcome.status == 2
    assert "set MOMENTS_HOME" in outcome.stderr


def test_a_worker_without_a_cluster_is_told_to_name_one(moments: Moments, home: Path) -> None:
    outcome = moments("worker")
    assert outcome.status == 2
    assert "set RAY_ADDRESS" in outcome.stderr
    assert not home.exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_its_whole_group_ends_it_with_nothing_left(number: signal.Signals) -> None:
    """As GNU timeout does it: some of Ray's processes end before the server has drained."""
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory, living_server(Path(directory) / "h") as up:
        assert up.stop(number, group=True) == 0, up.said
        assert up.left_behind() == []


@pytest.mark.slow
@pytest.mark.parametrize("part", ["gcs_server", "raylet"])
def test_a_server_whose_ray_was_killed_ends_with_a_word_and_nothing_left(part: str) -> None:
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory, living_server(Path(directory) / "h") as up:
        pid = next(pid for pid, name in up.processes().items() if Path(name.split()[0]).name == part)
        os.kill(pid, signal.SIGKILL)
        assert up.process.wait(STOP_SECONDS) == 1
        assert "[ray.unavailable]" in up.said
        assert up.left_behind() == []


@pytest.mark.slow
def test_a_killed_server_does_not_keep_the_next_from_starting() -> None:
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory:
        home = Path(directory) / "h"
        with living_server(home) as killed:
            killed.process.kill()
            killed.process.wait()
        with living_server(home) as next_one:
            assert httpx.get(f"{next_one.url}/health", trust_env=False).status_code == 200
            assert next_one.stop() == 0
            assert [*killed.left_behind(), *next_one.left_behind()] == []
