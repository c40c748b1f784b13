"""``moments doctor`` and the models of an operator: each is asked, through its tunnel where it has one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.cli.checks import Finding
from moments_ray.cli.model_checks import check_models
from moments_ray.embedded.services import Services
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import ModelRegistry
from moments_ray.settings import Quota, Settings
from moments_ray.testing.model_server import ModelServer, completion, json_reply, model_server
from moments_ray.testing.ssh_server import SshServer, ssh_server
from tests.integration.cli.conftest import Moments


@pytest.fixture
def settings(home: Path, embedded: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An operator's whose registry holds nothing of other tests, and nothing after this one."""
    monkeypatch.setenv("DATABASE_URL", embedded.database_url)
    monkeypatch.setenv("REDIS_URL", embedded.redis_url)
    settings = Settings(_env_file=None)
    asyncio.run(runtime.migrate(settings))
    asyncio.run(register(settings, {}))
    yield settings
    asyncio.run(register(settings, {}))


async def register(settings: Settings, entries: dict[str, dict[str, Any]]) -> None:
    """Have exactly these changes in the registry."""
    environment = runtime.connect(settings)
    async with environment.database.begin() as session:
        await session.execute(text("TRUNCATE model_entries"))
    registry: ModelRegistry = environment.service(Gateway).registry
    await registry.publish()
    for key, fields in entries.items():
        await registry.patch(key, fields)
    await environment.close()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(lambda _: completion("ready")) as server:
        yield server


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    with ssh_server(tmp_path) as server:
        monkeypatch.setenv("MOMENTS_MODELS__SSH_KEY_PATH", str(server.key))
        monkeypatch.setenv("MOMENTS_MODELS__KNOWN_HOSTS_PATH", str(server.known_hosts))
        yield server


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in asyncio.run(check_models(settings))}


def test_a_deployment_with_none_of_its_own_is_fit(settings: Settings) -> None:
    findings = found(settings)
    assert findings["models"].status == "ok"
    assert findings["role refiner"].message == "1 at once in the cluster, played by local"
    assert findings["role transcriber"].message.startswith("2 at once in the cluster, played by captions, ")


def test_a_quota_of_a_role_that_no_product_has_is_told(settings: Settings) -> None:
    quotas = {"refiner": Quota(at_once=3), "conductor": Quota()}
    models = settings.models.model_copy(update={"quotas": quotas})
    findings = found(settings.model_copy(update={"models": models}))
    assert findings["role refiner"].message.startswith("3 at once")
    assert findings["role conductor"].status == "warning"
    assert "name one of transcriber, moment_generator, refiner" in findings["role conductor"].message


def test_models_are_asked_straight_and_through_their_tunnel(
    ssh: SshServer, settings: Settings, server: ModelServer
) -> None:
    tunnelled: dict[str, Any] = {
        "ssh_host": "127.0.0.1",
        "ssh_port": ssh.port,
        "ssh_user": "moments",
        "remote_host": "127.0.0.1",
        "remote_port": server.port,
        "local_port": None,
    }
    with model_server(lambda _: json_reply({"transcription": "", "word_timestamps": []})) as ears:
        entries: dict[str, dict[str, Any]] = {
            "qwen3_vl_fp8": tunnelled,
            "minimax": {"base_url": server.url},
            "parakeet": {"base_url": ears.url},
        }
        asyncio.run(register(settings, entries))
        findings = found(settings)
    assert {name: finding.status for name, finding in findings.items() if name.startswith("model ")} == {
        "model minimax": "ok",
        "model parakeet": "ok",
        "model qwen3_vl_fp8": "ok",
    }
    assert f"through the SSH host 127.0.0.1:{ssh.port}" in findings["model qwen3_vl_fp8"].message
    assert [request.path for request in server.received] == ["/v1/chat/completions"] * 2
    ssh.kill()
    broken = found(settings)
    assert (broken["model qwen3_vl_fp8"].status, broken["model minimax"].status) == ("failed", "ok")
    assert "SSH host" in broken["model qwen3_vl_fp8"].message


def test_a_model_elsewhere_cannot_read_clips_at_an_address_of_this_machine(settings: Settings) -> None:
    asyncio.run(register(settings, {"qwen3_vl_fp8": {"base_url": "http://models.invalid:1"}}))
    told = found(settings)["clips for qwen3_vl_fp8"]
    assert (told.status, "MOMENTS_PUBLIC_URL" in told.message) == ("warning", True)
    reached = settings.model_copy(update={"public_url": "https://moments.example.org"})
    assert "clips for qwen3_vl_fp8" not in found(reached)
    asyncio.run(register(settings, {"qwen3_vl_fp8": {"base_url": "http://127.0.0.1:1"}}))
    assert "clips for qwen3_vl_fp8" not in found(settings)


def test_a_model_that_does_not_answer_fails_the_whole_with_its_cure(moments: Moments, settings: Settings) -> None:
    asyncio.run(register(settings, {"minimax": {"base_url": "http://127.0.0.1:1"}}))
    outcome = moments("doctor", "--json")
    assert outcome.status == 1
    (told,) = [check for check in outcome.document["checks"] if check["name"] == "model minimax"]
    assert told["status"] == "failed"
    assert "mend its entry with PATCH /api/admin/models/minimax" in told["message"]
