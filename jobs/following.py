"""What jobs over whole libraries have in common: a backfill is made or taken up, and followed to its end.

Workers do the work, from rows. A job that is stopped loses nothing, and the same command follows the same backfill
again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from moments_ray import runtime
from moments_ray.cli.calling import console, finish, settings
from moments_ray.cli.stopping import Stopped, unless_stopped
from moments_ray.corpus.api.schemas import BackfillDetail, EstimateView
from moments_ray.corpus.manifest import store_manifest
from moments_ray.corpus.options import MOST_IN_FLIGHT, BackfillChange, BackfillOrder, BackfillSource, Budget
from moments_ray.corpus.pace import per_hour
from moments_ray.corpus.service import BackfillService, asked_for
from moments_ray.database.tables import Backfill
from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import ServiceUnavailable, SourceNotFound
from moments_ray.http.schemas.options import BaseRunOptions
from moments_ray.ids import fingerprint
from moments_ray.settings import Settings
from moments_ray.states import BackfillStatus

P = ParamSpec("P")
T = TypeVar("T")
Document = dict[str, Any]

_POLL_SECONDS = 2.0
_PRINT_SECONDS = 30.0  # at least between two lines that say the same
_TIMEOUT_SECONDS = 300.0  # with services that went away; then the same command goes on
_NOT_OF_RUNS = {"priority", "webhook"}  # a backfill says these itself

InFlight = Annotated[int, typer.Option("--in-flight", min=1, max=MOST_IN_FLIGHT, help="Unfinished runs at most.")]
Name = Annotated[str | None, typer.Option("--name", help="Of the backfill; another one makes another backfill.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 where an item failed, and not with 0.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what it would come to, and do nothing.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Runs at most; then it pauses. Default: any number.")]


@dataclass(frozen=True)
class Following:
    """How a job goes about its backfill."""

    strict: bool
    dry_run: bool
    as_json: bool


def ordered(
    options: BaseRunOptions, source: BackfillSource, *, name: str | None, in_flight: int, limit: int | None, **more: Any
) -> BackfillOrder:
    """Return the order of a job: ``options`` are of its runs, ``more`` are fields of the order that only it has."""
    return BackfillOrder(
        name=name,
        source=source,
        options=options.model_dump(mode="json", exclude_unset=True, exclude=_NOT_OF_RUNS),
        in_flight=in_flight,
        priority=options.priority,
        budget=Budget(videos=limit),
        webhook=options.webhook,
        **more,
    )


def perform(make: Callable[[Environment], Awaitable[BackfillOrder]], following: Following) -> None:
    """Make the backfill that is ordered, or take up the one of the same order, and follow it; ends the command.

    The exit status is 0 when it is done, 3 where items failed and ``strict`` was asked for, 1 when it failed itself.
    """
    try:
        document, status = asyncio.run(unless_stopped(_perform(make, following, settings())))
    except Stopped as stopped:
        console.print("stopped following; workers go on, and the same command follows again", soft_wrap=True)
        raise typer.Exit(stopped.status) from None
    finish((document, status), as_json=following.as_json)


async def _perform(
    make: Callable[[Environment], Awaitable[BackfillOrder]], following: Following, given: Settings
) -> tuple[Document, int]:
    async with connected(given) as environment:
        order = await make(environment)
        service = BackfillService(environment, RunService(environment))
        if following.dry_run:
            estimate = EstimateView.of(await service.estimate(order))
            console.print(_estimated(estimate), soft_wrap=True)
            return estimate.model_dump(mode="json"), 0
        backfill = await _taken_up(service, order)
        console.print(f"backfill {backfill.identifier} ({backfill.name})", markup=False, soft_wrap=True)
        ended = await _follow(service, environment, backfill.identifier)
        return ended.model_dump(mode="json", by_alias=True), exit_status(ended.status, strict=following.strict)


@asynccontextmanager
async def connected(given: Settings) -> AsyncIterator[Environment]:
    """Give the connections of a job, which needs no Ray.

    Raises:
        ServiceUnavailable: one of the services cannot be reached.
    """
    async with runtime.services(given) as resolved:
        await runtime.require_services(resolved)
        environment = runtime.connect(resolved)
        try:
            yield environment
        finally:
            await environment.close()


async def stored_list(environment: Environment, path: Path) -> str:
    """Store the list that a job was given, and return its name; the same bytes have the same one.

    Raises:
        SourceNotFound: it cannot be read.
    """
    suffix = path.suffix.lower() if path.suffix.lower() in {".csv", ".parquet"} else ".txt"
    try:
        return await store_manifest(environment.store, path, suffix)
    except OSError as error:
        raise SourceNotFound(f"The file {path} cannot be read: {error.strerror or error}.") from error


async def _taken_up(service: BackfillService, order: BackfillOrder) -> Backfill:
    """Return the backfill of an order, made if there is none; how fast it goes is as the command says now."""
    key = f"job-{fingerprint({'asked': asked_for(order), 'name': order.name})}"
    made = await service.create(order, key)
    if (made.in_flight, made.priority) != (order.in_flight, order.priority):
        made = await service.change(made.identifier, BackfillChange(in_flight=order.in_flight, priority=order.priority))
    return made


async def _follow(service: BackfillService, environment: Environment, identifier: str) -> BackfillDetail:
    """Say how a backfill stands until it is at its end, or a budget of it is spent."""
    said, said_at = "", 0.0
    while True:
        backfill = await _over_outages(service.get, identifier)
        pace = await _over_outages(per_hour, environment.database, backfill)
        shown = BackfillDetail.of_pace(backfill, pace)
        line = _line(shown)
        ended = _is_over(shown)
        if ended or (line != said and time.monotonic() - said_at >= _POLL_SECONDS * 2) or _is_late(said_at):
            console.print(line, markup=False, soft_wrap=True)
            said, said_at = line, time.monotonic()
        if ended:
            return shown
        await asyncio.sleep(_POLL_SECONDS)


def exit_status(status: BackfillStatus, *, strict: bool) -> int:
    """Return the exit status of a job whose backfill stands so."""
    match status:
        case BackfillStatus.COMPLETED:
            return 0
        case BackfillStatus.COMPLETED_WITH_ERRORS | BackfillStatus.PAUSED:
            return 3 if strict else 0
        case _:
            return 1


def _is_over(backfill: BackfillDetail) -> bool:
    spent = backfill.status == BackfillStatus.PAUSED and (backfill.paused_by or "").startswith("budget.")
    return backfill.status.finished or (spent and not backfill.counts.running)


def _is_late(said_at: float) -> bool:
    return time.monotonic() - said_at >= _PRINT_SECONDS


def _line(backfill: BackfillDetail) -> str:
    counts = backfill.counts
    parts = [f"{counts.completed + counts.completed_with_errors:,} of {counts.total:,} completed"]
    others = {"running": counts.running, "failed": counts.failed, "skipped": counts.skipped}
    others["cancelled"] = counts.cancelled
    parts += [f"{count:,} {name}" for name, count in others.items() if count]
    if backfill.throughput_per_hour:
        parts.append(f"{backfill.throughput_per_hour:,.0f} an hour")
    if backfill.seconds_left:
        parts.append(f"{backfill.seconds_left / 3600:,.1f} h left")
    if backfill.error is not None:
        parts.append(f"{backfill.error.message} [{backfill.error.code}]")
    paused = f" by {backfill.paused_by}" if backfill.paused_by else ""
    return f"{backfill.status}{paused}: {', '.join(parts)}"


def _estimated(estimate: EstimateView) -> str:
    parts = [f"{estimate.videos:,} videos to work on", f"{estimate.known:,} known"]
    others = {"malformed": estimate.malformed, "repeated": estimate.duplicates}
    parts += [f"{count:,} {name}" for name, count in others.items() if count]
    if estimate.media_hours is not None:
        parts.append(f"{estimate.media_hours:,.1f} h of media")
    if estimate.usd:
        parts.append(f"{estimate.usd:,.2f} USD")
    if estimate.seconds is not None:
        parts.append(f"about {estimate.seconds / 3600:,.1f} h")
    return f"{estimate.entries:,} entries: {', '.join(parts)}"


async def _over_outages(ask: Callable[P, Awaitable[T]], *arguments: P.args, **more: P.kwargs) -> T:
    """Ask again while a service is away."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            return await ask(*arguments, **more)
        except ServiceUnavailable as error:
            if not error.retryable or time.monotonic() > deadline:
                raise
            console.print(f"waiting: {error.message}", markup=False, soft_wrap=True)
            await asyncio.sleep(_POLL_SECONDS)
