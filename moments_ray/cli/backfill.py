"""``moments backfill``: work on whole libraries, on a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from moments_ray.cli.listing import results
from moments_ray.client import Backfill, BackfillDetail, BackfillOrder, MomentsClient

Document = dict[str, Any]
Outcome = tuple[Document, int]


async def create(
    client: MomentsClient,
    order_of: Callable[[str | None], BackfillOrder],
    listed: Path | None,
    key: str | None,
    *,
    as_json: bool,
) -> Outcome:
    """Make what is ordered, of a list that is uploaded first if one is named; of a dry run, print what it would take.

    Raises:
        SourceNotFound: the list cannot be read.
        InputError: the server does not take it.
    """
    async with client:
        order = order_of(None if listed is None else await client.upload_manifest(listed))
        if order.dry_run:
            estimate = (await client.estimate_backfill(order)).model_dump(mode="json")
            if not as_json:
                for name, value in estimate.items():
                    results().print(f"{name.replace('_', ' '):13} {'unknown' if value is None else value}")
            return estimate, 0
        made = await client.create_backfill(order, key=key)
    return _shown(made, as_json=as_json)


async def list_all(client: MomentsClient, *, as_json: bool) -> Outcome:
    """Print the newest backfills."""
    async with client:
        page = await client.backfills()
    if not as_json:
        table = Table("identifier", "status", "pipeline", "done", "failed", "of", "name", box=None)
        for each in page.items:
            counts = each.counts
            done = counts.completed + counts.completed_with_errors
            table.add_row(
                each.identifier,
                _status(each),
                each.pipeline,
                f"{done:,}",
                f"{counts.failed:,}",
                f"{counts.total:,}",
                each.name,
            )
        results().print(table)
    return page.model_dump(mode="json", by_alias=True), 0


async def show(client: MomentsClient, identifier: str, *, as_json: bool) -> Outcome:
    """Print how a backfill stands."""
    async with client:
        found = await client.backfill(identifier)
    return _shown(found, as_json=as_json)


async def items(
    client: MomentsClient, identifier: str, statuses: list[str], limit: int, out: Path | None, *, as_json: bool
) -> Outcome:
    """Print the first items of the ledger, or write all of it to a file as CSV."""
    async with client:
        if out is not None:
            await client.write_ledger(identifier, out, statuses)
            return {"file": str(out)}, 0
        page = await client.backfill_items(identifier, statuses=statuses, limit=limit)
    if not as_json:
        table = Table("line", "status", "tries", "run", "source", "error", box=None)
        for each in page.items:
            said = f"{each.error} [{each.error_code}]" if each.error_code else each.error or ""
            table.add_row(str(each.line), each.status, str(each.tries), each.run or "", each.source, said)
        results().print(table)
    return page.model_dump(mode="json"), 0


async def act(client: MomentsClient, identifier: str, action: str, *, as_json: bool) -> Outcome:
    """Pause, resume or cancel a backfill."""
    async with client:
        found = await client.act_on_backfill(identifier, action)
    return _shown(found, as_json=as_json)


async def retry(client: MomentsClient, identifier: str, codes: list[str], *, as_json: bool) -> Outcome:
    """Take up what failed."""
    async with client:
        found = await client.retry_backfill(identifier, codes or None)
    return _shown(found, as_json=as_json)


async def diff(client: MomentsClient, identifier: str, *, as_json: bool) -> Outcome:
    """Print how the moments of a backfill differ from those that users see, or saw before."""
    async with client:
        page = await client.backfill_diff(identifier)
    if not as_json:
        table = Table("video", "kept", "moved", "new", "gone", box=None)
        for each in page.items:
            table.add_row(each.video, *(str(count) for count in (each.kept, each.moved, each.new, each.gone)))
        if page.totals is not None:
            sums = page.totals
            counts = (sums.kept, sums.moved, sums.new, sums.gone)
            table.add_row(f"all {sums.videos:,} videos", *(f"{count:,}" for count in counts))
        results().print(table)
    return page.model_dump(mode="json"), 0


async def change_sets(
    client: MomentsClient, identifier: str, sets_to: str, console: Console, *, dry_run: bool, as_json: bool
) -> Outcome:
    """Promote what a backfill found, or roll it back; workers go on with what is left."""
    async with client:
        changed = await client.change_backfill_sets(identifier, sets_to, dry_run=dry_run)
    if not as_json:
        what = "sets would be changed" if dry_run else "sets are left, which workers go on with"
        console.print(f"{changed.left:,} {what}")
    return changed.model_dump(mode="json"), 0


def _shown(found: Backfill, *, as_json: bool) -> Outcome:
    if not as_json:
        out = results()
        out.print(f"backfill {found.identifier} ({found.name}): {_status(found)}", soft_wrap=True)
        counts = {name: count for name, count in found.counts.model_dump().items() if count}
        out.print(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()) or "nothing yet")
        if isinstance(found, BackfillDetail) and found.throughput_per_hour:
            left = f", {found.seconds_left / 3600:,.1f} h left" if found.seconds_left else ""
            out.print(f"{found.throughput_per_hour:,.0f} an hour{left}")
        if found.error is not None:
            out.print(f"error: {found.error.message} [{found.error.code}]", soft_wrap=True)
    return found.model_dump(mode="json", by_alias=True), 0


def _status(found: Backfill) -> str:
    return f"{found.status} by {found.paused_by}" if found.paused_by else str(found.status)
