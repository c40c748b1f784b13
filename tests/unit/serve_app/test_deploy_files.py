"""The files of ``deploy/`` say what the published schemas allow, and the same as each other and the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from ray.serve.schema import ServeDeploySchema

from moments_ray.engine.registry import Registry
from moments_ray.reference import env_example
from moments_ray.settings import NodeResources

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
SCRIPTS = sorted(DEPLOY.glob("*.sh"))
_RAY_ENDS_SECONDS = 5
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))

# The fields of ray.io/v1 as KubeRay 1.5 publishes them (ray-operator/apis/ray/v1/*_types.go), as far as anybody needs.
CLUSTER = {
    *("rayVersion", "enableInTreeAutoscaling", "autoscalerOptions", "authOptions", "gcsFaultToleranceOptions"),
    *("headGroupSpec", "workerGroupSpecs", "headServiceAnnotations", "suspend", "managedBy"),
}
AUTOSCALER = {"version", "idleTimeoutSeconds", "upscalingMode", "resources", "image", "env", "envFrom"}
FAULT_TOLERANCE = {"redisAddress", "redisUsername", "redisPassword", "externalStorageNamespace"}
HEAD = {"rayStartParams", "template", "serviceType", "headService", "enableIngress", "resources", "labels"}
GROUP = {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template", "numOfHosts"}
SERVICE = {"serveConfigV2", "rayClusterConfig", "serveService", "upgradeStrategy"}
JOB = {
    *("clusterSelector", "submissionMode", "backoffLimit", "submitterConfig", "entrypoint", "submitterPodTemplate"),
    *("rayClusterSpec", "runtimeEnvYAML", "jobId", "ttlSecondsAfterFinished", "shutdownAfterJobFinishes", "suspend"),
}
# Of a service in https://github.com/compose-spec/compose-spec, as far as anybody needs.
COMPOSE = {
    *("image", "build", "command", "environment", "secrets", "volumes", "shm_size", "ulimits", "healthcheck"),
    *("depends_on", "restart", "ports", "stop_grace_period"),
}


def documents(name: str) -> dict[str, Any]:
    return {found["kind"]: found for found in yaml.safe_load_all((DEPLOY / name).read_text("utf-8"))}


@pytest.fixture(scope="module")
def cluster() -> dict[str, Any]:
    spec: dict[str, Any] = documents("rayservice.yaml")["RayService"]["spec"]
    assert spec.keys() <= SERVICE
    found: dict[str, Any] = spec["rayClusterConfig"]
    return found


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


def test_the_ray_service_has_the_published_shape(cluster: Mapping[str, Any]) -> None:
    assert cluster.keys() <= CLUSTER
    assert cluster["autoscalerOptions"].keys() <= AUTOSCALER
    assert cluster["gcsFaultToleranceOptions"].keys() <= FAULT_TOLERANCE
    assert cluster["headGroupSpec"].keys() <= HEAD
    for group in cluster["workerGroupSpecs"]:
        assert group.keys() <= GROUP
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())  # the API takes nothing else


def test_its_serve_config_is_the_other_ones_but_for_where_it_listens(cluster: Mapping[str, Any]) -> None:
    ours = yaml.safe_load(documents("rayservice.yaml")["RayService"]["spec"]["serveConfigV2"])
    ServeDeploySchema.model_validate(ours)
    other = yaml.safe_load((DEPLOY / "serve.yaml").read_text("utf-8"))
    assert ours["http_options"] == {**other["http_options"], "host": "0.0.0.0"}  # noqa: S104 - pods have their own network
    api = ours["applications"][0]["deployments"][0]
    assert api.pop("max_replicas_per_node") == 1
    api["num_replicas"] = 1
    assert ours["applications"] == other["applications"]


def test_nodes_offer_what_stages_ask_for_and_the_head_runs_none(cluster: Mapping[str, Any]) -> None:
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    for group in cluster["workerGroupSpecs"]:
        params = group["rayStartParams"]
        custom = json.loads(json.loads(params["resources"]))  # quoted once for the shell that KubeRay writes it to
        assert custom == NodeResources().model_dump(include={"audio_extraction", "clip_extraction"})
        offers = [{"CPU": float(params["num-cpus"]), **custom}]
        for pipeline in Registry.load([]):
            assert [step.name for step in pipeline.steps if not step.resources.fits(offers)] == []


def test_pods_are_nobodys_root_have_probes_and_find_the_settings(cluster: Mapping[str, Any]) -> None:
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert {"name": "MOMENTS_ENV_FILE", "value": "/etc/moments/moments.env"} in container["env"]
        assert "/etc/moments" in {mount["mountPath"] for mount in container["volumeMounts"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}
    for group in cluster["workerGroupSpecs"]:
        (container,) = group["template"]["spec"]["containers"]
        assert container.keys() >= {"startupProbe", "livenessProbe", "readinessProbe"}


def test_a_spot_node_has_handed_back_what_it_has_before_it_is_taken_away(cluster: Mapping[str, Any]) -> None:
    spot = next(group for group in cluster["workerGroupSpecs"] if group["groupName"] == "spot")
    (container,) = spot["template"]["spec"]["containers"]
    drain = float({each["name"]: each["value"] for each in container["env"]}["MOMENTS_WORKER__DRAIN_SECONDS"])
    before = float(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert before + drain + _RAY_ENDS_SECONDS < spot["template"]["spec"]["terminationGracePeriodSeconds"] <= 25


def test_the_job_has_the_published_shape_and_is_not_tried_again_by_itself() -> None:
    spec = documents("rayjob.yaml")["RayJob"]["spec"]
    assert spec.keys() <= JOB
    assert spec["backoffLimit"] == spec["submitterConfig"]["backoffLimit"] == 0
    (container,) = spec["submitterPodTemplate"]["spec"]["containers"]
    assert container["args"][0].endswith(f"-- {spec['entrypoint']}")
    assert re.fullmatch(r"python -m jobs\.backfill .*", spec["entrypoint"])
    assert (ROOT / "jobs" / "backfill.py").is_file()


def test_the_compose_file_has_the_specified_shape_and_nothing_it_names_is_missing(compose: Mapping[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert service.keys() <= COMPOSE, name
        assert set(service.get("depends_on", {})) <= services.keys()
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"]
        for needed, condition in service.get("depends_on", {}).items():
            assert condition["condition"] != "service_healthy" or "healthcheck" in services[needed]
    build = services["head"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    example = dotenv_values(DEPLOY / "moments.env.example")
    wanted = re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text("utf-8"))
    assert set(wanted) <= example.keys()


def test_pgbouncer_holds_less_than_postgresql_takes(compose: Mapping[str, Any]) -> None:
    bouncer = compose["services"]["pgbouncer"]["environment"]
    command = " ".join(compose["services"]["postgres"]["command"])
    assert bouncer["POOL_MODE"] == "transaction"
    assert int(bouncer["MAX_DB_CONNECTIONS"]) < int(re.findall(r"max_connections=(\d+)", command)[0])


def test_the_example_of_settings_names_settings_that_there_are() -> None:
    known = set(re.findall(r"^#([A-Z_]+)=", env_example(), re.MULTILINE)) | {"RAY_AUTH_TOKEN", "POSTGRES_PASSWORD"}
    assert set(dotenv_values(DEPLOY / "moments.env.example")) <= known


def test_the_image_is_built_from_the_lock_and_from_files_that_it_is_given() -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line]
    given = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for source in (name for names in copied for name in names if not name.startswith("--")):
        assert (ROOT / source).exists()
        assert f"!{source}" in given
    assert any("requirements.lock" in line for line in lines)
    assert [line for line in lines if line.startswith("USER")] == ["USER 1000"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze on this machine")
    programs = tmp_path / "opt"
    (programs / ".venv" / "bin").mkdir(parents=True)
    for name in ("ray", "moments"):
        shutil.copy(shutil.which("true") or "", programs / ".venv" / "bin" / name)
    (programs / "deploy").mkdir()
    shutil.copy(DEPLOY / "node.sh", programs / "deploy")
    for other in UNITS:
        (tmp_path / other.name).write_text(other.read_text("utf-8").replace("/opt/moments", str(programs)), "utf-8")
    checked = subprocess.run(
        [program, "verify", "--man=no", str(tmp_path / unit.name)],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_shell_takes_the_scripts_of_head_and_nodes(script: Path) -> None:
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.access(script, os.X_OK)


def test_one_token_and_one_file_of_settings_are_on_every_machine() -> None:
    found = yaml.safe_load((ROOT / "cluster.yaml").read_text("utf-8"))
    setup = "\n".join(found["setup_commands"])
    assert "MOMENTS_ENV_FILE=/etc/moments/moments.env" in setup
    assert "RAY_AUTH_MODE=token" in setup
    assert "RAY_AUTH_TOKEN=" in setup
    assert "google-api-python-client" in setup  # Ray's autoscaler on the head needs it
    for kind in found["available_node_types"].values():
        (account,) = kind["node_config"]["serviceAccounts"]
        assert account["scopes"] == ["https://www.googleapis.com/auth/cloud-platform"]
    for unit in UNITS:
        assert "Environment=MOMENTS_ENV_FILE=/etc/moments/moments.env" in unit.read_text("utf-8")
