"""Executing a chain of fan-outs: one Ray Data stream over the items, each item's step committed where it was done."""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import ray.data
from ray.data.block import BlockAccessor

from moments_ray.database.tables import RunItem
from moments_ray.engine.environment import Connect, Environment
from moments_ray.engine.execute.capacity import Nodes, living_nodes
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.item import complete, taken_by, tolerated, work_items
from moments_ray.engine.execute.process import process
from moments_ray.engine.execute.rows_at_work import row_at_work
from moments_ray.engine.fan_out import FanOut, Item
from moments_ray.engine.pipeline import Chain
from moments_ray.engine.queries.claims import Claim
from moments_ray.errors import (
    ItemsFailed,
    LeaseLost,
    MomentsError,
    NodeLost,
    ServiceUnavailable,
    StageCrashed,
    StageFailed,
    error_of_code,
)
from moments_ray.process import failpoint
from moments_ray.settings import Settings
from moments_ray.states import StageStatus

_ROWS_WANTED = 4  # fill a node's places for clips before rows grow longer


def run_chain(connect: Connect, settings: Settings, claim: Claim, first: str) -> None:
    """Execute the chain that begins with ``first``; the body of a Ray task that asks for no CPU.

    It blocks in Ray Data in the main thread, not in a coroutine, because only so does ``ray.cancel`` reach it.
    """
    here = process(connect, settings)
    nodes = living_nodes()
    steps, rows = here.run(_begin(here.environment, claim, first))
    if rows:
        arguments = {"connect": connect, "settings": settings, "claim": claim}
        _stream(steps, rows, arguments)
        gc.collect()  # a dataset refers to itself, and until somebody looks its objects keep nodes from being idle
    here.run(_finish(here.environment, claim, first, nodes))


async def _begin(environment: Environment, claim: Claim, first: str) -> tuple[Chain, list[dict[str, Any]]]:
    """Start the steps that have something to do and return them with the rows of items to stream."""
    claimed = await ClaimedRun.load(environment, claim)
    chain = claimed.pipeline.chain_of(first)
    active = []
    for step in chain:
        if claimed.done(step.name):
            continue
        reason = step.skip_reason(claimed.inputs(step))
        if reason is not None:
            await claimed.skip(step.name, reason)
            continue
        if await claimed.start(step.name):
            active.append(step)
    if not active:
        return (), []
    async with claimed.failure_recorded(active[0].name):
        items = await _planned(claimed, chain)
        specs = [(item.key, item.model_dump(mode="json")) for item in items]
        spent = claimed.take_spent()
        if spent:
            await claimed.writes.commit(lambda journal, _: journal.spend(active[0].name, spent))
        for step in active:
            await claimed.writes.commit(lambda journal, _, name=step.name: journal.plan_items(name, specs))  # type: ignore[misc]
    failpoint.hit(environment.settings, "items.planned")
    keys = [item.key for item in items]
    size = max(1, min(chain[0].row, math.ceil(len(keys) / _ROWS_WANTED)))
    return tuple(active), [
        {"keys": keys[at : at + size], "of": len(keys), "stop": None} for at in range(0, len(keys), size)
    ]


async def _planned(claimed: ClaimedRun, chain: Chain) -> Sequence[Item]:
    planner = chain[0]
    assert planner.plan is not None  # noqa: S101 - proved when the pipeline was declared
    inputs = taken_by(planner.plan, claimed.inputs(planner))
    async with claimed.context(planner) as context:
        items: Sequence[Item] = await planner.plan(context, **inputs)
    if len({item.key for item in items}) < len(items):
        raise StageFailed(f"{planner.name} planned two items under one key.")
    return items


def _stream(steps: Chain, rows: list[dict[str, Any]], arguments: dict[str, Any]) -> None:
    dataset = _dataset(rows)
    for step in steps:
        options = step.resources.ray_options()
        dataset = dataset.map(
            _named(f"{step.name} {arguments['claim'].run[:8]}"),
            fn_kwargs={**arguments, "name": step.name},
            max_retries=0,
            **options,
        )
    for stop in _stops(dataset):
        if stop is not None:
            raise error_of_code(stop, MomentsError)


