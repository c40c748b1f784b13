"""The pipelines that are measured: eight stages that do nothing, and eight that note that they began."""

from __future__ import annotations

import asyncio
from pathlib import Path

from moments_ray.engine import Context, Pipeline, Resources, Value, stage

STAGES = 8


class Nothing(Value):
    """The request: ``seconds`` a stage, and where each notes that it began, as run ``run``."""

    seconds: float = 0.0
    notes: str = ""
    run: int = 0


def _stage(number: int, takes: type[Value]) -> tuple[type[Value], object]:
    gives = type(f"Nothing{number}", (Value,), {"__module__": __name__})

    async def do_nothing(ctx: Context, request: Nothing, before: Value) -> Value:  # noqa: ARG001 - it does nothing
        if request.notes:
            with Path(request.notes).open("a") as notes:  # noqa: ASYNC230 - shorter than a thread would take
                notes.write(f"{request.run} {number}\n")
            await asyncio.sleep(request.seconds)
        nothing: Value = gives()
        return nothing

    do_nothing.__annotations__ = {"ctx": Context, "request": Nothing, "before": takes, "return": gives}
    return gives, stage(f"NOTHING_{number}", resources=Resources(cpus=0.1))(do_nothing)


def _declare() -> Pipeline:
    takes: type[Value] = Nothing
    steps = []
    for number in range(1, STAGES + 1):
        takes, step = _stage(number, takes)
        steps.append(step)
    return Pipeline("nothing", *steps, takes=Nothing)  # type: ignore[arg-type]  # made in a loop


NOTHING = _declare()
