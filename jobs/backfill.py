"""Hands in the videos of a whole list, at low priority and so many at a time; killed and begun again, it goes on.

    python -m jobs.backfill urls.txt
    ray job submit -- python -m jobs.backfill videos.parquet --column address --in-flight 50

It talks to the database itself, so that no API need run. Every entry is submitted under an idempotency key made
of its canonical URL and the options: what was submitted before, by whichever process, is known by its key.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from moments_ray import runtime
from moments_ray.cli.app import run_app
from moments_ray.cli.calling import Json, console, finish, settings
from moments_ray.cli.options import takes
from moments_ray.cli.stopping import Stopped, unless_stopped
from moments_ray.corpus.manifest import Line, read_urls
from moments_ray.database.session import Database
from moments_ray.engine.queries.keyed_runs import KeyedRuns
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import MomentsError, RunActive, ServiceUnavailable
from moments_ray.http.schemas.options import Priority
from moments_ray.ids import fingerprint
from moments_ray.library.service import LibraryService
from moments_ray.media.guard import canonical_url
from moments_ray.models.gateway import Gateway
from moments_ray.moments.options import RunOptions
from moments_ray.moments.service import MomentsService
from moments_ray.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

_KEY = "backfill-"
_BATCH = 500  # entries whose keys are looked up at once
_AT_ONCE = 8  # submissions under way
_POLL_SECONDS = 2.0  # between two looks whether there is room for another run
_PRINT_SECONDS = 10.0
_STOP_SECONDS = 5.0  # for submissions under way to come through, when told to stop
_TIMEOUT_SECONDS = 300.0  # with services that went away; then the same command goes on
_MOST_PROBLEMS = 1000  # that a summary lists

application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class BackfillOptions(RunOptions):
    """How the moments of each video are found, at a low priority."""

    priority: Priority = 1


@dataclass(frozen=True)
class BackfillArguments:
    """What is to be handed in, and how; ``limit`` is how many new runs at most."""

    path: Path
    column: str
    options: RunOptions
    in_flight: int
    limit: int | None
    dry_run: bool


@dataclass
class Summary:
    """How far a backfill came; ``problems`` are entries that were not handed in, with their lines."""

    lines: int = 0
    enqueued: int = 0
    known: int = 0
    malformed: int = 0
    refused: int = 0
    busy: int = 0
    stopped: bool = False
    problems: list[dict[str, Any]] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0 where every entry is in, 3 where some are not."""
        return 3 if self.malformed or self.refused or self.busy else 0

    def document(self, arguments: BackfillArguments) -> dict[str, Any]:
        """Return it as JSON; of a dry run, ``enqueued`` is what would have been."""
        return {"file": str(arguments.path), "dry_run": arguments.dry_run, **vars(self)}

    def sentence(self) -> str:
        """Return it as a sentence."""
        parts = [f"{self.enqueued:,} enqueued", f"{self.known:,} known"]
        left = {"malformed": self.malformed, "refused": self.refused, "busy": self.busy}
        parts += [f"{count:,} {name}" for name, count in left.items() if count]
        return f"{self.lines:,} lines: {', '.join(parts)}"


@dataclass(frozen=True)
class _Entry:
    line: Line
    key: str


