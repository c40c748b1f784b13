"""Three machines as KubeRay's pods are: head and nodes by the scripts of deploy/, the API by `serve deploy`."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
import yaml

from tests.cluster.conftest import Library
from tests.cluster.machines import READY_SECONDS, Cluster
from tests.cluster.units import ROOT
from tests.cluster.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

NOTICE_SECONDS = 25
_RUNS_SECONDS = 600.0
_OFFER = json.dumps({"audio_extraction": 2, "clip_extraction": 4})
_API = "http://127.0.0.1:7005"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Pods:
    """The scripts' processes, by machine."""

    cluster: Cluster
    started: dict[str, subprocess.Popen[bytes]]

    def deploy(self, **args: str) -> None:
        """Give `serve deploy` the repository's file, with arguments of the API's application."""
        config = yaml.safe_load((ROOT / "deploy" / "serve.yaml").read_text("utf-8"))
        config["applications"][0]["args"] = {**config["applications"][0].get("args", {}), **args}
        file = self.cluster.head.directory / "serve.yaml"
        file.write_text(yaml.safe_dump(config), "utf-8")
        done = self.cluster.run("serve", "deploy", "--address", "http://127.0.0.1:8265", str(file))
        assert done.returncode == 0, done.stderr[-3000:]

    def deployed(self) -> bool:
        """Tell whether every application runs."""
        said = self.cluster.run("serve", "status", "--address", "http://127.0.0.1:8265").stdout
        applications = (yaml.safe_load(said) or {}).get("applications", {})
        states = {each["status"] for each in applications.values()}
        assert "DEPLOY_FAILED" not in states, said
        return states == {"RUNNING"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pods(machines: Cluster) -> AsyncIterator[Pods]:
    """The cluster with its API deployed."""
    environment = {
        **machines.environment(),
        "RAY_REDIS_ADDRESS": machines.services.ray_redis,
        "MOMENTS_WORKER__DRAIN_SECONDS": "15",
    }
    migrated = machines.run("moments", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    ray = ["ray", "start", "--block", "--metrics-export-port=9180"]
    head = [
        str(ROOT / "deploy" / "head.sh"),
        *ray,
        "--head",
        "--port=6379",
        "--num-cpus=0",
        "--dashboard-host=127.0.0.1",
    ]
    node = [str(ROOT / "deploy" / "node.sh"), *ray, f"--address={machines.head.address}:6379"]
    node += ["--num-cpus=2", f"--resources={_OFFER}"]
    started = {"head": machines.head.start(head, environment, "head")}
    await until(lambda: "--block" in machines.head.said("head"), READY_SECONDS)
    for name in ("one", "two"):
        started[name] = machines.machines[name].start(node, environment, "node")
    pods = Pods(machines, started)
    await until(lambda: "ready;" in machines.head.said("head"), READY_SECONDS)
    yield pods
    for process in reversed(started.values()):
        process.terminate()
    for process in started.values():
        process.wait(60)


async def test_an_application_is_redeployed_under_load_and_nobody_is_refused(
    pods: Pods, library: Library, tell: Tell
) -> None:
    pods.deploy()
    tell(f"every application ran {await until(pods.deployed, READY_SECONDS):.1f} s after serve deploy")
    runs = await library.submit(2)
    load = pods.cluster.begin("load", "python", "-m", "tests.cluster.load", f"{_API}/api/videos")
    await asyncio.sleep(3)
    began = time.monotonic()
    pods.deploy(log_level="WARNING")
    await until(pods.deployed, READY_SECONDS)
    seconds = time.monotonic() - began
    await asyncio.sleep(3)
    load.send_signal(signal.SIGTERM)
    assert load.wait(150) == 0, pods.cluster.head.said("load")
    told = json.loads(pods.cluster.head.said("load"))
    tell(f"redeployed under load in {seconds:.1f} s: {told['answers']}, the longest took {told['longest']:.1f} s")
    assert told["answers"].keys() == {"200"}
    await library.ended(runs, _RUNS_SECONDS)
    await library.right(runs)


async def test_a_node_with_notice_is_empty_and_gone_within_it(pods: Pods, library: Library, tell: Tell) -> None:
    runs = await library.submit(3)
    await library.until_working_on("CLIP_EXTRACTION", 120)
    began = time.monotonic()
    pods.started["two"].terminate()
    pods.started["two"].wait(60)
    seconds = time.monotonic() - began
    tell(f"a node with {NOTICE_SECONDS} s of notice had ended after {seconds:.1f} s")
    assert seconds < NOTICE_SECONDS
    assert not [title for title in pods.cluster.machines["two"].processes().values() if "ray" in title]
    await library.ended(runs, _RUNS_SECONDS)
    tell(f"all runs ended {time.monotonic() - began:.1f} s after the notice")
    await library.right(runs)
