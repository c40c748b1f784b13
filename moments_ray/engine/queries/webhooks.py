"""Webhooks: a message for every end of a run, written with it, and how its delivery stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, SigningSecret, WebhookDelivery
from moments_ray.ids import derived_identifier
from moments_ray.states import RunStatus, WebhookStatus

_SECRET = "webhooks"  # noqa: S105 - its name in the table
_WINDOW = 100  # messages looked at for one claim; they may all be for the same address


@dataclass(frozen=True)
class Webhook:
    """Where to tell of a run's end, and the caller's own secret to sign that with."""

    url: str
    secret: str | None = field(default=None, repr=False)


# Whether a message is due. $1 now
ANY_DUE = "SELECT 1 FROM webhook_deliveries WHERE status = 'pending' AND next_attempt_at <= $1 LIMIT 1"


class Webhooks:
    """Reads and writes of webhook messages; ``now`` is always the caller's clock."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def notify_end(self, run_key: int) -> None:
        """Write the message of a finished run, if anybody wants it; the same end and address make it once.

        An address that answered 410 since the run was asked for is not called: the message is written as disabled.
        """
        run = await self._session.get_one(Run, run_key, populate_existing=True)
        if run.webhook_url is None or not RunStatus(run.status).finished:
            return
        webhook = Webhook(run.webhook_url, run.webhook_secret)
        event, data = (run.identifier, run.event_seq), _payload(run)
        await self._write(webhook, event, f"run.{run.status}", data, since=run.queued_at, run_key=run.id)

    async def notify(
        self, webhook: Webhook, event: tuple[str, int], kind: str, data: Mapping[str, Any], *, since: datetime
    ) -> None:
        """Write a message that is of no run; ``event``, whose and which of its, and the address make it once."""
        payload = {"type": kind, "timestamp": _rfc3339(datetime.now(UTC)), "data": dict(data)}
        await self._write(webhook, event, kind, payload, since=since, run_key=None)

    async def _write(
        self,
        webhook: Webhook,
        event: tuple[str, int],
        kind: str,
        payload: Mapping[str, Any],
        *,
        since: datetime,
        run_key: int | None,
    ) -> None:
        gone = await self._session.scalar(
            select(
                exists().where(
                    WebhookDelivery.url == webhook.url,
                    WebhookDelivery.status == WebhookStatus.DISABLED,
                    WebhookDelivery.ended_at > since,
                )
            )
        )
        standing = WebhookStatus.DISABLED if gone else WebhookStatus.PENDING
        message = insert(WebhookDelivery).values(
            identifier=derived_identifier("webhook", *event, webhook.url),
            run_id=run_key,
            url=webhook.url,
            secret=webhook.secret,
            type=kind,
            payload=payload,
            status=standing,
            next_attempt_at=None if gone else func.now(),
            ended_at=func.now() if gone else None,
        )
        await self._session.execute(message.on_conflict_do_nothing())

    async def ask(self, run_key: int, webhook: Webhook) -> None:
        """Have a run tell of its end; one that is finished tells of that."""
        values = {"webhook_url": webhook.url, "webhook_secret": webhook.secret}
        await self._session.execute(update(Run).where(Run.id == run_key).values(values))
        await self.notify_end(run_key)

    async def claim_due(
        self, now: datetime, lease: timedelta, *, busy: Collection[str], limit: int
    ) -> list[WebhookDelivery]:
        """Take messages that are due, the longest wait first, one an address and none for the ``busy`` ones.

        Whoever took one and died is followed by somebody else after the ``lease``.
        """
        due = await self._session.scalars(
            select(WebhookDelivery)
            .where(
                WebhookDelivery.status == WebhookStatus.PENDING,
                WebhookDelivery.next_attempt_at <= now,
                WebhookDelivery.url.not_in(busy),
            )
            .order_by(WebhookDelivery.next_attempt_at)
            .limit(_WINDOW)
            .with_for_update(skip_locked=True)
        )
        first: dict[str, WebhookDelivery] = {}
        for message in due:
            first.setdefault(message.url, message)
        taken = list(first.values())[:limit]
        for message in taken:
            message.attempts += 1
            message.next_attempt_at = now + lease
            message.response_status = message.error = None
        return taken

    async def end_try(
        self,
        message: WebhookDelivery,
        now: datetime,
        standing: WebhookStatus,
        *,
        next_attempt_at: datetime | None = None,
        response_status: int | None = None,
        error: str | None = None,
    ) -> None:
        """Write how a try ended, unless somebody else tried since; a gone address ends all that waits for it."""
        await self._session.execute(
            update(WebhookDelivery)
            .where(WebhookDelivery.id == message.id, WebhookDelivery.attempts == message.attempts)
            .values(
                status=standing,
                next_attempt_at=next_attempt_at,
                ended_at=None if standing is WebhookStatus.PENDING else now,
                response_status=response_status,
                error=error,
            )
        )
        if standing is WebhookStatus.DISABLED:
            await self._session.execute(
                update(WebhookDelivery)
                .where(WebhookDelivery.url == message.url, WebhookDelivery.status == WebhookStatus.PENDING)
                .values(status=standing, next_attempt_at=None, ended_at=now, error=error)
            )

    async def of_run(self, run_key: int) -> list[WebhookDelivery]:
        """Return a run's messages, the oldest first."""
        query = select(WebhookDelivery).where(WebhookDelivery.run_id == run_key).order_by(WebhookDelivery.id)
        return list(await self._session.scalars(query))

    async def forget_deleted(self) -> None:
        """Remove messages of deleted runs once they are delivered or given up."""
        ended = WebhookDelivery.status != WebhookStatus.PENDING
        await self._session.execute(delete(WebhookDelivery).where(WebhookDelivery.run_id.is_(None), ended))

    async def secret(self, fresh: str) -> str:
        """Return the secret that is kept; ``fresh`` becomes it where there is none."""
        statement = insert(SigningSecret).values(name=_SECRET, secret=fresh).on_conflict_do_nothing()
        await self._session.execute(statement)
        found = await self._session.scalar(select(SigningSecret.secret).where(SigningSecret.name == _SECRET))
        assert found is not None  # noqa: S101 - written above, and never removed
        return found


def _payload(run: Run) -> dict[str, Any]:
    """Return the message, in the members that the specification recommends; ``data`` is the run as the API names it."""
    times = {name: getattr(run, name) for name in ("queued_at", "started_at", "completed_at")}
    error = run.error and {name: run.error.get(name) for name in ("code", "message", "retryable")}
    return {
        "type": f"run.{run.status}",
        "timestamp": _rfc3339(run.completed_at or datetime.now(UTC)),
        "data": {
            "identifier": run.identifier,
            "pipeline": run.pipeline,
            "subject": run.subject,
            "status": run.status,
            "attempt": run.attempt,
            "errors": run.errors,
            "result": run.result,
            "error": error,
            "error_stage": run.error_stage,
            "metadata": run.config.get("metadata") or {},
            **{name: at and _rfc3339(at) for name, at in times.items()},
        },
    }


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
