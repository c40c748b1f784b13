"""What anybody may ask of backfills: make one, stop it, go on with it, and show or take back what it made."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from moments_ray.corpus.attending import cancel_runs
from moments_ray.corpus.estimating import Estimate, estimate
from moments_ray.corpus.item_runs import ItemRuns
from moments_ray.corpus.options import BackfillChange, BackfillOrder, BackfillSource
from moments_ray.corpus.promotion import change_sets
from moments_ray.corpus.queries.backfills import Backfills
from moments_ray.corpus.queries.items import BackfillItems
from moments_ray.corpus.queries.sets import BackfillSets, SetsTo
from moments_ray.database.tables import Backfill
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.webhooks import Webhook
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import Conflict, InvalidRequest, NotFound
from moments_ray.http.schemas.options import WebhookOptions
from moments_ray.ids import fingerprint, new_identifier
from moments_ray.media.guard import check_url
from moments_ray.states import BackfillStatus

_AT_ONCE_SECONDS = 5.0  # a caller waits so long for sets to be changed; workers do the rest
_ACTIVE = [status for status in BackfillStatus if not status.finished]


@dataclass(frozen=True)
class SetsChange:
    """How many sets are still to be promoted or rolled back, and whether workers go on with them."""

    left: int
    dry_run: bool


class BackfillService:
    """Where backfills are made and changed."""

    def __init__(self, environment: Environment, run_service: RunService) -> None:
        self._environment = environment
        self._database = environment.database
        self._run_service = run_service
        self._items = ItemRuns(environment, run_service)

    async def estimate(self, order: BackfillOrder) -> Estimate:
        """Say what a backfill would come to; raises as ``create``."""
        await self._check(order)
        return await estimate(self._environment, order, order.source)

    async def create(self, order: BackfillOrder, key: str | None) -> Backfill:
        """Make a backfill, or return the one that was made under its idempotency key; workers do the rest.

        Raises:
            InputError: its options make no sense, or the key was used for another one.
            NotFound: there is no such manifest.
            UrlNotAllowed: its webhook may not be called.
        """
        await self._check(order)
        asked = asked_for(order)
        async with self._database.begin() as session:
            made, _ = await Backfills(session).insert(
                _webhook(order),
                identifier=new_identifier(),
                name=order.name or f"{order.pipeline} {datetime.now(UTC):%Y-%m-%d %H:%M}",
                pipeline=order.pipeline,
                source=order.source.model_dump(mode="json", exclude_defaults=True),
                options=dict(order.options),
                mode=order.chosen_mode,
                candidate=order.show_as == "candidate",
                in_flight=order.in_flight,
                priority=order.priority,
                budget=order.budget.model_dump(mode="json", exclude_none=True),
                fingerprint=asked,
                idempotency_key=key,
            )
        if made.fingerprint != asked:
            raise InvalidRequest("This Idempotency-Key was used for a different backfill: use a new one.")
        return made

    async def get(self, identifier: str) -> Backfill:
        """Return a backfill.

        Raises:
            NotFound: there is none of this identifier.
        """
        async with self._database.read() as session:
            return await Backfills(session).get(identifier)

    async def change(self, identifier: str, change: BackfillChange) -> Backfill:
        """Change how a backfill goes on; raises NotFound."""
        said = change.model_dump(mode="json", exclude_none=True)
        return await self._move(identifier, "backfill.changed", list(BackfillStatus), said, **said)

    async def pause(self, identifier: str) -> Backfill:
        """Start nothing more for now; runs under way end.

        Raises:
            NotFound: there is none of this identifier.
            Conflict: it is at its end.
        """
        among = [BackfillStatus.ESTIMATING, BackfillStatus.RUNNING]
        paused = BackfillStatus.PAUSED
        return await self._move(
            identifier, "backfill.paused", among, {"by": "caller"}, same=paused, status=paused, paused_by="caller"
        )

    async def resume(self, identifier: str) -> Backfill:
        """Go on with a backfill that is paused; one whose budget is spent pauses again. Raises as ``pause``."""
        read = (await self.get(identifier)).read_at is not None
        going = BackfillStatus.RUNNING if read else BackfillStatus.ESTIMATING
        return await self._move(
            identifier, "backfill.resumed", [BackfillStatus.PAUSED], same=going, status=going, paused_by=None
        )

    async def cancel(self, identifier: str) -> Backfill:
        """Start nothing more, and stop the runs under way; raises as ``pause``."""
        values: dict[str, Any] = {
            "status": BackfillStatus.CANCELLED,
            "completed_at": datetime.now(UTC),
            "paused_by": None,
        }
        async with self._database.begin() as session:
            backfill = await Backfills(session).get(identifier)
            backfills = Backfills(session)
            if await backfills.change(backfill.id, "backfill.cancelled", among=_ACTIVE, **values) is not None:
                await BackfillItems(session).cancel_pending(backfill.id)
                await BackfillItems(session).refresh_totals(backfill.id)
            elif backfill.status != BackfillStatus.CANCELLED:
                raise _not_now(backfill, "cancel")
        await cancel_runs(self._environment, self._run_service, backfill.id)
        return await self.get(identifier)

    async def retry(self, identifier: str, codes: Sequence[str] | None) -> Backfill:
        """Have items that failed started again, all of them or those that failed with a code.

        Raises:
            NotFound: there is none of this identifier.
            Conflict: no such item failed, or the source of the backfill was never read.
        """
        async with self._database.begin() as session:
            backfill = await Backfills(session).get(identifier)
            if backfill.read_at is None:
                raise _not_now(backfill, "retry")
            items = await BackfillItems(session).retry(backfill.id, codes)
            if not items:
                raise Conflict("No item of this backfill failed so: there is nothing to retry.")
            paused = backfill.status == BackfillStatus.PAUSED
            values: dict[str, Any] = {} if paused else {"status": BackfillStatus.RUNNING, "completed_at": None}
            said = {"items": items, "codes": list(codes) if codes is not None else None}
            await Backfills(session).change(backfill.id, "backfill.retried", said, **values)
            await BackfillItems(session).refresh_totals(backfill.id)
        return await self.get(identifier)

    async def delete(self, identifier: str) -> None:
        """Delete a backfill and its ledger, stopped first if it goes on; its runs and what they made stay.

        Raises:
            NotFound: there is none of this identifier.
        """
        backfill = await self.get(identifier)
        if not BackfillStatus(backfill.status).finished:
            await self.cancel(identifier)
        async with self._database.begin() as session:
            backfills = Backfills(session)
            backfill = await backfills.get(identifier)
            manifest = backfill.source.get("manifest")
            shared = manifest is not None and await backfills.others_with(manifest, backfill.id)
            await backfills.delete(backfill)
        if manifest is not None and not shared:
            await self._environment.store.delete(manifest)

    async def change_sets(self, identifier: str, sets_to: SetsTo, *, dry_run: bool) -> SetsChange:
        """Promote the sets of moments that a backfill made, or bring back those that users saw before.

        What is not done within a few seconds, workers do.

        Raises:
            NotFound: there is none of this identifier.
            Conflict: the other of the two is being done.
        """
        backfill = await self.get(identifier)
        if not dry_run:
            if backfill.sets_to not in {None, sets_to}:
                raise Conflict(
                    f"The sets of this backfill are in the middle of a {backfill.sets_to}: wait for its end."
                )
            async with self._database.begin() as session:
                await Backfills(session).change(backfill.id, f"backfill.{sets_to}_begun", sets_to=sets_to)
            backfill = await self.get(identifier)
            await change_sets(self._environment, backfill, time.monotonic() + _AT_ONCE_SECONDS)
        async with self._database.read() as session:
            return SetsChange(await BackfillSets(session).count_to_change(backfill.id, sets_to), dry_run)

    async def _check(self, order: BackfillOrder) -> None:
        """Refuse what no backfill can be made of; raises as ``create``."""
        await self._items.check(order.pipeline, order.options)
        webhook = _webhook(order)
        if webhook is not None:
            await check_url(webhook.url, self._environment.settings.download)
        manifest = order.source.manifest
        if manifest is not None and not await self._environment.store.exists(manifest):
            raise NotFound(f"There is no manifest {manifest}: upload it first, and name what that answers.")

    async def _move(
        self,
        identifier: str,
        event: str,
        among: Sequence[BackfillStatus],
        data: Mapping[str, JsonValue] | None = None,
        *,
        same: BackfillStatus | None = None,
        **values: Any,
    ) -> Backfill:
        async with self._database.begin() as session:
            backfill = await Backfills(session).get(identifier)
            changed = await Backfills(session).change(backfill.id, event, dict(data or {}), among=among, **values)
            if changed is not None:
                return changed
            if backfill.status != same:
                raise _not_now(backfill, event.removeprefix("backfill.").removesuffix("d"))
            return backfill


def asked_for(order: BackfillOrder) -> str:
    """Return the fingerprint of what a backfill is to do, however fast."""
    source: BackfillSource = order.source
    return fingerprint(
        {
            "source": source.model_dump(mode="json", exclude_defaults=True),
            "pipeline": order.pipeline,
            "options": dict(order.options),
            "mode": order.chosen_mode,
            "as": order.show_as,
        }
    )


def _webhook(order: BackfillOrder) -> Webhook | None:
    if isinstance(order.webhook, WebhookOptions):
        return Webhook(order.webhook.url, order.webhook.secret.get_secret_value())
    return None if order.webhook is None else Webhook(order.webhook)


def _not_now(backfill: Backfill, what: str) -> Conflict:
    return Conflict(f"The backfill is {backfill.status}; there is nothing to {what}.")
