"""A job that does nothing: what the queue, the worker and the journal cost."""

from __future__ import annotations

import asyncio
from pathlib import Path

from moments_ray.engine import Context, Pipeline, Resources, Value, stage


class NothingRequest(Value):
    """Which job it is, how many seconds it lasts, and where it notes that it began."""

    job: int = 0
    seconds: float = 0.0
    notes: str = ""


class Nothing(Value):
    """What it gives."""


@stage("NOTHING", resources=Resources(cpus=0))
async def nothing(ctx: Context, request: NothingRequest) -> Nothing:  # noqa: ARG001 - it does nothing
    """Do nothing, for so long."""
    if request.notes:
        with Path(request.notes).open("a") as notes:  # noqa: ASYNC230 - shorter than a thread would take
            notes.write(f"{request.job}\n")
        await asyncio.sleep(request.seconds)
    return Nothing()


NOTHING = Pipeline("job.nothing", nothing, takes=NothingRequest)
