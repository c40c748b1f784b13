"""A light pipeline through all that a run can touch: a model behind a tunnel, a child process, the store, a fan-out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from moments_ray.engine import Context, FanOut, FanOutput, Item, Pipeline, Resources, Value, stage
from moments_ray.errors import ObjectCorrupted
from moments_ray.ids import fingerprint
from moments_ray.models.conversation import Question, Turn
from moments_ray.models.gateway import Gateway
from moments_ray.moments.roles import MOMENT_GENERATOR

MODEL = "minimax"


class Trouble(Value):
    """What makes one run different from all others."""

    number: int
    video: str
    items: int = 3


class Told(Value):
    answer: str


class Written(Value):
    name: str


class Part(Item):
    number: int


class Made(Value):
    name: str
    mark: str


class Parts(FanOutput[Made]):
    pass


class Read(Value):
    mark: str


class Reads(FanOutput[Read]):
    pass


class Sum(Value):
    marks: tuple[str, ...]


_LIGHT = Resources(cpus=0.1)


async def _put(ctx: Context, kind: str, text: str) -> Written:
    name = f"{ctx.folder}/{kind}-{fingerprint(text)[:16]}.txt"
    await ctx.store.put_bytes(name, text.encode(), content_type="text/plain")
    return Written(name=name)


@stage("ASK", resources=_LIGHT, attempts=6, timeout=120)
async def ask(ctx: Context, trouble: Trouble) -> Told:
    entry = await ctx.service(Gateway).registry.resolve(MODEL, MOMENT_GENERATOR)
    question = Question(turns=(Turn.of("user", f"number {trouble.number}"),))
    return Told(
        answer=(await ctx.service(Gateway).complete(MOMENT_GENERATOR, entry, question, ctx.seconds_left())).text
    )


@stage("WRITE", resources=_LIGHT, attempts=6, timeout=60)
async def write(ctx: Context, trouble: Trouble, told: Told) -> Written:
    return await _put(ctx, "source", f"{trouble.number} {told.answer}")


async def plan_parts(ctx: Context, trouble: Trouble, written: Written) -> Sequence[Part]:
    return [Part(key=f"part{number}", number=number) for number in range(trouble.items)]


async def make(ctx: Context, item: Part, trouble: Trouble) -> Made:
    child = await asyncio.create_subprocess_exec("sleep", "0.1")
    try:
        await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    text = f"{trouble.number} {item.key}"
    return Made(name=(await _put(ctx, "clips/part", text)).name, mark=fingerprint(text))


async def read_back(ctx: Context, item: Part, before: Made | None) -> Read:
    assert before is not None
    target = ctx.scratch / "part"
    await ctx.store.get_file(before.name, target)
    mark = fingerprint(target.read_text())
    if mark != before.mark:
        raise ObjectCorrupted(f"{before.name} is not what was written")
    return Read(mark=mark)


@stage("SUM", resources=_LIGHT, attempts=6, timeout=60)
async def sum_up(ctx: Context, trouble: Trouble, reads: Reads) -> Sum:
    return Sum(marks=tuple(item.mark for item in reads.items))


TROUBLE = Pipeline(
    "trouble",
    ask,
    write,
    FanOut("MAKE", plan=plan_parts, each=make, gives=Parts, resources=_LIGHT, attempts=6),
    FanOut("READ", each=read_back, gives=Reads, resources=_LIGHT, attempts=6),
    sum_up,
    takes=Trouble,
    exclusive=lambda trouble: trouble.video,
    video=lambda trouble: trouble.video,
    folder="videos/{subject}",
)
