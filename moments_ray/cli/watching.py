"""Watching a run: a bar a stage on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import redis.asyncio as redis
from redis.exceptions import RedisError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from moments_ray.database.repositories.journal import JournalReader
from moments_ray.database.repositories.runs import Runs
from moments_ray.database.tables import Run, RunStage
from moments_ray.errors import ServiceUnavailable
from moments_ray.pipeline.environment import Environment
from moments_ray.runs.live import active_key
from moments_ray.runtime import open_redis
from moments_ray.states import RunStatus, StageStatus

_POLL_SECONDS = 0.25
_PATIENCE_SECONDS = 90.0  # with a database that went away; whoever drives the run is less patient


async def watch(run: Run, environment: Environment, console: Console) -> Run:
    """Show a run's stages until it is finished, and return it as it ended.

    Raises:
        DatabaseUnavailable: it went away, and did not come back for a while.
    """
    names = environment.registry.get(run.pipeline).stage_names
    client = open_redis(environment.settings)
    shown: dict[str, str] = {}
    seen = time.monotonic()
    try:
        with _Bars(names, console) as bars:
            while True:
                try:
                    current, stages = await _look(run, environment)
                except ServiceUnavailable:
                    if time.monotonic() - seen > _PATIENCE_SECONDS:
                        raise
                else:
                    seen = time.monotonic()
                    bars.show(stages, await _progress(client, run.subject, names))
                    _say_new(stages, shown, console, quiet=bars.visible)
                    if RunStatus(current.status).finished:
                        return current
                await asyncio.sleep(_POLL_SECONDS)
    finally:
        await client.aclose()


async def _look(run: Run, environment: Environment) -> tuple[Run, dict[str, RunStage]]:
    async with environment.database.read() as session:
        return await Runs(session).get(run.identifier), await JournalReader(session, run.id).stages()


async def _progress(client: redis.Redis, subject: str, names: tuple[str, ...]) -> dict[str, float]:
    """Return how far each stage is, 0 to 1; nothing is lost where Redis is away, and nothing known either."""
    try:
        live = await client.hgetall(active_key(subject))
    except RedisError:
        live = {}
    return {name: float(live.get(f"{name}_progress".encode(), b"0")) for name in names}


def _say_new(stages: Mapping[str, RunStage], shown: dict[str, str], console: Console, *, quiet: bool) -> None:
    for name, stage in stages.items():
        if stage.status in {shown.get(name), StageStatus.PENDING}:
            continue
        shown[name] = stage.status
        seconds = f" {stage.seconds:.1f} s" if stage.seconds and stage.status == StageStatus.COMPLETED else ""
        if not quiet:
            console.print(f"{name} {stage.status}{seconds}", soft_wrap=True)
        if stage.status == StageStatus.COMPLETED and "why" in (stage.output or {}):
            output = stage.output or {}
            console.print(output["why"], markup=False, soft_wrap=True)


class _Bars:
    """A progress bar a stage, where there is a terminal."""

    def __init__(self, names: tuple[str, ...], console: Console) -> None:
        self.visible = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[status]}"),
            console=console,
            disable=not self.visible,
        )
        self._tasks: dict[str, TaskID] = {
            name: self._progress.add_task(name, total=1.0, start=False, status="") for name in names
        }

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, stages: Mapping[str, RunStage], progress: Mapping[str, float]) -> None:
        """Bring the bars up to date."""
        for name, stage in stages.items():
            task = self._tasks[name]
            ended = StageStatus(stage.status).has_output
            if stage.status == StageStatus.PROCESSING:
                self._progress.start_task(task)
            self._progress.update(task, completed=1.0 if ended else progress[name], status=stage.status)
            if ended:
                self._progress.stop_task(task)
