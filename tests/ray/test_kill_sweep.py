"""Whatever dies in whatever stage, the run goes on there and ends as if nothing had happened; nothing stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from moments_ray import runtime
from moments_ray.database.session import Database
from moments_ray.errors import MomentsError
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.settings import Settings
from tests.ray.home import Home, kill
from tests.ray.talk import Talk

_CHAIN = ("CLIP_EXTRACTION", "CLIP_UPLOAD", "MOMENT_REFINEMENT")
_POLL_SECONDS = 0.005
_CASE_SECONDS = 240
_STOP_SECONDS = 60  # on a machine that is busy with other things; alone it takes one or two


async def rows(database: Database, query: str, **values: Any) -> list[dict[str, Any]]:
    async with database.read() as session:
        return [dict(row) for row in (await session.execute(text(query), values)).mappings()]


# The chain's stages begin together; one is at work once the one before it has done an item.
_AT_WORK = """
    SELECT 1 FROM run_stages s WHERE s.name = :stage AND s.status IN ('processing', 'completed') AND (
        :before = '' OR EXISTS (SELECT 1 FROM run_items i WHERE i.stage = :before AND i.status = 'completed'))
"""


async def until_at_work(home: Home, stage: str, command: asyncio.subprocess.Process) -> None:
    """Wait until a stage is at work; one that is quick may be over by then."""
    before = dict(zip(_CHAIN[1:], _CHAIN, strict=False)).get(stage, "")
    async with home.database() as database:
        while True:
            with contextlib.suppress(MomentsError, SQLAlchemyError, OSError):  # no server, or no schema, yet
                if await rows(database, _AT_WORK, stage=stage, before=before):
                    return
            assert command.returncode is None, await told(command)
            await asyncio.sleep(_POLL_SECONDS)


async def told(command: asyncio.subprocess.Process) -> str:
    out, err = await command.communicate()
    return f"status {command.returncode}\n{out.decode()}\n{err.decode()}"


async def kill_command(home: Home, stage: str, command: asyncio.subprocess.Process) -> None:
    command.kill()
    await command.wait()


async def interrupt_command(home: Home, stage: str, command: asyncio.subprocess.Process) -> None:
    """Ctrl-C: the command hands the run back, says how to go on, and ends with all that it started."""
    began = time.monotonic()
    command.send_signal(signal.SIGINT)
    out, err = await command.communicate()
    assert time.monotonic() - began < _STOP_SECONDS
    assert (command.returncode, out) == (130, b"")
    assert b"the same command goes on from here" in err
    await home.gone()


async def kill_worker(home: Home, stage: str, command: asyncio.subprocess.Process) -> None:
    assert await killed(lambda: home.named("ray::WorkerActor"))


async def kill_redis(home: Home, stage: str, command: asyncio.subprocess.Process) -> None:
    assert await killed(lambda: home.named("valkey-server"))


async def kill_stage(home: Home, stage: str, command: asyncio.subprocess.Process) -> None:
    first = _CHAIN[0] if stage in _CHAIN else stage
    await killed(lambda: home.named("ray::", f":{first}#"))


async def kill_item(home: Home, stage: str, command: asyncio.subprocess.Process) -> None:
    await killed(lambda: home.named("ray::Map("))


async def killed(look: Callable[[], list[int]]) -> bool:
    """Kill what is found, which for a stage may be a moment after its start, or never when it is over by now."""
    for _ in range(40):
        if found := look():
            kill(found)
            return True
        await asyncio.sleep(0.05)
    return False


Kill = Callable[[Home, str, asyncio.subprocess.Process], Awaitable[None]]


def arguments(home: Home, talk: Talk) -> list[str | Path]:
    """What the command is given every time."""
    lengths = ["--count", "3", "--min-seconds", "6", "--max-seconds", "20"]
    return [talk.path, "--captions", talk.captions, *lengths, "--out", home.path / "out", "--json"]


def essence(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What of the moments must not depend on what died."""
    names = ("title", "start_time", "end_time", "score", "reason", "provenance")
    clip = ("path", "start_time", "end_time", "frames")
    return [
        {name: moment[name] for name in names} | {name: moment["clip"][name] for name in clip}
        for moment in document["moments"]
    ]


