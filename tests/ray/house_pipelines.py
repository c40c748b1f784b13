"""A whole product of the tests: pipelines that share a video, note, fail and wait on command."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, JsonValue

from moments_ray.engine import Context, FanOut, FanOutput, Item, Pipeline, Resources, Value, stage
from moments_ray.engine.product import Owned, Product
from moments_ray.errors import DownloadInterrupted

_LIGHT = Resources(cpus=0.1)


class Thing(Value):
    """What is measured."""

    name: str = "a thing"


class HouseRequest(Value):
    """What is asked for; a stage that waits does so until the file ``gate`` is there."""

    video: str | None = None
    label: str = ""
    gate: str = ""
    fail_first: int = 0
    items: int = 0
    thing: Thing = Thing()
    force: bool = False
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


def video_of(request: HouseRequest) -> str | None:
    return request.video


def label_of(request: HouseRequest) -> str | None:
    return request.label or None


class Worked(Value):
    """How often it was tried, by its notes, over all claims."""

    tries: int


class Report(Value):
    """What a run gives."""

    label: str
    tries: int


async def tried(ctx: Context, fail_first: int) -> Worked:
    """Note one more try, and fail the first ones."""
    tries = int(str(ctx.notes.get("tries", 0))) + 1
    await ctx.note("tries", tries)
    if tries <= fail_first:
        raise DownloadInterrupted("The connection broke, as asked.")
    return Worked(tries=tries)


@stage("HOUSE_WORK", resources=_LIGHT, attempts=2)
async def work(ctx: Context, request: HouseRequest) -> Worked:
    return await tried(ctx, request.fail_first)


def report(request: HouseRequest, worked: Worked) -> Report:
    return Report(label=request.label, tries=worked.tries)


class Piece(Value):
    """An object that was staged, and published after it had waited."""

    name: str


@stage("HOUSE_PIECE", resources=_LIGHT, timeout=120)
async def make_piece(ctx: Context, request: HouseRequest) -> Piece:
    staged = ctx.staged("piece.txt")
    await ctx.store.put_bytes(staged, ctx.run.encode(), content_type="text/plain")
    while not Path(request.gate).exists():
        await asyncio.sleep(0.05)
    name = f"{ctx.folder}/pieces/{ctx.run}.txt"
    await ctx.store.promote(staged, name)
    return Piece(name=name)


class Measured(Value):
    letters: int


async def ruler(environment: Any) -> JsonValue:
    """Return who measures now, as a registry of models would."""
    file = environment.settings.home / "house_ruler"
    return str(file.read_text()) if file.exists() else "wood"


@stage("HOUSE_MEASURE", resources=_LIGHT, reusable=True, identity=ruler)
async def measure(ctx: Context, thing: Thing) -> Measured:
    return Measured(letters=len(thing.name))


class Brick(Item):
    number: int


class Bricks(FanOutput[Worked]):
    """What became of the items."""


async def plan_bricks(ctx: Context, request: HouseRequest) -> Sequence[Brick]:
    return [Brick(key=f"b{number}", number=number) for number in range(request.items)]


async def lay(ctx: Context, item: Brick, request: HouseRequest) -> Worked:
    return await tried(ctx, request.fail_first)


LAY = FanOut("HOUSE_LAY", plan=plan_bricks, each=lay, gives=Bricks, resources=_LIGHT, attempts=1, tolerate=1.0)

# One at a time by its label; about a video that many work on, in the video's folder or in their own.
WORK = Pipeline("house.work", work, takes=HouseRequest, gives=report, exclusive=label_of)
ON_VIDEO = Pipeline(
    "house.on_video",
    make_piece,
    takes=HouseRequest,
    gives=Piece,
    subject=video_of,
    video=video_of,
    folder="videos/{subject}",
)
JOB = Pipeline("house.job", make_piece, takes=HouseRequest, gives=Piece, video=video_of, folder="house_jobs/{subject}")
MEASURE = Pipeline("house.measure", measure, takes=HouseRequest, gives=Measured, video=video_of)
WALL = Pipeline("house.wall", LAY, takes=HouseRequest, gives=Bricks, video=video_of)

HOUSE = Product(
    "house",
    pipelines=(WORK, ON_VIDEO, JOB, MEASURE, WALL),
    owned=(Owned("house_jobs/"),),
)
