"""Watching a run: a bar a stage on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from moments_ray.database.repositories.journal import JournalReader
from moments_ray.database.repositories.runs import Runs
from moments_ray.database.tables import Run, RunStage
from moments_ray.pipeline.environment import Environment
from moments_ray.runs.live import active_key
from moments_ray.runtime import open_redis
from moments_ray.states import RunStatus, StageStatus

_POLL_SECONDS = 0.25


async def watch(run: Run, environment: Environment, console: Console) -> Run:
    """Show a run's stages until it is finished, and return it as it ended."""
    names = environment.registry.get(run.pipeline).stage_names
    client = open_redis(environment.settings)
    shown: dict[str, str] = {}
    with _Bars(names, console) as bars:
        while True:
            async with environment.database.read() as session:
                current = await Runs(session).get(run.identifier)
                stages = await JournalReader(session, run.id).stages()
            live = await client.hgetall(active_key(run.subject))
            progress = {name: float(live.get(f"{name}_progress".encode(), b"0")) for name in names}
            bars.show(stages, progress)
            _say_new(stages, shown, console, quiet=bars.visible)
            if RunStatus(current.status).finished:
                break
            await asyncio.sleep(_POLL_SECONDS)
    await client.aclose()
    return current


def _say_new(stages: Mapping[str, RunStage], shown: dict[str, str], console: Console, *, quiet: bool) -> None:
    for name, stage in stages.items():
        if shown.get(name) == stage.status:
            continue
        shown[name] = stage.status
        seconds = f" {stage.seconds:.1f} s" if stage.seconds and stage.status == StageStatus.COMPLETED else ""
        if not quiet:
            console.print(f"{name} {stage.status}{seconds}")
        if stage.status == StageStatus.COMPLETED and "why" in (stage.output or {}):
            output = stage.output or {}
            console.print(f"speech: {output['engine']}, {output['why']}", markup=False)


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
