"""``moments replay``: one stage of a past run again, on this machine, for whoever writes or mends that stage."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from moments_ray import runtime
from moments_ray.cli.bars import ShownStage, StageBars
from moments_ray.engine.environment import RunRef
from moments_ray.engine.execute.replay import Replay, replay
from moments_ray.settings import Settings
from moments_ray.states import StageStatus

_DONE_WITH_ERRORS = 3


class _Bar:
    """Shows the stage's progress on the console."""

    def __init__(self, bars: StageBars) -> None:
        self._bars = bars

    async def stages(self, _: RunRef, changes: Sequence[tuple[str, StageStatus]]) -> None:
        """Show the stage's statuses."""
        self._bars.show({stage: ShownStage(status, None) for stage, status in changes}, {})

    async def progress(self, _: RunRef, stage: str, fraction: float) -> None:
        """Show how far the stage is."""
        self._bars.show({stage: ShownStage(StageStatus.PROCESSING, None)}, {stage: fraction})


async def replay_stage(
    run: str, stage: str, item: str | None, settings: Settings, console: Console, *, as_json: bool
) -> tuple[dict[str, Any], int]:
    """Run the stage, print what came of it, and return that as a document with an exit status; raises as ``replay``."""
    async with runtime.services(settings) as resolved:
        await runtime.require_services(resolved)
        directory = Path(tempfile.mkdtemp(prefix="moments-replay-"))
        console.print(f"what it writes goes to {directory}, which is yours to remove", soft_wrap=True)
        with StageBars([stage], console) as bars:
            environment = runtime.connect_detached(resolved, directory, _Bar(bars))
            try:
                replayed = await replay(environment, run, stage, directory, item)
            finally:
                await environment.close()
    if not as_json:
        _print(stage, replayed)
    failed = bool(replayed.output and replayed.output.get("failed"))
    return _document(run, stage, directory, replayed), _DONE_WITH_ERRORS if failed else 0


def _document(run: str, stage: str, directory: Path, replayed: Replay) -> dict[str, Any]:
    usage = replayed.usage
    return {
        "run_id": run,
        "stage": stage,
        "directory": str(directory),
        "skipped": replayed.skipped,
        "seconds": round(replayed.seconds, 3),
        "output": replayed.output,
        "stored_output": replayed.stored,
        "same": replayed.output == replayed.stored,
        "records": replayed.records,
        "objects": replayed.objects,
        "notes": replayed.notes,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "usd": float(usage.usd),
    }


def _print(stage: str, replayed: Replay) -> None:
    if replayed.skipped is not None:
        typer.echo(f"{stage} has nothing to do: {replayed.skipped}")
        return
    typer.echo(json.dumps(replayed.output, ensure_ascii=False, indent=2))
    if replayed.stored is None:
        compared = "the run has no output of it"
    else:
        compared = "the run has the same output" if replayed.output == replayed.stored else "the run has another output"
    typer.echo(f"{stage}: {replayed.seconds:.1f} s; {compared}")
    typer.echo(f"not written: {replayed.records} records; objects: {', '.join(replayed.objects) or 'none'}")
    if replayed.usage:
        usage = replayed.usage
        typer.echo(f"models: {usage.input_tokens} tokens in, {usage.output_tokens} out, {usage.usd} US dollars")
