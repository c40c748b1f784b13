"""Backfills: made, looked up, changed; each change with its event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.paging import Page, page_of
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Backfill, BackfillEvent, BackfillItem
from moments_ray.engine.queries.webhooks import Webhook, Webhooks
from moments_ray.errors import NotFound
from moments_ray.states import BackfillItemStatus, BackfillStatus


class Backfills:
    """Reads and writes of backfills."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def insert(self, webhook: Webhook | None, **values: Any) -> tuple[Backfill, bool]:
        """Write a backfill and return it with True, or the one that was made under its idempotency key with False."""
        if webhook is not None:
            values |= {"webhook_url": webhook.url, "webhook_secret": webhook.secret}
        statement = insert(Backfill).values(**values, event_seq=1)
        made = await self._session.scalar(
            statement.on_conflict_do_nothing(index_elements=[Backfill.idempotency_key]).returning(Backfill)
        )
        if made is None:
            known = await self.by_idempotency_key(values["idempotency_key"])
            assert known is not None  # noqa: S101 - it is what the insert came upon
            return known, False
        self._session.add(BackfillEvent(backfill_id=made.id, seq=1, type="backfill.created", data={}))
        return made, True

    async def get(self, identifier: str) -> Backfill:
        """Return a backfill.

        Raises:
            NotFound: there is none of this identifier.
        """
        query = select(Backfill).where(Backfill.identifier == identifier)
        found = await self._session.scalar(query.execution_options(populate_existing=True))
        if found is None:
            raise NotFound(f"There is no backfill {identifier}.")
        return found

    async def by_idempotency_key(self, key: str) -> Backfill | None:
        """Return the backfill that was made under a key."""
        return (await self._session.scalars(select(Backfill).where(Backfill.idempotency_key == key))).first()

    async def page(self, statuses: Sequence[BackfillStatus], after: int | None, limit: int) -> Page[Backfill]:
        """Return backfills, the newest first."""
        query = select(Backfill)
        if statuses:
            query = query.where(Backfill.status.in_(statuses))
        return await page_of(self._session, query, Backfill.id, after, limit)

    async def active_within(self, age: timedelta) -> Sequence[Backfill]:
        """Return those that are not at their end, or came to it within so long."""
        at_its_end = Backfill.status.in_([status for status in BackfillStatus if status.finished])
        query = select(Backfill).where(or_(~at_its_end, Backfill.completed_at > func.now() - age))
        return (await self._session.scalars(query)).all()

    async def take_due(self, lease: timedelta, limit: int) -> list[int]:
        """Take the keys of backfills that have something to be done, the longest wait first, for a lease."""
        due = (
            select(Backfill.id)
            .where(Backfill.attended_until <= func.now(), _has_work())
            .order_by(Backfill.attended_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        keys = list(await self._session.scalars(due))
        if keys:
            await self._session.execute(
                update(Backfill).where(Backfill.id.in_(keys)).values(attended_until=func.now() + lease)
            )
        return keys

    async def renew(self, key: int, lease: timedelta) -> Backfill | None:
        """Return a backfill as it stands now, held for a lease from now on; None where it was deleted."""
        renewed = update(Backfill).where(Backfill.id == key).values(attended_until=func.now() + lease)
        found: Backfill | None = await self._session.scalar(
            renewed.returning(Backfill).execution_options(populate_existing=True)
        )
        return found

    async def change(
        self,
        key: int,
        event: str,
        data: dict[str, Any] | None = None,
        *,
        among: Sequence[BackfillStatus] = tuple(BackfillStatus),
        **values: Any,
    ) -> Backfill | None:
        """Change a backfill that has one of these statuses, and write the event; None where it has another."""
        changed = await self._session.scalar(
            update(Backfill)
            .where(Backfill.id == key, Backfill.status.in_(among))
            .values(event_seq=Backfill.event_seq + 1, **values)
            .returning(Backfill)
            .execution_options(populate_existing=True)
        )
        if changed is None:
            return None
        self._session.add(BackfillEvent(backfill_id=key, seq=changed.event_seq, type=event, data=data or {}))
        if BackfillStatus(changed.status).finished and "status" in values and changed.webhook_url is not None:
            await Webhooks(self._session).notify(
                Webhook(changed.webhook_url, changed.webhook_secret),
                (changed.identifier, changed.event_seq),
                event,
                {"identifier": changed.identifier, "name": changed.name, "status": changed.status}
                | {"counts": changed.counts, "error": changed.error},
                since=changed.created_at,
            )
        await self._session.flush()
        return changed

    async def events(self, key: int, after: int, limit: int) -> Sequence[BackfillEvent]:
        """Return events after a sequence number, in order."""
        query = select(BackfillEvent).where(BackfillEvent.backfill_id == key, BackfillEvent.seq > after)
        return (await self._session.scalars(query.order_by(BackfillEvent.seq).limit(limit))).all()

    async def delete(self, backfill: Backfill) -> None:
        """Delete a backfill with its ledger; its runs and videos stay."""
        await self._session.delete(backfill)

    async def others_with(self, manifest: str, key: int) -> bool:
        """Tell whether another backfill reads the same manifest."""
        same = exists().where(Backfill.source["manifest"].astext == manifest, Backfill.id != key)
        return bool(await self._session.scalar(select(same)))


def _has_work() -> ColumnElement[bool]:
    """Return the condition that something of a backfill is to be done: read, started, looked after or promoted."""
    running = exists().where(BackfillItem.backfill_id == Backfill.id, BackfillItem.status == BackfillItemStatus.RUNNING)
    return or_(
        Backfill.status.in_([BackfillStatus.ESTIMATING, BackfillStatus.RUNNING]),
        Backfill.sets_to.is_not(None),
        running,
    )
