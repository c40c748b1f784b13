"""The Serve config of the repository, deployed by Serve's own controller as ``serve deploy`` has it done."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from ray import serve
from ray.serve.context import _get_global_client
from ray.serve.schema import ApplicationStatus, ServeDeploySchema

from moments_ray.library.roles import TRANSCRIBER
from moments_ray.models.conversation import Question, Turn
from moments_ray.models.entry import ModelEntry, ModelKind
from moments_ray.models.making import Recording
from moments_ray.models.roles import Call, Role
from moments_ray.models.serve_client import ServeClients
from moments_ray.moments.roles import MOMENT_GENERATOR, REFINER
from moments_ray.products import model_roles
from moments_ray.settings import Settings
from moments_ray.storage.factory import open_store
from moments_ray.testing.media import make_voice
from moments_ray.testing.model_server import completion, json_reply, model_server

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "deploy" / "serve.yaml"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(settings: Settings) -> dict[str, str]:
    """What an operator has in the environment of every node."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    return {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "MOMENTS_HOME": str(settings.home),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }


@pytest.fixture(scope="module")
def url(ray_cluster: Settings) -> Iterator[str]:
    """The file's applications, on the session's Ray and a port of their own."""
    config = yaml.safe_load(CONFIG.read_text("utf-8"))
    port = free_port()
    config["http_options"]["port"] = port
    for application in config["applications"]:
        application["runtime_env"] = {"env_vars": environment(ray_cluster)}
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    serve.start(http_options=config["http_options"])
    try:
        controller = _get_global_client()
        assert controller is not None
        controller.deploy_apps(ServeDeploySchema.model_validate(config))
        yield f"http://127.0.0.1:{port}"
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]


@pytest.fixture
def clients(url: str) -> ServeClients:
    """The model clients, as a stage's process finds them."""
    return ServeClients()


async def running(names: set[str]) -> None:
    """Wait until all of them run; one that cannot be deployed ends the waiting."""
    async with asyncio.timeout(90):
        while True:
            found = serve.status().applications
            states = {name: app.status for name, app in found.items()}
            if states == dict.fromkeys(names, ApplicationStatus.RUNNING):
                return
            failed = {name: app.message for name, app in found.items() if app.status == ApplicationStatus.DEPLOY_FAILED}
            assert not failed
            await asyncio.sleep(0.2)


async def test_every_application_runs_and_the_api_answers(url: str) -> None:
    await running({"moments", *(role.name for role in model_roles())})
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        health = await client.get("/health")
        assert (health.status_code, health.json()["database"]["status"]) == (200, "ok")
        videos = await client.get("/api/videos")
        assert (videos.status_code, videos.json().keys()) == (200, {"items", "next_cursor", "total", "total_is_exact"})


@pytest.mark.parametrize("role", [MOMENT_GENERATOR, REFINER])
async def test_each_client_of_chat_models_answers(clients: ServeClients, role: Role) -> None:
    with model_server(lambda _: completion("yes")) as server:
        entry = ModelEntry(key="m", kind=ModelKind.LLM, base_url=server.url, concurrency=1)
        assert await clients.has(role)
        call = Call(role, "complete", entry, Question(turns=(Turn.of("user", "?"),)))
        assert (await clients.call(call, 60)).text == "yes"


async def test_the_client_of_recognisers_answers(clients: ServeClients, ray_cluster: Settings, tmp_path: Path) -> None:
    sound, name = tmp_path / "sound.wav", "videos/deployed/audio.wav"
    make_voice(sound, "Hello.")
    await open_store(ray_cluster).put_file(name, sound, content_type="audio/wav")
    words = [{"word": "Hello.", "start": 0.1, "end": 0.6}]
    answer = {"transcription": "Hello.", "word_timestamps": words, "segment_timestamps": [], "processing_time": 0.1}
    with model_server(lambda _: json_reply(answer)) as server:
        entry = ModelEntry(key="ears", kind=ModelKind.ASR, base_url=server.url, concurrency=1)
        assert await clients.has(TRANSCRIBER)
        transcript = await clients.call(Call(TRANSCRIBER, "transcribe", entry, Recording(audio=name)), 60)
        assert [word.text for word in transcript.words] == ["Hello."]
