"""Pipelines that fail, wait, crash and fan out on command, for the tests of the engine."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from moments_ray.engine import Context, FanOut, FanOutput, Item, Pipeline, Resources, Value, stage
from moments_ray.errors import DownloadInterrupted, MediaError, UnsupportedMedia


class Trial(Value):
    """What a trial is to do; ``notes`` is a file that every execution appends a line to."""

    notes: str
    fail_first: int = 0
    fail_for_good: bool = False
    crash_first: int = 0
    sleep: float = 0.0
    slow_first: int = 1_000
    skip: bool = False
    items: int = 0
    bad_items: int = 0
    subject: str | None = None


def subject_of(trial: Trial) -> str | None:
    """Return what forbids a second active trial."""
    return trial.subject


class First(Value):
    value: str


class Second(Value):
    value: str


class Third(Value):
    value: str


def note(trial: Trial, line: str) -> int:
    """Append a line and return how often it stands there."""
    path = Path(trial.notes)
    with path.open("a") as notes:
        notes.write(line + "\n")
    return path.read_text().splitlines().count(line)


@stage("FIRST", resources=Resources(cpus=0.1))
async def first(ctx: Context, trial: Trial) -> First:
    note(trial, "first")
    return First(value="one")


@stage("SECOND", resources=Resources(cpus=0.1), timeout=120)
async def second(ctx: Context, trial: Trial, before: First) -> Second:
    times = note(trial, "second")
    if times <= trial.crash_first:
        os.kill(os.getpid(), signal.SIGKILL)
    if times <= trial.fail_first:
        raise DownloadInterrupted("the connection broke, as asked")
    if trial.fail_for_good:
        raise UnsupportedMedia("this will never work, as asked")
    if trial.sleep and times <= trial.slow_first:
        await sleep_with_a_child(trial, trial.sleep)
    return Second(value=before.value + " two")


async def sleep_with_a_child(trial: Trial, seconds: float) -> None:
    child = await asyncio.create_subprocess_exec("sleep", str(seconds + 600))
    note(trial, f"child {child.pid}")
    try:
        await asyncio.sleep(seconds)
    finally:
        child.kill()
        await child.wait()


@stage(
    "THIRD",
    resources=Resources(cpus=0.1),
    skip_when=lambda trial: "asked to be skipped" if trial.skip else None,
)
async def third(ctx: Context, trial: Trial, before: Second) -> Third:
    note(trial, "third")
    return Third(value=before.value + " three")


TRIAL = Pipeline("trial", first, second, third, takes=Trial, exclusive=subject_of)


@stage("HANG", resources=Resources(cpus=0.1), timeout=1.0, attempts=2)
async def hang(ctx: Context, trial: Trial) -> First:
    note(trial, "hang")
    await sleep_with_a_child(trial, 3600)
    return First(value="never")


HANGING = Pipeline("hanging", hang, takes=Trial, exclusive=subject_of)


@stage("IDLE", resources=Resources(cpus=0), timeout=120)
async def idle(ctx: Context, trial: Trial) -> First:
    if note(trial, f"idle {os.getpid()}") <= trial.fail_first:
        raise DownloadInterrupted("the connection broke, as asked")
    if trial.fail_for_good:
        raise ValueError("nobody foresaw this")
    await asyncio.sleep(trial.sleep)
    return First(value="patient")


IDLING = Pipeline("idling", idle, takes=Trial, exclusive=subject_of)


@stage("OBSERVE", resources=Resources(cpus=0.1, custom={"telescope": 1}))
async def observe(ctx: Context, trial: Trial) -> First:
    if note(trial, "observe") <= trial.slow_first:
        await asyncio.sleep(trial.sleep)
    return First(value="a star")


UNFIT = Pipeline("unfit", observe, takes=Trial, exclusive=subject_of)


@stage("HEARKEN", resources=Resources(cpus=0.1), gpu_share=lambda settings: settings.speech.gpu_share)
async def hearken(ctx: Context, trial: Trial) -> First:
    note(trial, f"hearken {ctx.resources.gpus:g} {os.environ.get('CUDA_VISIBLE_DEVICES') or 'no'} {os.getpid()}")
    return First(value="a sound")


HEARING = Pipeline("hearing", hearken, takes=Trial, exclusive=subject_of)


class Number(Item):
    number: int


class Doubled(Value):
    number: int


class Doubles(FanOutput[Doubled]):
    pass


class Labelled(Value):
    label: str


class Labels(FanOutput[Labelled]):
    pass


async def plan_numbers(ctx: Context, trial: Trial, one: First) -> Sequence[Number]:
    return [Number(key=f"n{number}", number=number) for number in range(trial.items)]


async def double(ctx: Context, items: Sequence[Number], trial: Trial) -> Sequence[Doubled | MediaError]:
    outputs: list[Doubled | MediaError] = []
    for item in items:
        times = note(trial, f"double {item.number}")
        if item.number == 0 and times <= trial.crash_first:
            os.kill(os.getpid(), signal.SIGKILL)
        if trial.sleep:
            await sleep_with_a_child(trial, trial.sleep)
        bad = item.number < trial.bad_items
        outputs.append(MediaError(f"number {item.number} is bad") if bad else Doubled(number=2 * item.number))
    return outputs


async def label(ctx: Context, item: Number, before: Doubled | None, trial: Trial) -> Labelled:
    note(trial, f"label {item.number}")
    return Labelled(label=f"{item.number} is {before.number if before else 'alone'}")


_FIFTH = Resources(cpus=0.2)

FAN = Pipeline(
    "fan",
    first,
    FanOut(
        "DOUBLE",
        plan=plan_numbers,
        each_row=double,
        row=2,
        gives=Doubles,
        resources=_FIFTH,
        tolerate=0.5,
        skip_when=lambda trial: "asked to be skipped" if trial.skip else None,
    ),
    FanOut("LABEL", each=label, gives=Labels, resources=_FIFTH, tolerate=0.5),
    takes=Trial,
    exclusive=subject_of,
)
