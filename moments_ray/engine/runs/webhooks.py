"""Delivering webhooks: each message signed, sent to where its run's caller wants it, and sent again until it is taken.

After the Standard Webhooks specification (https://www.standardwebhooks.com): a receiver checks ``webhook-signature``
over ``webhook-id``, ``webhook-timestamp`` and the body. A message may come more than once, always under one id.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import structlog

from moments_ray.database.session import Database
from moments_ray.database.tables import WebhookDelivery
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.outcome import retry_delay
from moments_ray.engine.queries.webhooks import ANY_DUE, Webhooks
from moments_ray.errors import MomentsError, ServiceUnavailable, UrlNotAllowed, WebhookFailed, WebhookGone
from moments_ray.process.webhook_secret import new_webhook_secret, webhook_signature
from moments_ray.settings import RetrySettings, Settings
from moments_ray.states import WebhookStatus

log = structlog.get_logger()

_AT_ONCE = 16
_POLL_SECONDS = 1.0
_OUTAGE_WAIT_SECONDS = 5.0
_ANSWER_SECONDS = 20.0  # the specification asks for 15 to 30
_TRIES = 10
# Between tries at most 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, and then 6 hours thrice: all of it within a day.
_PLAN = RetrySettings(first_delay_seconds=5.0, factor=4.0, longest_delay_seconds=6 * 3600.0)


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def signing_secret(settings: Settings, database: Database) -> str:
    """Return the secret that signs webhooks whose caller gave none: the configured one, else the database's."""
    if settings.webhook_secret is not None:
        return settings.webhook_secret.get_secret_value()
    async with database.begin() as session:
        return await Webhooks(session).secret(new_webhook_secret())


class Deliverer:
    """Sends what is due, one message at a time to an address, so that a slow receiver holds up nobody else.

    It looks every ``poll_seconds``, and waits ``answer_seconds`` for an answer.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        clock: Callable[[], datetime] = _utc_now,
        poll_seconds: float = _POLL_SECONDS,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        self._settings = environment.settings
        self._database = environment.database
        self._outbound = environment.outbound
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._answer_seconds = answer_seconds
        self._lease = timedelta(seconds=3 * answer_seconds)  # then a sender is taken for dead, and somebody else sends
        self._sending: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until cancelled; what was on its way then is sent again by whoever looks next."""
        client = httpx.AsyncClient(
            transport=self._outbound(), follow_redirects=False, trust_env=False, timeout=self._answer_seconds
        )
        async with client:
            try:
                while True:
                    await self._over_outages(self._look(client))
            finally:
                for sending in self._sending.values():
                    sending.cancel()
                await asyncio.gather(*self._sending.values(), return_exceptions=True)

    async def _look(self, client: httpx.AsyncClient) -> None:
        """Begin to send what is due; return when it is worth looking again."""
        for message in await self._claim_due():
            self._sending[message.url] = asyncio.create_task(self._over_outages(self._deliver(client, message)))
        if not self._sending:
            await asyncio.sleep(self._poll_seconds)
            return
        await asyncio.wait(self._sending.values(), timeout=self._poll_seconds, return_when=asyncio.FIRST_COMPLETED)
        self._sending = {url: sending for url, sending in self._sending.items() if not sending.done()}

    async def _claim_due(self) -> Sequence[WebhookDelivery]:
        now = self._clock()
        if await self._database.row(ANY_DUE, now) is None:  # as nearly always, and that is asked every second
            return ()
        async with self._database.begin() as session:
            return await Webhooks(session).claim_due(
                now, self._lease, busy=list(self._sending), limit=_AT_ONCE - len(self._sending)
            )

    async def _over_outages(self, work: Coroutine[Any, Any, None]) -> None:
        """Do work that is done again by itself: a message that was not recorded as sent is due when its lease ends."""
        try:
            await work
        except ServiceUnavailable as error:
            log.warning("webhooks.waiting", error=str(error))
            await asyncio.sleep(_OUTAGE_WAIT_SECONDS)
        except Exception:
            log.exception("webhooks.failed")  # a deliverer that stopped would still look alive
            await asyncio.sleep(_OUTAGE_WAIT_SECONDS)

    async def _deliver(self, client: httpx.AsyncClient, message: WebhookDelivery) -> None:
        """Send a message once and record what came of it."""
        try:
            status = await self._send(client, message)
        except MomentsError as error:
            await self._record_failure(message, error)
            return
        async with self._database.begin() as session:
            await Webhooks(session).end_try(message, self._clock(), WebhookStatus.DELIVERED, response_status=status)
        log.info("webhook.delivered", webhook=message.identifier, attempt=message.attempts)

    async def _record_failure(self, message: WebhookDelivery, error: MomentsError) -> None:
        now = self._clock()
        delay = retry_delay(error, message.attempts, _TRIES, _PLAN)
        if delay is not None:
            standing = WebhookStatus.PENDING
        else:
            standing = WebhookStatus.DISABLED if isinstance(error, WebhookGone) else WebhookStatus.FAILED
        status = error.detail.get("status")
        async with self._database.begin() as session:
            await Webhooks(session).end_try(
                message,
                now,
                standing,
                next_attempt_at=None if delay is None else now + timedelta(seconds=delay),
                response_status=status if isinstance(status, int) else None,
                error=error.message,
            )
        log.warning("webhook.delivery_failed", webhook=message.identifier, error=error.message, retry_in=delay)

    async def _send(self, client: httpx.AsyncClient, message: WebhookDelivery) -> int:
        """Post a message and return the status that took it.

        Raises:
            WebhookGone: the receiver answered 410.
            WebhookFailed: it answered anything else but 2xx, or nothing in time.
            UrlNotAllowed: the address may not be called.
        """
        body = json.dumps(message.payload, sort_keys=True, separators=(",", ":")).encode()
        secret = message.secret or await signing_secret(self._settings, self._database)
        timestamp = int(self._clock().timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "moments",
            "webhook-id": message.identifier,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": webhook_signature(secret, message.identifier, timestamp, body),
        }
        try:
            async with (
                asyncio.timeout(self._answer_seconds),
                client.stream("POST", message.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code  # its body is nobody's business, however long it is
        except UrlNotAllowed:
            raise
        except (TimeoutError, httpx.TimeoutException) as error:
            raise WebhookFailed(f"There was no answer within {self._answer_seconds:g} seconds.") from error
        except httpx.HTTPError as error:
            raise WebhookFailed(f"The connection failed ({type(error).__name__}).") from error
        except MomentsError as error:  # its host cannot be found at the moment
            raise WebhookFailed(error.message) from error
        if httpx.codes.is_success(status):
            return status
        kind = WebhookGone if status == httpx.codes.GONE else WebhookFailed
        raise kind(f"the receiver answered {status}", {"status": status})
