"""A pipeline is wired by type, and one that is mis-wired does not import."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from moments_ray.engine import Context, FanOut, FanOutput, Item, Pipeline, Resources, Value, stage
from moments_ray.engine.registry import Registry
from moments_ray.errors import InvalidRequest


class Part(Value):
    word: str = "part"


class Request(Value):
    part: Part = Part()


class One(Value):
    pass


class Two(Value):
    pass


class Piece(Item):
    pass


class Pieces(FanOutput[One]):
    pass


@stage("ONE")
async def one(ctx: Context, part: Part) -> One:
    return One()


@stage("TWO")
async def two(ctx: Context, one: One) -> Two:
    return Two()


@stage("MAYBE", skip_when=lambda one: "always")
async def maybe(ctx: Context, one: One) -> Two:
    return Two()


async def plan(ctx: Context, one: One) -> Sequence[Piece]:
    return []


async def work(ctx: Context, item: Piece) -> One:
    return One()


def test_a_stage_takes_the_request_its_parts_and_what_earlier_stages_gave() -> None:
    pipeline = Pipeline("fine", one, two, takes=Request)
    assert pipeline.stage_names == ("ONE", "TWO")
    assert repr(pipeline) == "Pipeline('fine', ONE → TWO)"


def test_taking_what_nobody_gives_is_an_error_that_names_both() -> None:
    with pytest.raises(TypeError, match="TWO takes One, which neither the request"):
        Pipeline("wrong", two, takes=Request)


def test_the_order_counts() -> None:
    with pytest.raises(TypeError, match="TWO takes One"):
        Pipeline("wrong", two, one, takes=Request)


def test_what_may_be_skipped_must_be_taken_as_optional() -> None:
    @stage("THREE")
    async def three(ctx: Context, two: Two) -> Value:
        return Value()

    @stage("THREE")
    async def careful(ctx: Context, two: Two | None) -> Value:
        return Value()

    Pipeline("fine", one, maybe, careful, takes=Request)
    with pytest.raises(TypeError, match=r"must take Two \| None"):
        Pipeline("wrong", one, maybe, three, takes=Request)


def test_two_stages_of_one_name_or_of_one_output_are_refused() -> None:
    with pytest.raises(TypeError, match="two stages named 'ONE'"):
        Pipeline("wrong", one, one, takes=Request)
    with pytest.raises(TypeError, match="gives Two, which is there already"):
        Pipeline("wrong", one, two, maybe, takes=Request)


def test_an_unannotated_stage_is_refused_where_it_is_declared() -> None:
    with pytest.raises(TypeError, match="must be annotated with a model"):

        @stage("BAD")
        async def bad(ctx: Context, anything) -> One:  # type: ignore[no-untyped-def]  # the point of the test
            return One()


def test_a_predicate_may_only_ask_for_the_stages_own_inputs() -> None:
    with pytest.raises(TypeError, match=r"skip_when asks for \['elsewhere'\]"):

        @stage("BAD", skip_when=lambda elsewhere: None)
        async def bad(ctx: Context, part: Part) -> One:
            return One()


def test_a_fan_out_without_a_plan_follows_another() -> None:
    first = FanOut("FIRST", plan=plan, each=work, gives=Pieces)
    with pytest.raises(TypeError, match="has no plan and no fan-out before it"):
        Pipeline("wrong", one, FanOut("ALONE", each=work, gives=Pieces), takes=Request)
    assert list(Pipeline("fine", one, first, takes=Request).units())[1] == (first,)


def test_a_fan_out_has_one_form_of_work() -> None:
    with pytest.raises(TypeError, match="either each or each_row"):
        FanOut("NONE", plan=plan, gives=Pieces)


def test_resources_refuse_their_own_contradictions_and_know_what_fits() -> None:
    with pytest.raises(ValueError, match="cannot ask for -1 of cpus"):
        Resources(cpus=-1)
    request = Resources(cpus=2, custom={"clip_extraction": 1})
    assert request.fits([{"CPU": 1, "clip_extraction": 4}, {"CPU": 2, "clip_extraction": 1}])
    assert not request.fits([{"CPU": 1, "clip_extraction": 4}, {"CPU": 2}])


def test_the_registry_finds_pipelines_in_modules_and_names_what_it_knows() -> None:
    registry = Registry.load(["tests.ray.toy_pipeline"])
    assert registry.get("toy").name == "toy"
    with pytest.raises(InvalidRequest, match="There is no pipeline 'other'; this deployment knows toy"):
        registry.get("other")