class Backfill:
    """One pass over a list."""

    def __init__(
        self, arguments: BackfillArguments, database: Database, moments: MomentsService, summary: Summary
    ) -> None:
        self._arguments = arguments
        self._database = database
        self._moments = moments
        self._seen: set[str] = set()
        self._printed_at = time.monotonic()
        self.summary = summary

    async def run(self) -> None:
        """Hand in what is missing; it may be cancelled or killed at any moment, and run again.

        Raises:
            InputError: the file cannot be read.
            ServiceUnavailable: a service went away and did not come back.
        """
        lines = read_urls(self._arguments.path, self._arguments.column)
        while not self._enough() and (batch := await asyncio.to_thread(_take, lines)):
            entries = list(self._entries(batch))
            known = await self._over_outages(self._known_keys, [entry.key for entry in entries])
            self.summary.known += len(known)
            await self._enqueue(deque(entry for entry in entries if entry.key not in known))
            self._print_progress()

    def _entries(self, lines: Iterable[Line]) -> Iterator[_Entry]:
        """Tell nonsense from URLs, and a URL that came before from a new one."""
        options = self._arguments.options.model_dump(mode="json", exclude={"priority"}, exclude_defaults=True)
        for line in lines:
            self.summary.lines += 1
            try:
                canonical = canonical_url(line.text)
            except MomentsError as error:
                self.summary.malformed += 1
                self._problem(line, error)
                continue
            key = _KEY + fingerprint({"source": canonical, "options": options})
            if key in self._seen:
                self.summary.known += 1
                continue
            self._seen.add(key)
            yield _Entry(line, key)

    async def _known_keys(self, keys: Sequence[str]) -> set[str]:
        async with self._database.read() as session:
            return await KeyedRuns(session).known(keys)

    async def _enqueue(self, pending: deque[_Entry]) -> None:
        while pending and not self._enough():
            free = await self._over_outages(self._free_slots)
            if free <= 0:
                self._print_progress()
                await asyncio.sleep(_POLL_SECONDS)
                continue
            chunk = [pending.popleft() for _ in range(min(free, _AT_ONCE, len(pending)))]
            await _whole(self._over_outages(self._hand_in, entry) for entry in chunk)
            self._print_progress()

    async def _free_slots(self) -> int:
        """Return how many more runs may be handed in now."""
        limit = self._arguments.limit
        left = _BATCH if limit is None else limit - self.summary.enqueued
        if self._arguments.dry_run:
            return left
        async with self._database.read() as session:
            active = await KeyedRuns(session).active(_KEY)
        return min(left, self._arguments.in_flight - active)

    async def _hand_in(self, entry: _Entry) -> None:
        if self._arguments.dry_run:
            self.summary.enqueued += 1
            return
        try:
            started = await self._moments.moments_of_url(entry.line.text, self._arguments.options, entry.key)
        except ServiceUnavailable:
            raise
        except RunActive as error:
            self.summary.busy += 1
            self._problem(entry.line, error)
        except MomentsError as error:
            self.summary.refused += 1
            self._problem(entry.line, error)
        else:
            ours = started.run is not None and started.run.idempotency_key == entry.key
            self.summary.enqueued += ours
            self.summary.known += not ours  # a run that somebody else asked for did the same

    def _enough(self) -> bool:
        return self._arguments.limit is not None and self.summary.enqueued >= self._arguments.limit

    async def _over_outages(self, ask: Callable[P, Awaitable[T]], *arguments: P.args, **more: P.kwargs) -> T:
        """Ask again while a service is away: everything that is asked can be asked twice."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while True:
            try:
                return await ask(*arguments, **more)
            except ServiceUnavailable as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise
                console.print(f"waiting: {error.message}", markup=False, soft_wrap=True)
                await asyncio.sleep(_POLL_SECONDS)

    def _problem(self, line: Line, error: MomentsError) -> None:
        sentence = " ".join(error.message.split())
        console.print(f"line {line.number}: {sentence} [{error.code}]", markup=False, soft_wrap=True)
        if len(self.summary.problems) < _MOST_PROBLEMS:
            self.summary.problems.append({"line": line.number, "code": error.code, "message": sentence})

    def _print_progress(self) -> None:
        if time.monotonic() - self._printed_at >= _PRINT_SECONDS:
            self._printed_at = time.monotonic()
            console.print(self.summary.sentence(), soft_wrap=True)


@application.command()
@takes(BackfillOptions)
def backfill(
    path: Annotated[Path, typer.Argument(help="URLs: text, one a line; or CSV or Parquet, a column of them.")],
    options: BackfillOptions,
    column: Annotated[str, typer.Option("--column", help="The column of a CSV or Parquet file.")] = "url",
    in_flight: Annotated[int, typer.Option("--in-flight", min=1, help="Unfinished runs of backfills at most.")] = 20,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="New runs at most; default all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Hand in the videos of a list. The same command again hands in only those that are missing."""
    arguments = BackfillArguments(path, column, options, in_flight, limit, dry_run)
    summary = Summary()
    try:
        asyncio.run(unless_stopped(_perform(arguments, settings(), summary)))
        status = summary.exit_status
    except Stopped as stopped:
        summary.stopped, status = True, stopped.status
    console.print(
        f"{summary.sentence()}{'; the same command goes on from here' if summary.stopped else ''}", soft_wrap=True
    )
    finish((summary.document(arguments), status), as_json=as_json)


async def _perform(arguments: BackfillArguments, given: Settings, summary: Summary) -> None:
    async with runtime.services(given) as resolved:
        await runtime.require_services(resolved)
        environment = runtime.connect(resolved)
        client = runtime.open_redis(resolved)
        try:
            run_service = RunService(environment, client)
            moments = MomentsService(LibraryService(environment, run_service, environment.service(Gateway).registry))
            await moments.check(arguments.options)
            await Backfill(arguments, environment.database, moments, summary).run()
        finally:
            await client.aclose()
            await environment.close()


async def _whole(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do some things at once; told to stop, finish them first: a run no worker hears of waits for the sweeper."""
    doing = asyncio.gather(*work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing}, timeout=_STOP_SECONDS)
        doing.cancel()
        raise


def _take(lines: Iterator[Line]) -> list[Line]:
    return list(islice(lines, _BATCH))


if __name__ == "__main__":
    sys.exit(run_app(sys.argv[1:], application))
