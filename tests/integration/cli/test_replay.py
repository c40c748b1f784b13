"""``moments replay``: a stage of a past run again, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moments_ray import runtime
from moments_ray.database.tables import Run
from moments_ray.embedded.services import Services
from moments_ray.engine import Context, FanOut, FanOutput, Item, Pipeline, Value, stage
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.chain import _begin
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.item import work_items
from moments_ray.engine.execute.stage import execute_stage
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import UnsupportedMedia
from moments_ray.settings import Settings
from tests.integration.cli.conftest import Moments
from tests.runs import submit


class Poem(Value):
    text: str
    ends_on: str = ""


class Written(Value):
    name: str
    characters: int


class Line(Item):
    text: str


class Counted(Value):
    words: int


class Counts(FanOutput[Counted]):
    pass


class Praised(Value):
    text: str


@stage("WRITE")
async def write(ctx: Context, poem: Poem) -> Written:
    """Store the poem; what is stored under the name already is replaced."""
    name = f"{ctx.folder}/poem.txt"
    await ctx.store.put_bytes(name, poem.text.encode(), content_type="text/plain")
    ctx.record(_row)
    return Written(name=name, characters=len(poem.text))


async def _row(session: object) -> None:
    """Stand for a row."""


async def lines(ctx: Context, written: Written) -> list[Line]:
    """Read the poem back."""
    text = (await ctx.store.read_range(written.name, 0, 1000)).decode()
    return [Line(key=str(number), text=line) for number, line in enumerate(text.splitlines())]


async def count(ctx: Context, item: Line, poem: Poem) -> Counted:
    if item.text == poem.ends_on:
        raise UnsupportedMedia("this line is no line")
    return Counted(words=len(item.text.split()))


@stage("PRAISE")
async def praise(ctx: Context, counts: Counts) -> Praised:
    raise ZeroDivisionError("praise has no measure")


POEM = Pipeline(
    "poem",
    write,
    FanOut("COUNT_WORDS", plan=lines, each=count, gives=Counts, tolerate=1.0),
    praise,
    takes=Poem,
    gives=Praised,
)
REQUEST = Poem(text="one two\nthree\nthe end")


@pytest.fixture
def settings(
    embedded: Services, empty_database: str, moments: Moments, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Settings:
    """A deployment of its own that knows the pipeline above, for this process and for commands."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("REDIS_URL", embedded.redis_url)
    monkeypatch.setenv("MOMENTS_PIPELINES", f'["{__name__}"]')
    assert moments("migrate").status == 0
    return Settings(_env_file=None)


@contextlib.asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Environment]:
    environment = runtime.connect(settings)
    yield environment
    await environment.close()


async def past_run(settings: Settings, request: Poem = REQUEST) -> Run:
    """Have a run come as far as its fan-out's items."""
    async with connected(settings) as environment:
        run = await submit(RunService(environment), POEM, request)
        async with environment.database.begin() as session:
            claim = claim_of(await Claims(session).claim(run.identifier, "worker", 60.0) or run)
        await execute_stage(await ClaimedRun.load(environment, claim), "WRITE")
        _, rows = await _begin(environment, claim, "COUNT_WORDS")
        for row in rows:
            await work_items(environment, claim, "COUNT_WORDS", row["keys"], row["of"])
        return run


async def events_and_poem(settings: Settings, run: Run) -> tuple[int, bytes]:
    async with connected(settings) as environment:
        async with environment.database.read() as session:
            events = (await Runs(session).get(run.identifier)).event_seq
        return events, await environment.store.read_range(f"runs/{run.subject}/poem.txt", 0, 1000)


def test_a_stage_is_run_again_and_nothing_is_kept(settings: Settings, moments: Moments) -> None:
    run = asyncio.run(past_run(settings))
    before = asyncio.run(events_and_poem(settings, run))
    outcome = moments("replay", run.identifier, "WRITE", "--json")
    document = outcome.document
    assert (outcome.status, document["same"], document["records"]) == (0, True, 1)
    assert document["output"] == document["stored_output"] == {"name": f"runs/{run.subject}/poem.txt", "characters": 21}
    assert document["objects"] == [f"runs/{run.subject}/poem.txt"]
    assert document["directory"] in outcome.stderr
    assert (Path(document["directory"]) / "store/objects" / document["objects"][0]).read_bytes() == before[1]
    assert asyncio.run(events_and_poem(settings, run)) == before


def test_a_fan_out_is_replayed_whole_or_by_item(settings: Settings, moments: Moments) -> None:
    run = asyncio.run(past_run(settings, REQUEST.model_copy(update={"ends_on": "the end"})))
    whole = moments("replay", run.identifier, "COUNT_WORDS", "--json")
    assert (whole.status, whole.document["same"]) == (3, True)
    assert whole.document["output"]["items"] == [{"words": 2}, {"words": 1}]
    assert whole.document["output"]["failed"][0]["message"] == "this line is no line."
    one = moments("replay", run.identifier, "COUNT_WORDS", "--item", "0", "--json")
    assert (one.status, one.document["output"]) == (0, {"items": [{"words": 2}], "failed": []})
    assert "the run has the same output" in moments("replay", run.identifier, "COUNT_WORDS", "--item", "0").stdout


def test_a_defect_of_a_stage_comes_with_its_traceback(settings: Settings, moments: Moments) -> None:
    run = asyncio.run(past_run(settings))
    outcome = moments("replay", run.identifier, "PRAISE")
    assert (outcome.status, "[stage.failed]" in outcome.stderr) == (1, True)
    assert "ZeroDivisionError" in outcome.stderr + outcome.stdout
    assert "praise has no measure" in outcome.stderr


def test_what_cannot_be_replayed_is_said(settings: Settings, moments: Moments) -> None:
    unknown = moments("replay", "nobody", "WRITE")
    assert (unknown.status, "[object.not_found]" in unknown.stderr) == (2, True)

    async def only_submitted() -> str:
        async with connected(settings) as environment:
            return (await submit(RunService(environment), POEM, REQUEST)).identifier

    run = asyncio.run(only_submitted())
    assert "choose one of WRITE, COUNT_WORDS, PRAISE" in moments("replay", run, "WROTE").stderr
    early = moments("replay", run, "PRAISE")
    assert (early.status, "[run.inputs_missing]" in early.stderr) == (1, True)
    assert "takes what COUNT_WORDS gives" in early.stderr
    assert "has no items: leave --item out" in moments("replay", run, "WRITE", "--item", "0").stderr


def test_an_object_that_is_gone_is_named(settings: Settings, moments: Moments) -> None:
    run = asyncio.run(past_run(settings, Poem(text="")))

    async def delete() -> None:
        async with connected(settings) as environment:
            await environment.store.delete(f"runs/{run.subject}/poem.txt")

    asyncio.run(delete())
    outcome = moments("replay", run.identifier, "COUNT_WORDS")
    assert (outcome.status, "[run.inputs_missing]" in outcome.stderr) == (1, True)
    assert "poem.txt" in outcome.stderr
