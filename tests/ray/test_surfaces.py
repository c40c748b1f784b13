"""A pipeline of the tests is started, watched, cancelled, retried and read: over REST, by the client, by commands."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from moments_ray import runtime
from moments_ray.client import MomentsClient
from moments_ray.http.container import Container
from tests.integration.api.line import served
from tests.ray.conftest import Engine
from tests.ray.house_pipelines import JOB


class Surface(Protocol):
    """What can be done with a run, and what is then shown of it."""

    async def start(self, request: dict[str, Any]) -> str:
        """Start a run and return its identifier."""

    async def watch(self, run: str) -> str:
        """Follow a run to its end, and return how it ended."""

    async def cancel(self, run: str) -> None:
        """Cancel it."""

    async def retry(self, run: str) -> None:
        """Retry it."""

    async def read(self, run: str) -> dict[str, Any]:
        """Return how it stands."""

    async def close(self) -> None:
        """Close its connections."""


class Rest:
    """The API, asked as a shell asks it."""

    def __init__(self, server: str, _: Path) -> None:
        self.http = httpx.AsyncClient(base_url=server, timeout=60)

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = await self.http.request(method, path, **more)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def start(self, request: dict[str, Any]) -> str:
        return str(
            (await self._ask("POST", "/api/runs", json={"pipeline": JOB.name, "request": request}))["identifier"]
        )

    async def watch(self, run: str) -> str:
        headers = {"Accept": "text/event-stream"}
        async with self.http.stream("GET", f"/api/runs/{run}/events", headers=headers) as answer:
            kinds = [
                line.removeprefix("event: ") async for line in answer.aiter_lines() if line.startswith("event: run")
            ]
        return kinds[-1].removeprefix("run.")

    async def cancel(self, run: str) -> None:
        await self._ask("POST", f"/api/runs/{run}/cancel")

    async def retry(self, run: str) -> None:
        await self._ask("POST", f"/api/runs/{run}/retry")

    async def read(self, run: str) -> dict[str, Any]:
        return await self._ask("GET", f"/api/runs/{run}")

    async def close(self) -> None:
        await self.http.aclose()


class Client:
    """The Python client."""

    def __init__(self, server: str, _: Path) -> None:
        self.client = MomentsClient(server)

    async def start(self, request: dict[str, Any]) -> str:
        return (await self.client.start(JOB.name, request)).identifier

    async def watch(self, run: str) -> str:
        kinds = [event.type async for event in self.client.watch(run)]
        return [kind for kind in kinds if kind.startswith("run.")][-1].removeprefix("run.")

    async def cancel(self, run: str) -> None:
        await self.client.cancel(run)

    async def retry(self, run: str) -> None:
        await self.client.retry(run)

    async def read(self, run: str) -> dict[str, Any]:
        return (await self.client.run(run)).model_dump(mode="json")

    async def close(self) -> None:
        await self.client.close()


class Commands:
    """Commands, given as real processes."""

    def __init__(self, server: str, scratch: Path) -> None:
        self.server = server
        self.scratch = scratch

    async def _give(self, *words: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from moments_ray.cli import main; main()", *words, "--server", self.server),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode in {0, 1}, err.decode()  # 1: the run was cancelled
        found: dict[str, Any] = json.loads(out)["run"]
        return found

    async def start(self, request: dict[str, Any]) -> str:
        file = self.scratch / "request.json"
        file.write_text(json.dumps(request))
        return str((await self._give("start", JOB.name, "--json", str(file)))["identifier"])

    async def watch(self, run: str) -> str:
        return str((await self._give("watch", run, "--json"))["status"])

    async def cancel(self, run: str) -> None:
        await self._give("cancel", run, "--json")

    async def retry(self, run: str) -> None:
        await self._give("retry", run, "--json")

    async def read(self, run: str) -> dict[str, Any]:
        return await self._give("status", run, "--json")

    async def close(self) -> None:
        """Each command closed its own."""


@pytest.fixture
async def server(engine: Engine, worker: object) -> AsyncIterator[str]:
    """The API on a port, beside a worker."""
    from serve_app.factory import create_app  # noqa: PLC0415 - Serve is imported elsewhere, its warnings caught

    container = Container(runtime.connect(engine.settings), runtime.open_redis(engine.settings), list)
    async with served(create_app(container)) as port:
        yield f"http://127.0.0.1:{port}"
    await container.close()


@pytest.fixture(params=[Rest, Client, Commands])
async def surface(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> AsyncIterator[Surface]:
    """One way to ask for the same."""
    asked: Surface = request.param(server, tmp_path)
    yield asked
    await asked.close()


async def test_a_registered_pipeline_needs_no_line_outside_its_own_file(
    engine: Engine, surface: Surface, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run = await surface.start({"gate": str(gate)})
    name = f"{JOB.staging((await engine.run(run)).subject, run)}piece.txt"
    async with asyncio.timeout(60):
        while not await engine.environment.store.exists(name):
            await asyncio.sleep(0.05)
    await surface.cancel(run)
    assert await surface.watch(run) == "cancelled"
    gate.touch()
    await surface.retry(run)
    assert await surface.watch(run) == "completed"
    shown = await surface.read(run)
    assert (shown["pipeline"], shown["status"]) == ("house.job", "completed")
    assert shown["result"] == {"name": f"house_jobs/{shown['subject']}/pieces/{run}.txt"}
    assert [stage["name"] for stage in shown["stages"]] == ["HOUSE_PIECE"]
