"""A registry takes stages and pipelines by name, and what cannot work is refused before a run meets it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import permutations
from types import ModuleType

import pytest
from pydantic import BaseModel

from moments_ray.engine import Context, Pipeline, Resources, Value, stage
from moments_ray.engine.product import Owned, Product
from moments_ray.engine.registry import Registry
from moments_ray.errors import InvalidRequest, NoCapacity


class Request(Value):
    name: str = "x"


class One(Value):
    text: str


class Two(Value):
    text: str


class Both(Value):
    text: str


@stage("ONE", resources=Resources(cpus=1))
async def one(ctx: Context, request: Request) -> One:
    return One(text=request.name)


@stage("ONE", resources=Resources(cpus=1))
async def another_one(ctx: Context, request: Request) -> One:
    return One(text="another")


@stage("TWO", resources=Resources(cpus=1, custom={"telescope": 1}))
async def two(ctx: Context, one: One) -> Two:
    return Two(text=one.text)


@stage("MAYBE_TWO", skip_when=lambda one: "nothing to do")
async def maybe_two(ctx: Context, one: One) -> Two:
    return Two(text=one.text)


@stage("LARGE", resources=Resources(cpus=64))
async def large(ctx: Context, one: One) -> Two:
    return Two(text=one.text)


def result(one: One, two: Two) -> Both:
    return Both(text=one.text + two.text)


def result_without_two(one: One, two: Two | None) -> Both:
    return Both(text=one.text + (two.text if two else ""))


SIMPLE = Pipeline("simple", one, takes=Request)
FAR = Pipeline("far", one, two, takes=Request)
WIDE = Pipeline("wide", one, large, takes=Request)


def test_a_stage_may_be_of_many_pipelines() -> None:
    registry = Registry([SIMPLE, FAR, WIDE])
    assert [pipeline.name for pipeline in registry] == ["simple", "far", "wide"]
    assert registry.get("far") is FAR


def test_two_stages_of_one_name_are_refused_though_they_are_of_different_pipelines() -> None:
    with pytest.raises(TypeError, match="two stages are named 'ONE'"):
        Registry([SIMPLE, Pipeline("other", another_one, takes=Request)])


def test_two_pipelines_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="two pipelines are named 'simple'"):
        Registry([SIMPLE, Pipeline("simple", one, takes=Request)])


def test_a_pipeline_of_a_product_and_of_a_module_is_one() -> None:
    assert list(Registry([SIMPLE], [Product("p", pipelines=(SIMPLE,))])) == [SIMPLE]


def test_an_unknown_name_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(InvalidRequest, match=r"no pipeline 'near'.* far, simple"):
        Registry([SIMPLE, FAR]).get("near")


@pytest.fixture
def module() -> Iterator[str]:
    found = ModuleType("tests_registered_here")
    found.SIMPLE, found.SHELF = SIMPLE, Product("shelf", pipelines=(FAR,), owned=(Owned("shelves/"),))  # type: ignore[attr-defined]
    sys.modules[found.__name__] = found
    yield found.__name__
    del sys.modules[found.__name__]


def test_a_module_gives_its_pipelines_and_its_products(module: str) -> None:
    registry = Registry.load([module])
    assert {pipeline.name for pipeline in registry} == {"simple", "far"}
    assert [owned.prefix for owned in registry.owned] == ["shelves/"]


def test_what_no_stage_gives_is_refused_when_the_pipeline_is_declared() -> None:
    with pytest.raises(TypeError, match="is to give Two, which no stage of it gives"):
        Pipeline("bad", one, takes=Request, gives=Two)
    with pytest.raises(TypeError, match="is to give Two, which no stage of it gives"):
        Pipeline("bad", one, takes=Request, gives=result)


def test_what_may_be_skipped_must_be_taken_as_optional() -> None:
    with pytest.raises(TypeError, match=r"must take Two \| None"):
        Pipeline("bad", one, maybe_two, takes=Request, gives=result)
    pipeline = Pipeline("good", one, maybe_two, takes=Request, gives=result_without_two)
    assert pipeline.result({One: One(text="a")}) == Both(text="a")
    assert Pipeline("good", one, maybe_two, takes=Request, gives=Two).result({One: One(text="a")}) is None


def test_a_result_is_computed_from_outputs_by_their_types() -> None:
    given: dict[type[BaseModel], BaseModel] = {Request: Request(), One: One(text="a"), Two: Two(text="b")}
    assert Pipeline("p", one, two, takes=Request, gives=Two).result(given) == Two(text="b")
    assert Pipeline("p", one, two, takes=Request, gives=result).result(given) == Both(text="ab")
    assert FAR.result(given) is None


@pytest.mark.parametrize("folder", ["jobs", "jobs/", "/jobs/{subject}", "jobs/{subject}/", "jobs/{run}", "{subject}"])
def test_a_folder_is_written_as_a_name_and_the_subject(folder: str) -> None:
    with pytest.raises(TypeError, match="a folder is written"):
        Pipeline("bad", one, takes=Request, folder=folder)


def test_objects_of_runs_lie_in_the_folder_of_their_subject() -> None:
    pipeline = Pipeline("p", one, takes=Request, folder="video_jobs/{subject}")
    assert pipeline.folder("s") == "video_jobs/s"
    assert pipeline.staging("s", "r") == "video_jobs/s/staging/r/"
    assert SIMPLE.folder("s") == "runs/s"


def test_a_prefix_of_owned_objects_ends_with_a_slash() -> None:
    with pytest.raises(ValueError, match="ends with a slash"):
        Owned("jobs")


@pytest.mark.parametrize("pipelines", list(permutations((SIMPLE, FAR, WIDE))))
def test_resources_that_nobody_offers_are_found_in_any_order(pipelines: tuple[Pipeline, ...]) -> None:
    registry = Registry(pipelines)
    small = [{"CPU": 4.0}, {"CPU": 2.0}]
    assert registry.unsatisfiable(small) == {"TWO": "CPU 1, telescope 1", "LARGE": "CPU 64"}
    with pytest.raises(NoCapacity, match="TWO asks for CPU 1, telescope 1"):
        registry.require_capacity(small)
    registry.require_capacity([{"CPU": 64.0}, {"CPU": 1.0, "telescope": 1.0}])
