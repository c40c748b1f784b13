"""How a run goes on, to look at: a bar a stage on a terminal, a line a stage elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from moments_ray.states import StageStatus


@dataclass(frozen=True)
class ShownStage:
    """A stage as it stands; ``note`` is what its end has to say beside that it came."""

    status: str
    seconds: float | None
    note: str = ""


class StageBars:
    """Shows stages on a console."""

    def __init__(self, names: Sequence[str], console: Console) -> None:
        self.visible = console.is_terminal
        self._console = console
        self._said: dict[str, str] = {}
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

    def __enter__(self) -> StageBars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, stages: Mapping[str, ShownStage], progress: Mapping[str, float]) -> None:
        """Bring the bars up to date, and say what is new; ``progress`` is 0 to 1 by stage."""
        for name, stage in stages.items():
            task = self._tasks[name]
            ended = StageStatus(stage.status).has_output
            if stage.status == StageStatus.PROCESSING:
                self._progress.start_task(task)
            done = 1.0 if ended else progress.get(name, 0.0)
            self._progress.update(task, completed=done, status=stage.status)
            if ended:
                self._progress.stop_task(task)
            self._say(name, stage)

    def _say(self, name: str, stage: ShownStage) -> None:
        if stage.status in {self._said.get(name), StageStatus.PENDING}:
            return
        self._said[name] = stage.status
        completed = stage.status == StageStatus.COMPLETED
        if not self.visible:
            seconds = f" {stage.seconds:.1f} s" if stage.seconds and completed else ""
            self._console.print(f"{name} {stage.status}{seconds}", soft_wrap=True)
        if completed and stage.note:
            self._console.print(stage.note, markup=False, soft_wrap=True)
