"""What can be asked of backfills, as a part of the client."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from moments_ray.client.caller import ApiCaller, named
from moments_ray.client.shapes import (
    Backfill,
    BackfillDetail,
    BackfillItem,
    DiffPage,
    Estimate,
    Manifest,
    Page,
    SetsChanged,
)
from moments_ray.corpus.options import BackfillChange, BackfillOrder
from moments_ray.errors import SourceNotFound
from moments_ray.http.schemas.options import request_body
from moments_ray.ids import new_identifier

_ROOT = "/api/backfills"


class BackfillMethods(ApiCaller):
    """One pipeline over many videos: made, followed, stopped, compared, shown."""

    async def create_backfill(self, order: BackfillOrder, *, key: str | None = None) -> Backfill:
        """Have one pipeline work on many videos; the same idempotency ``key`` again gives the same backfill.

        Raises:
            InputError: what is ordered makes no sense.
        """
        headers = {"Idempotency-Key": key or new_identifier()}
        body = _body(order, dry_run=False)
        return self._read(await self._connection.ask("POST", _ROOT, body, headers=headers), Backfill)

    async def estimate_backfill(self, order: BackfillOrder) -> Estimate:
        """Return what a backfill would come to; nothing is kept. Raises as ``create_backfill``."""
        return self._read(await self._connection.ask("POST", _ROOT, _body(order, dry_run=True)), Estimate)

    async def upload_manifest(self, path: Path) -> str:
        """Upload a list of URLs, and return the name by which a backfill's source names it.

        Raises:
            SourceNotFound: it cannot be read.
        """
        kind = path.suffix.lower().removeprefix(".")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SourceNotFound(f"The file {path} cannot be read: {error.strerror or error}.") from error
        params = {"kind": kind if kind in {"csv", "parquet"} else "txt"}
        content = {"content": data}
        answer = await self._connection.ask("POST", f"{_ROOT}/manifests", lambda: nullcontext(content), params=params)
        return self._read(answer, Manifest).manifest

    async def backfills(self, *, limit: int = 50) -> Page[Backfill]:
        """Return the newest backfills."""
        return await self._get(_ROOT, Page[Backfill], limit=limit)

    async def backfill(self, identifier: str) -> BackfillDetail:
        """Return how a backfill stands."""
        return await self._get(_backfill(identifier), BackfillDetail)

    async def backfill_items(
        self, identifier: str, *, statuses: Sequence[str] = (), limit: int = 50, cursor: str | None = None
    ) -> Page[BackfillItem]:
        """Return a page of a backfill's ledger."""
        query: dict[str, Any] = {"status": list(statuses), "limit": limit} | ({"cursor": cursor} if cursor else {})
        return await self._get(f"{_backfill(identifier)}/items", Page[BackfillItem], **query)

    async def write_ledger(self, identifier: str, target: Path, statuses: Sequence[str] = ()) -> None:
        """Write the whole ledger of a backfill to a file, as CSV."""
        query = {"format": "csv", "status": list(statuses)}
        answer = await self._connection.ask("GET", f"{_backfill(identifier)}/items", params=query)
        target.write_bytes(answer.content)

    async def act_on_backfill(self, identifier: str, action: str) -> Backfill:
        """``pause``, ``resume`` or ``cancel`` a backfill.

        Raises:
            Conflict: it does not stand so that this could be done.
        """
        return self._read(await self._connection.ask("POST", f"{_backfill(identifier)}/{action}"), Backfill)

    async def change_backfill(self, identifier: str, change: BackfillChange) -> Backfill:
        """Change how a backfill goes on."""
        body = request_body(change)
        answer = await self._connection.ask("PATCH", _backfill(identifier), lambda: nullcontext({"json": body}))
        return self._read(answer, Backfill)

    async def retry_backfill(self, identifier: str, codes: Sequence[str] | None = None) -> Backfill:
        """Have items that failed started again, those with a code if any is given.

        Raises:
            Conflict: none failed so.
        """
        body = {"json": {"codes": None if codes is None else list(codes)}}
        path = f"{_backfill(identifier)}/retry"
        return self._read(
            await self._connection.ask("POST", path, lambda: nullcontext(body), repeatable=False), Backfill
        )

    async def backfill_diff(self, identifier: str, *, limit: int = 200) -> DiffPage:
        """Return how what a backfill found differs from what users see, or saw before."""
        return await self._get(f"{_backfill(identifier)}/diff", DiffPage, limit=limit)

    async def change_backfill_sets(self, identifier: str, sets_to: str, *, dry_run: bool = False) -> SetsChanged:
        """``promote`` what a backfill found, or ``rollback`` to what users saw before; asked again, it goes on."""
        path = f"{_backfill(identifier)}/{sets_to}"
        body = {"json": {"dry_run": dry_run}}
        return self._read(await self._connection.ask("POST", path, lambda: nullcontext(body)), SetsChanged)


def _backfill(identifier: str) -> str:
    return f"{_ROOT}/{named(identifier)}"


def _body(order: BackfillOrder, *, dry_run: bool) -> Any:
    context = {"secrets": "open"}  # the webhook's goes to the server, and nowhere else
    body = order.model_dump(mode="json", exclude_unset=True, by_alias=True, context=context) | {"dry_run": dry_run}
    return lambda: nullcontext({"json": body})
