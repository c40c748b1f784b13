"""What one Ray task executes: a stage, and the light ones after it that ask for the same."""

from __future__ import annotations

import pytest

from moments_ray.engine import Context, FanOut, FanOutput, Item, Pipeline, Resources, Value, stage
from moments_ray.engine.execute.capacity import granted
from moments_ray.engine.execute.task import together
from moments_ray.engine.pipeline import names_of
from moments_ray.settings import Settings


class Request(Value):
    pass


class Piece(Item):
    pass


class Output(Value):
    pass


class Pieces(FanOutput[Output]):
    pass


def pipeline(*asked: Resources | None) -> Pipeline:
    """A pipeline of stages that ask for these; None is a fan-out."""
    steps: list[object] = []
    for number, resources in enumerate(asked):
        if resources is None:

            async def plan(ctx: Context, request: Request) -> list[Piece]:
                return []

            async def each(ctx: Context, item: Piece) -> Output:
                return Output()

            steps.append(FanOut("FAN", plan=plan, each=each, gives=Pieces))
            continue
        gives = type(f"Output{number}", (Value,), {"__module__": __name__})

        async def run(ctx: Context, request: Request) -> Value:
            return Value()

        run.__annotations__ = {"ctx": Context, "request": Request, "return": gives}
        steps.append(stage(f"STAGE_{number}", resources=resources)(run))
    return Pipeline("p", *steps, takes=Request)  # type: ignore[arg-type]  # made in a loop


LIGHT, OTHER, CORE = Resources(cpus=0.1), Resources(cpus=0.2), Resources(cpus=1)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ((LIGHT, LIGHT, LIGHT), 3),
        ((LIGHT, LIGHT, OTHER, LIGHT), 2),
        ((LIGHT, None, LIGHT), 1),
        ((CORE, CORE), 1),
        ((Resources(cpus=0.1, custom={"clip_extraction": 1}),) * 2, 1),
        ((Resources(cpus=0.1, memory=2**30),) * 2, 1),
        ((Resources(cpus=0.1, gpus=0.5),) * 2, 1),
    ],
)
def test_only_light_stages_that_ask_for_the_same_share_a_task(asked: tuple[Resources | None, ...], count: int) -> None:
    units = list(pipeline(*asked).units())
    assert together(units) == units[:count]


def test_a_chain_is_a_task_of_its_own() -> None:
    units = list(pipeline(None, LIGHT).units())
    assert [names_of(unit) for unit in together(units)] == [["FAN"]]


def test_a_share_of_a_gpu_is_asked_for_only_where_a_node_offers_it_beside_the_rest() -> None:
    plain = Resources(cpus=2)

    async def run(ctx: Context, request: Request) -> Output:
        return Output()

    hears = stage("HEARS", resources=plain, gpu_share=lambda settings: settings.speech.gpu_share)(run)
    settings = Settings(_env_file=None)
    with_gpu = {"head": {"CPU": 8.0}, "other": {"CPU": 8.0, "GPU": 1.0}}
    assert granted(hears, settings, with_gpu).requirements() == {"CPU": 2.0, "GPU": settings.speech.gpu_share}
    assert granted(hears, settings, {"head": {"CPU": 8.0}, "small": {"CPU": 1.0, "GPU": 1.0}}) == plain
    none = settings.model_copy(update={"speech": settings.speech.model_copy(update={"gpu_share": 0.0})})
    assert granted(hears, none, with_gpu) == plain
