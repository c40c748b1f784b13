"""A pipeline of one stage that asks a priced model."""

from __future__ import annotations

from moments_ray.engine import Context, Pipeline, Value, stage
from moments_ray.models.conversation import Question, Turn
from moments_ray.models.entry import ModelEntry, ModelKind
from moments_ray.models.gateway import Gateway
from moments_ray.moments.roles import REFINER


class Asked(Value):
    url: str
    times: int = 1


class Answered(Value):
    texts: tuple[str, ...]


@stage("ANSWER", timeout=60)
async def answer(ctx: Context, asked: Asked) -> Answered:
    """Ask as often as wanted, one after another."""
    entry = ModelEntry(
        key="m",
        kind=ModelKind.LLM,
        base_url=asked.url,
        usd_per_million_input_tokens=2.0,
        usd_per_million_output_tokens=10.0,
    )
    question = Question(turns=(Turn.of("user", "?"),))
    texts = []
    for _ in range(asked.times):
        said = await ctx.service(Gateway).complete(REFINER, entry, question, ctx.seconds_left(), spent=ctx.spent)
        texts.append(said.text)
    return Answered(texts=tuple(texts))


ASKING = Pipeline("asking", answer, takes=Asked)
