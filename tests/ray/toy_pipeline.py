"""A pipeline of two toy stages: all that a new kind of work has to write."""

from moments_ray.engine import Context, Pipeline, Value, stage


class Ask(Value):
    text: str
    subject: str | None = None


class Shouted(Value):
    text: str


class Counted(Value):
    letters: int


@stage("SHOUT")
async def shout(ctx: Context, ask: Ask) -> Shouted:
    return Shouted(text=ask.text.upper())


@stage("COUNT")
async def count(ctx: Context, shouted: Shouted) -> Counted:
    return Counted(letters=len(shouted.text))


TOY = Pipeline("toy", shout, count, takes=Ask, gives=Counted, exclusive=lambda ask: ask.subject)
