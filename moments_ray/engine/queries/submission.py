"""Runs as they are asked for, and the statements that queue them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from moments_ray.database.tables import Run
from moments_ray.engine.queries.rows import Row, run_of
from moments_ray.engine.queries.webhooks import Webhook
from moments_ray.ids import new_identifier

# In the order of ``_values``; $1 the identifier, $4 the video's.
_INSERT = """
WITH video AS (SELECT id FROM videos WHERE identifier = $4 AND status <> 'deleting'),
run AS (
    INSERT INTO runs (identifier, pipeline, subject, video_id, config, options, config_fingerprint, produced_by,
        exclusive_key, deadline_seconds, tries, priority, idempotency_key, webhook_url, webhook_secret, event_seq)
    SELECT $1, $2, $3, (SELECT id FROM video), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1
    WHERE $4 IS NULL OR EXISTS (SELECT FROM video)
    ON CONFLICT DO NOTHING RETURNING *
),
event AS (
    INSERT INTO run_events (run_id, seq, type, data)
    SELECT id, 1, 'run.queued', jsonb_build_object('pipeline', pipeline) FROM run
)
SELECT * FROM run"""

# $1 the run's identifier, $2 the stream entry, $3 how long it is before the run counts as unclaimed
_NOTIFIED = "UPDATE runs SET message_id = $2, notified_at = now() + $3::interval WHERE identifier = $1 RETURNING id"


@dataclass(frozen=True)
class Submission:
    """A run as it is asked for; ``fingerprint`` is of its config, ``produced_by`` of what decides beside it.

    ``video`` is the identifier of the one it works on. Without a ``subject`` it is about itself, and no other run is
    the same.
    """

    pipeline: str
    subject: str | None
    config: dict[str, Any]
    fingerprint: str
    options: Mapping[str, Any] = field(default_factory=dict)
    produced_by: str | None = None
    exclusive_key: str | None = None
    video: str | None = None
    deadline_seconds: float | None = None
    tries: int | None = None
    priority: int = 5
    idempotency_key: str | None = None
    webhook: Webhook | None = None


async def insert_run(row: Row, submission: Submission) -> Run | None:
    """Write a queued run and its first event.

    None where another one has its idempotency key, or excludes it, or where there is no such video.
    """
    found = await row(_INSERT, *_values(submission, new_identifier()))
    return None if found is None else run_of(found)


async def mark_notified(row: Row, identifier: str, message_id: str | None, *, later: float = 0.0) -> None:
    """Note the stream entry that notifies of a run; ``later`` seconds pass before it counts as unclaimed."""
    await row(_NOTIFIED, identifier, message_id, timedelta(seconds=later))


def _values(asked: Submission, identifier: str) -> tuple[object, ...]:
    webhook = (asked.webhook.url, asked.webhook.secret) if asked.webhook else (None, None)
    return (
        identifier,
        asked.pipeline,
        asked.subject or identifier,
        asked.video,
        json.dumps(asked.config),
        json.dumps(dict(asked.options)),
        asked.fingerprint,
        asked.produced_by,
        asked.exclusive_key,
        asked.deadline_seconds,
        asked.tries,
        asked.priority,
        asked.idempotency_key,
        *webhook,
    )
