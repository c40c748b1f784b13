"""How a run goes on, to look at: a bar a stage on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from moments_ray.moments.stage_titles import stage_title
from moments_ray.states import StageStatus

_TOTAL = "Total"


@dataclass(frozen=True)
class ShownStage:
    """A stage as it stands; ``note`` is what its end has to say beside that it came."""

    status: str
    seconds: float | None
    note: str = ""


class StageBars:
    """Shows stages on a console, each with the seconds that it has taken, and their total."""

    def __init__(self, names: Sequence[str], console: Console, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.visible = console.is_terminal
        self._console = console
        self._monotonic = monotonic
        self._began = monotonic()
        self._running: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self._progress = Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[time]:>8}"),
            TextColumn("{task.fields[status]}"),
            console=console,
            disable=not self.visible,
        )
        self._tasks: dict[str, TaskID] = {
            name: self._progress.add_task(stage_title(name), total=1.0, start=False, status="", time="")
            for name in names
        }
        self._tasks[_TOTAL] = self._progress.add_task(_TOTAL, total=len(names), start=False, status="", time="")

    def __enter__(self) -> StageBars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, stages: Mapping[str, ShownStage], progress: Mapping[str, float]) -> None:
        """Bring the bars up to date, and say what is new; ``progress`` is 0 to 1 by stage."""
        shares = []
        for name, stage in stages.items():
            done = 1.0 if StageStatus(stage.status).has_output else progress.get(name, 0.0)
            shares.append(done)
            taken = self._taken(name, stage)
            shown = "" if taken is None else seconds_taken(taken)
            self._progress.update(self._tasks[name], completed=done, status=stage.status, time=shown)
            self._say(name, stage)
        total = seconds_taken(self._monotonic() - self._began)
        self._progress.update(self._tasks[_TOTAL], completed=sum(shares), time=total)

    def _taken(self, name: str, stage: ShownStage) -> float | None:
        """Return a stage's seconds: while it runs by the clock, from its end on by its record."""
        if stage.status == StageStatus.PROCESSING:
            return self._monotonic() - self._running.setdefault(name, self._monotonic())
        if stage.seconds is not None:
            return stage.seconds
        if name in self._running:
            # It ended without a record, as a cancelled one may: the clock stops where we saw it end.
            return self._ended.setdefault(name, self._monotonic()) - self._running[name]
        return None

    def _say(self, name: str, stage: ShownStage) -> None:
        if stage.status in {self._said.get(name), StageStatus.PENDING}:
            return
        self._said[name] = stage.status
        completed = stage.status == StageStatus.COMPLETED
        if not self.visible:
            taken = f" in {seconds_taken(stage.seconds)}" if stage.seconds is not None and completed else ""
            self._console.print(f"{stage_title(name)}: {stage.status}{taken}", soft_wrap=True)
        if completed and stage.note:
            self._console.print(stage.note, markup=False, soft_wrap=True)


def seconds_taken(seconds: float) -> str:
    """Return a time that something took, in tenths of seconds, from an hour on in seconds."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes:.0f}:{rest:04.1f}"
    return f"{minutes // 60:.0f}:{minutes % 60:02.0f}:{rest:02.0f}"
