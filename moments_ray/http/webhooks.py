"""Webhooks as requests ask for them."""

from __future__ import annotations

from moments_ray.engine.queries.webhooks import Webhook
from moments_ray.http.schemas.asked import AskedRun, AskedWebhook
from moments_ray.media.guard import check_url
from moments_ray.settings import DownloadSettings


async def checked_webhook(asked: AskedRun, settings: DownloadSettings) -> Webhook | None:
    """Return where to send word of a run's end, once that is found to be an address that may be called.

    Raises:
        UrlNotAllowed: it may not.
        DownloadUnavailable: its host does not exist.
    """
    webhook = webhook_of(asked)
    if webhook is not None:
        await check_url(webhook.url, settings)
    return webhook


def webhook_of(asked: AskedRun) -> Webhook | None:
    """Return where to send word of a run's end."""
    if isinstance(asked.webhook, AskedWebhook):
        return Webhook(asked.webhook.url, asked.webhook.secret.get_secret_value())
    return None if asked.webhook is None else Webhook(asked.webhook)
