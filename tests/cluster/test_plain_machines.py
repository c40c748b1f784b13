"""Three machines by the units of deploy/systemd: nodes that come, a job as README has it, what the loss of each costs.

The tests are in the order of a cluster's life: each goes on with the machines as the one before left them.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import time
from collections.abc import Callable

import httpx
import pytest

from moments_ray.moments.pipelines import MOMENTS
from tests.cluster.conftest import Library
from tests.cluster.machines import READY_SECONDS, Cluster
from tests.cluster.units import ROOT
from tests.cluster.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

LINES = int(os.environ.get("LINES_OF_MANIFEST", "60"))
_RUNS_SECONDS = 600.0
Tell = Callable[[str], None]

# Stages that ask for nothing are executed by the worker, which is beside the head.
_WAITING_STAGES = {stage.name for stage in MOMENTS.steps if not stage.resources.requirements()}

# Tasks of Ray that are stages, drivers or items of a run, and what they start.
_OF_A_RUN = re.compile(r"ray::([0-9a-f]{8}-[0-9a-f]{4}-|Map\()|ffmpeg|ffprobe|media/child\.py")


def _kill_a_node(machines: Cluster) -> int:
    return machines.machines["two"].kill()


def _kill_the_worker(machines: Cluster) -> int:
    return machines.head.kill("ray::WorkerActor")


async def test_a_run_on_a_cluster_without_a_media_node_is_demand_within_seconds(
    machines: Cluster, library: Library, tell: Tell
) -> None:
    began = time.monotonic()
    _, up = await machines.start_head()
    await until(lambda: "ready;" in up.said, READY_SECONDS)
    tell(f"the head and the server were ready after {time.monotonic() - began:.1f} s")
    look = machines.begin("demand", "python", "-m", "tests.cluster.look", "demand", "60")
    await asyncio.sleep(6)  # it is imported by then, and looks
    submitted = time.time()
    runs = await library.submit(1)
    assert look.wait(60) == 0, machines.head.said("demand")
    seconds = float(machines.head.said("demand")) - submitted
    tell(f"with no media node, the autoscaler saw demand {seconds:.1f} s after a run was handed in")
    assert 0 < seconds < 5
    began = time.monotonic()
    for name in ("one", "two"):
        machines.unit("moments-node", machines.machines[name])
    await library.ended(runs, _RUNS_SECONDS)
    tell(f"nodes came, and the run ended {time.monotonic() - began:.1f} s later")
    await library.right(runs)


async def test_a_job_of_a_manifest_is_stopped_half_way_taken_up_and_seen_to_its_end(
    machines: Cluster, library: Library, tell: Tell
) -> None:
    directory = machines.head.directory / "lists"
    directory.mkdir()
    urls = [machines.services.web.url(f"listed-{number}") for number in range(LINES)]
    (directory / "talks.txt").write_text("\n".join(urls), "utf-8")
    entry = ("--", "python", "-m", "jobs.backfill", "talks.txt", "--in-flight", "8", "--count", "1", "--strict")

    def job(name: str) -> subprocess.Popen[bytes]:
        words = ("ray", "job", "submit", "--address", "http://127.0.0.1:8265", "--submission-id", name)
        return machines.begin(name, *words, "--working-dir", str(directory), *entry)

    began, on_head = time.monotonic(), set[str]()
    first = job("first")
    done = "SELECT count(*) FROM backfill_items WHERE status = 'completed'"

    async def half_done() -> bool:
        assert first.poll() is None, machines.head.said("first")
        on_head.update(title for title in machines.head.processes().values() if _OF_A_RUN.search(title))
        return await library.ask(done) >= LINES / 2

    half = await until(half_done, _RUNS_SECONDS)
    stopped = machines.run("ray", "job", "stop", "--address", "http://127.0.0.1:8265", "first")
    assert stopped.returncode == 0, stopped.stderr
    first.wait(60)
    second = job("second")
    assert second.wait(_RUNS_SECONDS) == 0, machines.head.said("second")[-3000:]
    tell(f"{LINES} lines: half done after {half:.1f} s, taken up again, done after {time.monotonic() - began:.1f} s")
    assert f"{LINES} of {LINES} completed" in machines.head.said("second")
    assert await library.ask("SELECT count(*) FROM backfills") == 1
    assert await library.ask(done) == LINES
    assert {machines.services.web.fetched[f"/talks/listed-{number}.mp4"] for number in range(LINES)} == {1}
    assert on_head == set()
    spread = await library.by_node()
    tell("tries of stages by node: " + ", ".join(f"{node} {count}" for node, count in spread.items()))
    assert spread.keys() >= {"one", "two"}
    assert await library.stages_on("head") <= _WAITING_STAGES


def test_every_query_of_the_dashboard_finds_series_that_the_cluster_exports(machines: Cluster) -> None:
    """But for those of models on other machines, of which there are none here."""
    exported: dict[str, set[str]] = {}
    for machine in machines.machines.values():
        page = httpx.get(f"http://{machine.address}:9180/metrics", trust_env=False, timeout=30).text
        for name, labels in re.findall(r"^(ray_\w+)\{(.*)\} ", page, re.MULTILINE):
            exported.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "moments.json").read_text("utf-8"))
    missing = []
    for expression in (target["expr"] for panel in dashboard["panels"] for target in panel["targets"]):
        by = {name.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for name in group.split(",")}
        names = re.findall(r"\bray_\w+", expression)
        of_models = any(name.startswith("ray_moments_model_seconds") for name in names)
        if not of_models and any(not by <= exported.get(name, set()) for name in names):
            missing.append(expression)
    assert missing == []


@pytest.mark.parametrize(("killed", "kill"), [("a media node", _kill_a_node), ("the worker", _kill_the_worker)])
async def test_what_is_killed_amid_clips_costs_runs_no_more_than_time(
    machines: Cluster, library: Library, tell: Tell, killed: str, kill: Callable[[Cluster], int]
) -> None:
    runs = await library.submit(4)
    await library.until_working_on("CLIP_EXTRACTION", 120)
    assert kill(machines) > 0
    began = time.monotonic()
    await library.ended(runs, _RUNS_SECONDS)
    tell(f"{killed} killed amid clips: all runs ended {time.monotonic() - began:.1f} s later")
    await library.right(runs)


async def test_a_head_that_is_lost_is_said_in_seconds_and_a_new_one_goes_on(
    machines: Cluster, library: Library, tell: Tell
) -> None:
    runs = await library.submit(3)
    await library.until_working_on("CLIP_EXTRACTION", 120)
    up = next(unit for unit in machines.units if unit.name == "moments-up")
    said, starts = len(up.said), up.starts
    assert machines.head.kill("gcs_server") == 1
    began = time.monotonic()
    seconds = await until(lambda: "head" in up.said[said:], 30)
    tell(f"the head's GCS killed: the server said so after {seconds:.1f} s")
    await until(lambda: up.starts > starts and up.said[said:].count("ready;") > 0, READY_SECONDS)
    tell(f"head and server were there again after {time.monotonic() - began:.1f} s")
    await library.ended(runs, _RUNS_SECONDS)
    tell(f"all runs ended {time.monotonic() - began:.1f} s after the loss")
    await library.right(runs)


async def test_a_node_with_nothing_to_do_is_idle_for_ray_within_a_minute(machines: Cluster, tell: Tell) -> None:
    began = time.time()
    for name in ("one", "two"):
        address = machines.machines[name].address
        looked = machines.run("python", "-m", "tests.cluster.look", "idle", address, "90")
        assert looked.returncode == 0, looked.stderr[-3000:]
        tell(f"node {name} was idle for Ray after {max(0.0, float(looked.stdout) - began):.1f} s")
        assert float(looked.stdout) - began < 60