async def carried_through(home: Home, talk: Talk, kills: Sequence[tuple[str, Kill]]) -> dict[str, Any]:
    """Give the command, kill, give it again if that was what died, and return its document."""
    command = await home.run(*arguments(home, talk))
    for stage, kill_it in kills:
        await until_at_work(home, stage, command)
        await kill_it(home, stage, command)
        if command.returncode is not None:
            command = await home.run(*arguments(home, talk))
    out, err = await asyncio.wait_for(command.communicate(), _CASE_SECONDS)
    assert command.returncode == 0, (out.decode(), err.decode())
    document: dict[str, Any] = json.loads(out)
    return document


async def assert_done_once(home: Home) -> None:
    """Each stage and item completed, and once; nothing is left in Redis, scratch, staging or the process table."""
    await home.gone()
    settings = Settings(_env_file=None, home=home.path, database_url=None, redis_url=None, ray_address=None)
    async with runtime.services(settings) as resolved:
        environment = runtime.connect(resolved)
        query = "SELECT stage, number, attempt, status, error_code FROM run_attempts ORDER BY started_at"
        tries = await rows(environment.database, query)
        done = Counter(one["stage"] for one in tries if one["status"] == "completed")
        assert done == dict.fromkeys(MOMENTS.stage_names, 1), tries
        stages = await rows(environment.database, "SELECT name, status FROM run_stages")
        assert {one["name"]: one["status"] for one in stages} == dict.fromkeys(MOMENTS.stage_names, "completed")
        assert {one["status"] for one in tries} <= {"completed", "failed", "cancelled"}
        items = await rows(environment.database, "SELECT stage, key, status FROM run_items")
        assert {one["status"] for one in items} == {"completed"}
        (run,) = await rows(environment.database, "SELECT * FROM runs")
        assert (run["status"], run["error"], run["owner"]) == ("completed", None, None)
        client = runtime.open_redis(resolved)
        keys = {key.decode() async for key in client.scan_iter("pipeline:*")}
        await client.aclose()
        assert {key for key in keys if key.endswith((":lock", ":cancel"))} == set()
        staged = [one.name async for one in environment.store.list("videos/") if "/staging/" in one.name]
        assert staged == []
        await environment.close()
    assert list(settings.scratch.glob("*")) == []
    assert list((home.path / "store" / "staging").glob("*")) == []
    await home.gone()
    assert ray_directories_of_the_dead() == []


def ray_directories_of_the_dead() -> list[Path]:
    return [
        path
        for path in Path(tempfile.gettempdir()).glob("moments-ray-*")
        if (pid := path.name.split("-")[2]).isdecimal() and int(pid) and not Path(f"/proc/{pid}").exists()
    ]


@pytest.fixture(scope="module")
def undisturbed(talk: Talk) -> list[dict[str, Any]]:
    """What the command comes to when nothing dies."""

    async def made(home: Home) -> dict[str, Any]:
        document = await carried_through(home, talk, [])
        await assert_done_once(home)
        return document

    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as path:
        return essence(asyncio.run(made(Home(Path(path)))))


@pytest.mark.timeout(400)
async def test_one_run_survives_the_death_of_everything_it_runs_in(home: Home, talk: Talk) -> None:
    kills = [
        ("AUDIO_EXTRACTION", interrupt_command),
        ("TRANSCRIPTION", kill_worker),
        ("MOMENT_GENERATION", kill_stage),
        ("CLIP_EXTRACTION", kill_redis),
        ("MOMENT_REFINEMENT", kill_command),
    ]
    document = await carried_through(home, talk, kills)
    assert len(document["moments"]) == 3
    await assert_done_once(home)


_SWEEP = [
    *(
        (stage, kill_it)
        for stage in MOMENTS.stage_names
        for kill_it in (kill_command, kill_worker, kill_stage, kill_redis)
    ),
    *((stage, kill_item) for stage in _CHAIN),
]


@pytest.mark.slow
@pytest.mark.timeout(2 * _CASE_SECONDS)
@pytest.mark.parametrize(("stage", "kill_it"), _SWEEP, ids=lambda value: getattr(value, "__name__", value))
async def test_whatever_dies_in_a_stage_the_run_goes_on_there(
    home: Home, talk: Talk, undisturbed: list[dict[str, Any]], stage: str, kill_it: Kill
) -> None:
    document = await carried_through(home, talk, [(stage, kill_it)])
    assert essence(document) == undisturbed
    await assert_done_once(home)
