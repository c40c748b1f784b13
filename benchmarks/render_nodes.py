"""Measures how much faster two nodes of one CPU render a film's pieces than one of them.

    python -m benchmarks.render_nodes SOURCE [--seconds 30] [--rounds 3]

The nodes are of a real Ray on this machine, whose head has no CPU; the film is ordered over the API, and each render is
of pieces that were never made before. Printed are the wall seconds of RENDER_SEGMENTS, and of whole renders. Beside it
stands what the machine itself gives two of our piece's processes at once: more cannot be had of any scheduler.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import ray
from rich.console import Console
from rich.table import Table

from benchmarks.own_cluster import cluster_of, joined
from benchmarks.render import EFFECTS, SEGMENT_SECONDS, SETTINGS, one, plan
from moments_ray import runtime
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.actor import start_worker
from moments_ray.http.container import Container
from moments_ray.media.probe import probe
from moments_ray.settings import Settings

_NODE: dict[str, Any] = {"num_cpus": 1, "resources": {"clip_extraction": 1, "audio_extraction": 1}}
_POLL_SECONDS = 0.2
_FRAME = 1 / 30


class Orders:
    """Films of one project, ordered one after the other, each of pieces that are new."""

    def __init__(self, api: httpx.AsyncClient, container: Container, project: int, seconds: float) -> None:
        self._api = api
        self._container = container
        self._project = project
        self._count = round(seconds / SEGMENT_SECONDS)
        self._ordered = 0

    async def render(self, *, count: int | None = None) -> tuple[float, float]:
        """Render a film of so many segments; return the wall seconds of its pieces, and of all of it."""
        self._ordered += 1
        await self._save(count or self._count)
        began = time.perf_counter()
        started = (await self._api.post(f"/api/render/{self._project}", json={"watermark": True})).json()
        while True:
            status = (await self._api.get(started["status_url"])).json()
            if status["status"] == "finished":
                break
            if status["status"] == "failed":
                raise SystemExit(f"The film failed: {status['error']}")
            await asyncio.sleep(_POLL_SECONDS)
        return await self._pieces_seconds(started["job_id"]), time.perf_counter() - began

    async def _save(self, count: int) -> None:
        """Save a timeline that begins a frame later than the one before, so that no piece is found again."""
        segments = []
        for number in range(count):
            effects = EFFECTS[number % len(EFFECTS)]
            length = SEGMENT_SECONDS / 2 if "slowmo" in effects else SEGMENT_SECONDS
            start = number * SEGMENT_SECONDS % 20 + self._ordered * _FRAME
            caption = {"text": f"word{number} lights up", "start": start + 0.2, "end": start + length - 0.1}
            segments.append(
                {
                    "name": f"part_{number}",
                    "start": start,
                    "end": start + length,
                    "effects": list(effects),
                    "captions": [caption],
                    "crop": "center",
                    "sfx": {"name": "whoosh"},
                }
            )
        answer = await self._api.post(f"/api/timeline/{self._project}", json={"timeline": {"segments": segments}})
        answer.raise_for_status()

    async def _pieces_seconds(self, job: str) -> float:
        async with self._container.environment.database.read() as session:
            run = await Runs(session).get(job)
            stage = (await JournalReader(session, run.id).stages())["RENDER_SEGMENTS"]
        assert stage.started_at is not None  # noqa: S101 - it has ended
        assert stage.completed_at is not None  # noqa: S101 - as above
        return (stage.completed_at - stage.started_at).total_seconds()


async def measured(
    settings: Settings, source: Path, seconds: float, rounds: int, nodes: int
) -> list[tuple[float, float]]:
    """Return the wall seconds of pieces and films on so many nodes, a pair a round."""
    worker = start_worker(runtime.connect, settings, runtime.open_redis, name="bench", detached=False)
    await worker.start.remote()
    async with _api(settings) as (api, container):
        answer = await api.post(
            "/api/ingest", files={"file": source.read_bytes()}, data={"title": "bench", "auto_analyze": "false"}
        )
        answer.raise_for_status()
        project, asset = answer.json()["id"], answer.json()["asset"]["id"]
        await api.post(f"/api/consent/{asset}/checkbox", json={"accepted": True})
        orders = Orders(api, container, project, seconds)
        await orders.render(count=2 * nodes)  # every node has imported all that it needs
        taken = [await orders.render() for _ in range(rounds)]
    await worker.drain.remote()
    ray.kill(worker)
    return taken


@contextlib.asynccontextmanager
async def _api(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Container]]:
    """Give a client of the API in this process, with what the API is connected to."""
    from serve_app.factory import create_app  # noqa: PLC0415 - Serve takes seconds to import

    container = Container(runtime.connect(settings), runtime.open_redis(settings), list)
    transport = httpx.ASGITransport(create_app(container))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=300) as client:
        yield client, container
    await container.close()


async def at_once(source: Path, seconds: float, count: int, directory: Path) -> float:
    """Return the wall seconds of the pieces of a film, so many processes at once and no Ray at all."""
    info = await probe(source, SETTINGS)
    places = asyncio.Semaphore(count)

    async def rendered(number: int) -> None:
        async with places:
            await one(pieces[number], [source], [info], directory)

    pieces = plan([info], seconds)
    began = time.perf_counter()
    await asyncio.gather(*(rendered(number) for number in range(len(pieces))))
    return time.perf_counter() - began


async def on_nodes(source: Path, seconds: float, rounds: int, address: str, nodes: int) -> list[tuple[float, float]]:
    """Return what ``measured`` does, in a home of its own."""
    async with joined(address) as settings:
        return await measured(settings, source, seconds, rounds, nodes)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="benchmark of rendering on nodes")
    parser.add_argument("source", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the film")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="moments-render-") as name:
        machine = [asyncio.run(at_once(options.source, options.seconds, count, Path(name))) for count in (1, 2)]
    taken = []
    for nodes in (1, 2):
        with cluster_of(nodes, _NODE) as address:
            taken.append(asyncio.run(on_nodes(options.source, options.seconds, options.rounds, address, nodes)))
    show(machine, taken)
    print(f"load before: {load:.1f}, of {os.cpu_count()} CPUs")


def show(machine: Sequence[float], taken: Sequence[Sequence[tuple[float, float]]]) -> None:
    """Print medians for one and two, and how much faster two are."""
    rows = {"processes without Ray": list(machine)}
    for part, what in enumerate(("RENDER_SEGMENTS", "the whole render")):
        rows[f"nodes, {what}"] = [statistics.median(each[part] for each in rounds) for rounds in taken]
    table = Table(title=f"wall seconds, median of {len(taken[0])}")
    for heading in ("", "one", "two", "faster"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, (single, double) in rows.items():
        table.add_row(name, f"{single:.1f}", f"{double:.1f}", f"{single / double:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
