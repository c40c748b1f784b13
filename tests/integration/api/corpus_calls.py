"""A caller of backfills, and workers that bring them on."""

from __future__ import annotations

from typing import Any

import httpx

from moments_ray.corpus.attending import attend_to_backfills
from moments_ray.database.tables import Run
from moments_ray.engine.queries.run_lists import RunFilter, RunLists, order_of_runs
from moments_ray.http.container import Container
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library

ROOT = "/api/backfills"


class Corpus:
    """A caller of the API, and the worker behind it."""

    def __init__(self, api: httpx.AsyncClient, container: Container, library: Library) -> None:
        self.api = api
        self.container = container
        self.library = library

    async def make(self, *names: str, **order: Any) -> str:
        """Make a backfill of videos of these names, and return where it is."""
        body = {"source": {"urls": [url(name) for name in names]}, **order}
        answer = await self.api.post(ROOT, json=body)
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    async def attend(self) -> None:
        await attend_to_backfills(self.container.environment)

    async def active(self) -> list[Run]:
        """The runs that wait for a worker, the oldest first."""
        async with self.library.database.read() as session:
            wanted = RunFilter(statuses={RunStatus.QUEUED})
            return list((await RunLists(session).page(wanted, order_of_runs("oldest"), None, 200)).rows)

    async def finish(self, status: RunStatus = RunStatus.COMPLETED, **values: Any) -> None:
        """Bring every run that waits to a verdict, and have workers look at backfills."""
        for run in await self.active():
            await self.library.finish(run, status, **values)
        await self.attend()

    async def read(self, backfill: str) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.api.get(backfill)).json()
        return answer

    async def items(self, backfill: str, **asked: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.api.get(f"{backfill}/items", params=asked)).json()["items"]
        return found

    async def events(self, backfill: str) -> list[str]:
        return [each["type"] for each in (await self.api.get(f"{backfill}/events")).json()["items"]]


def url(name: str) -> str:
    return f"http://127.0.0.1:1/{name}.mp4"
