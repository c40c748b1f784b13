"""``moments dead``: what was given up, looked through, retried and cleared."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import typer
from rich.table import Table

from moments_ray import runtime
from moments_ray.cli.listing import results
from moments_ray.database.tables import Run
from moments_ray.engine.runs.dead_letters import DeadLetter, DeadLetters
from moments_ray.engine.runs.service import RunService
from moments_ray.settings import Settings

_PAGE = 200


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every entry, the newest first, with its run as it stands now.

    Raises:
        ServiceUnavailable: PostgreSQL or Redis cannot be reached.
    """
    entries: list[dict[str, Any]] = []
    async with _letters(settings) as letters:
        after = None
        while True:
            page = await letters.page(after, _PAGE)
            entries += [_document(letter, page.runs.get(letter.run or "")) for letter in page.letters]
            after = page.next_id
            if after is None:
                break
    if as_json:
        typer.echo(json.dumps({"dead": entries}, ensure_ascii=False, indent=2))
    elif not entries:
        results().print("nothing was given up")
    else:
        table = Table("entry", "at", "reason", "run", "status", "error", box=None)
        for entry in entries:
            table.add_row(
                entry["id"],
                (entry["at"] or "-")[:16].replace("T", " "),
                entry["reason"],
                entry["run_id"] or "-",
                entry["status"] or "-",
                (entry["error"] or {}).get("message", "-"),
            )
        results().print(table)


async def retry(identifier: str, settings: Settings) -> None:
    """Have the run of an entry continued; raises as ``DeadLetters.retry``."""
    async with _letters(settings) as letters:
        run = await letters.retry(identifier)
    typer.echo(f"run {run.identifier} is queued; a worker goes on with it")


async def clear(settings: Settings) -> None:
    """Forget every entry; raises as ``DeadLetters.clear``."""
    async with _letters(settings) as letters:
        typer.echo(f"cleared {await letters.clear()}")


@contextlib.asynccontextmanager
async def _letters(settings: Settings) -> AsyncIterator[DeadLetters]:
    async with runtime.services(settings) as resolved:
        await runtime.require_services(resolved)
        environment, client = runtime.connect(resolved), runtime.open_redis(resolved)
        try:
            yield DeadLetters(environment.database, client, RunService(environment, client))
        finally:
            await client.aclose()
            await environment.close()


def _document(letter: DeadLetter, run: Run | None) -> dict[str, Any]:
    return {
        "id": letter.id,
        "run_id": letter.run,
        "reason": letter.reason,
        "at": letter.at.isoformat() if letter.at else None,
        "status": run.status if run else None,
        "error": run.error if run else None,
    }
