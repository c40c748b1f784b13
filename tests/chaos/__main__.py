"""Chaos: runs are submitted while a monkey breaks everything in turn; at the end the invariants are checked.

    python -m tests.chaos [--runs 200] [--seed 1] [--films 10]

Most runs are of a light pipeline through all that a run can touch; every so many are of the moments pipeline, on a
small talk. Some are cancelled on their way. What failed because of an outage is retried once the monkey has gone, as an
operator would. The exit status is 1 if anything is lost, doubled, wrong or left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import redis.asyncio as redis
from pydantic import SecretStr
from redis.exceptions import RedisError

from moments_ray import runtime
from moments_ray.embedded.postgres import PostgresServer
from moments_ray.embedded.redis import RedisServer
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.sweeps import Sweeps
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import ServiceUnavailable
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source, SpeechOptions
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import GenerationOptions, MomentsRequest
from moments_ray.states import RunStatus
from tests.chaos.deployment import Deployment, deployment
from tests.chaos.invariants import CHECKS, End, figures
from tests.chaos.monkey import Monkey
from tests.chaos.trouble import TROUBLE, Trouble
from tests.ray.talk import Talk, make_talk
from tests.runs import submit

T = TypeVar("T")

_WAITING_AT_MOST = 30
_POLL_SECONDS = 1.0
_TIMEOUT_SECONDS = 600.0  # for the last runs, once the monkey has gone
_CANCEL_SHARE = 0.05


class Driver:
    """Submits runs as a stubborn client would: an answer that did not come is asked for again, under the same key."""

    def __init__(self, environment: Environment, talk: Talk, options: argparse.Namespace) -> None:
        self._environment = environment
        self._run_service = RunService(environment, runtime.open_redis(environment.settings))
        self._talk = talk
        self._options = options
        self._random = random.Random(options.seed + 1)
        self.accepted: set[str] = set()

    async def submit_all(self) -> None:
        """Submit, never more than a few waiting, and cancel some."""
        for number in range(self._options.runs):
            run = await self._again(partial(self._submit, number))
            self.accepted.add(run)
            if self._random.random() < _CANCEL_SHARE:
                await asyncio.sleep(self._random.uniform(0.0, 3.0))
                await self._again(partial(self._run_service.cancel, run))
            while len(await self._again(self.active)) >= _WAITING_AT_MOST:
                await asyncio.sleep(_POLL_SECONDS)

    async def _submit(self, number: int) -> str:
        film = number % max(1, self._options.runs // max(1, self._options.films)) == 0
        video, _ = await get_or_create_video(self._environment.database.row, f"chaos:{number}")
        request = await self._film(video.identifier) if film else Trouble(number=number, video=video.identifier)
        run = await submit(
            self._run_service,
            MOMENTS if film else TROUBLE,
            request,
            idempotency_key=f"chaos-{number}",
        )
        return run.identifier

    async def _film(self, video: str) -> MomentsRequest:
        captions = f"videos/{video}/captions-given.txt"
        words = self._talk.captions.read_bytes()
        await self._environment.store.put_bytes(captions, words, content_type="text/plain")
        return MomentsRequest(
            source=Source(video=video, path=str(self._talk.path)),
            speech=SpeechOptions(captions=captions),
            generation=GenerationOptions(find=find_options(min_seconds=6, max_seconds=20, count=3)),
        )

    async def _again(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await ask()
            except (ServiceUnavailable, RedisError, OSError):
                await asyncio.sleep(_POLL_SECONDS)

    async def active(self) -> set[str]:
        """Return the runs that have no verdict yet."""
        async with self._environment.database.read() as session:
            return await Sweeps(session).active_identifiers()

    async def until_all_ended(self, seconds: float) -> None:
        """Wait for the last verdict."""
        async with asyncio.timeout(seconds):
            while await self._again(self.active):
                await asyncio.sleep(_POLL_SECONDS)

    async def retry_failed(self) -> int:
        """Ask again for what an outage made fail."""
        failed = [run for run in self.accepted if (await self._standing(run)) == RunStatus.FAILED]
        for run in failed:
            await self._run_service.retry(run)
        return len(failed)

    async def _standing(self, identifier: str) -> str:
        async with self._environment.database.read() as session:
            return (await Runs(session).get(identifier)).status


async def play(options: argparse.Namespace, directory: Path) -> bool:
    """Play it through and print what it came to; tell whether everything held."""
    talk = make_talk(directory)
    async with deployment(directory) as (built, environment):
        driver, monkey = Driver(environment, talk, options), Monkey(built, options.seed)
        began = time.monotonic()
        playing = asyncio.create_task(monkey.play())
        await driver.submit_all()
        await driver.until_all_ended(_TIMEOUT_SECONDS)
        playing.cancel()
        await asyncio.wait([playing])
        retried = await driver.retry_failed()
        await driver.until_all_ended(_TIMEOUT_SECONDS)
        seconds = time.monotonic() - began
        await asyncio.sleep(2 * environment.settings.worker.sweep_seconds)  # what a verdict leaves is cleared after it
        held = await _judge(built, driver)
        _print_deeds(monkey, retried, seconds, options)
        return held and await _nothing_left(built)


async def _judge(built: Deployment, driver: Driver) -> bool:
    home = built.home.path
    straight = built.settings.model_copy(update={"database_url": SecretStr(PostgresServer(home).url)})
    environment = runtime.connect(straight)
    client = redis.Redis.from_url(RedisServer(home).url)
    end = End(environment, client, frozenset(driver.accepted))
    held = True
    for name, check in CHECKS.items():
        wrong = await check(end)
        held = held and not wrong
        _say(f"{'ok ' if not wrong else 'NO '} {name}" + "".join(f"\n      {one}" for one in wrong[:10]))
    for name, value in await figures(end):
        _say(f"    {name:<24}{value}")
    await client.aclose()
    await environment.close()
    return held


def _print_deeds(monkey: Monkey, retried: int, seconds: float, options: argparse.Namespace) -> None:
    _say(f"    {'retried at the end':<24}{retried}")
    _say(f"    {'time':<24}{seconds / 60:.1f} minutes, seed {options.seed}")
    for name, count in sorted(monkey.done.items()):
        _say(f"    {name:<24}{count}")


async def _nothing_left(built: Deployment) -> bool:
    """Stop the server as an operator does, and look what stays of it."""
    built.end_node()
    status = await built.stop_server()
    left = [title for title in built.home.processes().values() if "ray" in title and "embedded" not in title]
    left += [str(path) for path in built.settings.scratch.glob("*")]
    _say(f"{'NO ' if status or left else 'ok '} the server stops, and leaves no process and no scratch {left or ''}")
    return not (status or left)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a program's output


def main() -> None:
    """Read the command line and play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--films", type=int, default=10, help="how many of them are of the moments pipeline")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="moments-chaos-", dir="/tmp"))
    held = asyncio.run(play(options, directory))
    if held:
        shutil.rmtree(directory)
    else:
        _say(f"what is there to look at is in {directory}")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
