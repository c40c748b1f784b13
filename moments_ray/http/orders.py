"""The options of a run over HTTP, as the engine takes them."""

from __future__ import annotations

from typing import Any

from moments_ray.engine.queries.webhooks import Webhook
from moments_ray.engine.runs.service import RunOrder
from moments_ray.http.schemas.options import BaseRunOptions, WebhookOptions
from moments_ray.media.guard import check_url
from moments_ray.settings import DownloadSettings

# What is no option of the work, is shown elsewhere, or is a secret.
_NOT_KEPT = {"webhook", "metadata", "force", "url", "title", "video_id", "process", "pipeline", "request"}


async def checked_webhook(options: BaseRunOptions, settings: DownloadSettings) -> Webhook | None:
    """Return where to send word of a run's end, once that is found to be an address that may be called.

    Raises:
        UrlNotAllowed: it may not.
        DownloadUnavailable: its host does not exist.
    """
    webhook = webhook_of(options)
    if webhook is not None:
        await check_url(webhook.url, settings)
    return webhook


def webhook_of(options: BaseRunOptions) -> Webhook | None:
    """Return where to send word of a run's end."""
    if isinstance(options.webhook, WebhookOptions):
        return Webhook(options.webhook.url, options.webhook.secret.get_secret_value())
    return None if options.webhook is None else Webhook(options.webhook)


def order_of(options: BaseRunOptions, key: str | None, **more: Any) -> RunOrder:
    """Return how a run is to be made; ``key`` is its idempotency key, ``more`` what else is said of it."""
    return RunOrder(
        priority=options.priority,
        idempotency_key=key,
        webhook=webhook_of(options),
        force=options.force,
        options=options.model_dump(mode="json", exclude_unset=True, exclude=_NOT_KEPT),
        **more,
    )
