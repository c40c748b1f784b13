"""The pipelines that are measured: eight stages that do nothing, in one Ray task or in one each."""

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


def _stage(name: str, number: int, takes: type[Value], cpus: float) -> tuple[type[Value], object]:
    gives = type(f"{name.title()}{number}", (Value,), {"__module__": __name__})

    async def do_nothing(ctx: Context, request: Nothing, before: Value) -> Value:  # noqa: ARG001 - it does nothing
        if request.notes:
            with Path(request.notes).open("a") as notes:  # noqa: ASYNC230 - shorter than a thread would take
                notes.write(f"{request.run} {number}\n")
            await asyncio.sleep(request.seconds)
        nothing: Value = gives()
        return nothing

    do_nothing.__annotations__ = {"ctx": Context, "request": Nothing, "before": takes, "return": gives}
    return gives, stage(f"{name.upper()}_{number}", resources=Resources(cpus=cpus))(do_nothing)


def _declare(name: str, *cpus: float) -> Pipeline:
    takes: type[Value] = Nothing
    steps = []
    for number in range(1, STAGES + 1):
        takes, step = _stage(name, number, takes, cpus[number % len(cpus)])
        steps.append(step)
    return Pipeline(name, *steps, takes=Nothing)  # type: ignore[arg-type]  # made in a loop


TOGETHER = _declare("together", 0.1)
APART = _declare("apart", 0.1, 0.11)  # no two neighbours ask for the same