def _stops(dataset: ray.data.Dataset) -> Iterator[str | None]:
    """Give what each row says, as it ends.

    By bundles, not by ``iter_rows``: that waits in a lock, where ``ray.cancel`` does not reach, and kills rows that
    could end by themselves, with no word that they are gone.
    """
    for bundle in dataset.iter_internal_ref_bundles():
        for entry in bundle.blocks:
            rows: Iterator[dict[str, Any]] = BlockAccessor.for_block(ray.get(entry.ref)).iter_rows(True)
            yield from (row["stop"] for row in rows)


def _dataset(rows: list[dict[str, Any]]) -> ray.data.Dataset:
    """Return rows as a dataset, a block each; Ray Data says nothing of it."""
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    data = ray.data.DataContext.get_current()
    data.op_resource_reservation_enabled = False  # else a small dataset runs one row at a time for its first second
    data.enable_progress_bars = False
    data.print_on_execution_start = False
    data.execution_no_progress_timeout_s = -1  # one long clip is progress too
    data.max_errored_blocks = -1  # a row whose process dies is tried again; the others are not stopped for it
    return ray.data.from_items(rows, override_num_blocks=len(rows))


def warm_up() -> None:
    """Stream two rows that are nothing, so that the first chain does not pay for the start of Ray Data (seconds)."""
    _dataset([{"row": 0}, {"row": 1}]).map(lambda row: row, num_cpus=0, max_retries=0).take_all()
    gc.collect()  # as above


def _named(name: str) -> Callable[..., dict[str, Any]]:
    """Return ``work_row`` under another name: Ray Data calls a task by its function's, and people look for clips."""

    def named(row: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        return work_row(row, **arguments)

    named.__name__ = name
    return named


def work_row(row: dict[str, Any], *, connect: Connect, settings: Settings, claim: Claim, name: str) -> dict[str, Any]:
    """Do one step of one row of items, in a Ray Data worker; what fails is written down, never raised.

    An exception here would abort the whole dataset, and with it the items that are well. What no item is to blame for
    goes on with the row as the code of its error.
    """
    if row["stop"] is not None:
        return row
    here = process(connect, settings)
    try:
        here.run(_work_items(here.environment, claim, name, list(row["keys"]), row["of"]))
    except (LeaseLost, ServiceUnavailable) as error:
        return {**row, "stop": error.code}
    return row


async def _work_items(environment: Environment, claim: Claim, name: str, keys: Sequence[str], of: int) -> None:
    async with row_at_work(environment.redis, claim.run):
        await work_items(environment, claim, name, keys, of)


async def _finish(environment: Environment, claim: Claim, first: str, nodes: Nodes) -> None:
    """Give a verdict on every step of the chain that has none yet: no items, too many that failed, or some not done.

    ``nodes`` were there when it began.
    """
    claimed = await ClaimedRun.load(environment, claim)
    for step in claimed.pipeline.chain_of(first):
        if claimed.done(step.name):
            continue
        items = await claimed.read(lambda reader, name=step.name: reader.items(name))  # type: ignore[misc]
        async with claimed.failure_recorded(step.name):
            if left := sum(item.status == StageStatus.PENDING for item in items):
                raise _died(step, left, len(items), gone=_gone(nodes))
            if not tolerated(step, items):
                raise _items_failed(step, items)
            await claimed.writes.commit(lambda journal, _, s=step, i=items: complete(claimed, s, i, journal))  # type: ignore[misc]
        await claimed.announce(step.name, StageStatus.COMPLETED)


def _gone(nodes: Nodes) -> Collection[str]:
    try:
        return set(nodes) - set(living_nodes())
    except ray.exceptions.RayError:  # the head is away: nobody knows, and a process that died is tried again, too
        return ()


def _died(step: FanOut, left: int, of: int, gone: Collection[str]) -> MomentsError:
    """Return why items have no verdict: who worked on them went away, alone or with the node."""
    left_of = f"{left} of {of} items of {step.name}"
    if gone:
        return NodeLost(f"A node that worked on {left_of} went away.")
    return StageCrashed(f"The process that worked on {left_of} died.")


def _items_failed(step: FanOut, items: Sequence[RunItem]) -> ItemsFailed:
    failed = [item for item in items if item.status == StageStatus.FAILED]
    first = (failed[0].error or {}).get("message", "")
    return ItemsFailed(f"{len(failed)} of {len(items)} items of {step.name} failed, the first with: {first}")
