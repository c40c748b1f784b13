"""Ads that clients of old push to a Redis list: each becomes one of ours, once, and goes from the list afterwards."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError

from moments_ray.ads.options import AdOptions
from moments_ray.ads.requests import Uploads
from moments_ray.ads.service import AdService
from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.queue import DEAD_STREAM
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import InputError, InvalidRequest
from moments_ray.models.gateway import Gateway

log = structlog.get_logger()

QUEUE = "video_generation_queue"
_MOST_AT_ONCE = 50
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,36}")  # one that an ad can have, so that its client finds it by its own
_KEPT = 2000  # characters of an entry that is no order
_FIELDS = ("product_name", "style", "cta_text", "description", "product_image_url", "language", "aspect_ratio")


async def take_legacy_queue(environment: Environment) -> None:
    """Make the ads that wait in the list, where the deployment says so.

    An entry stays until its ad is made; met twice, it has the same idempotency key. What is no order goes to the
    dead letters.
    """
    if not environment.settings.ads.legacy_queue:
        return
    service = AdService(environment, RunService(environment), environment.service(Gateway).registry)
    try:
        for _ in range(_MOST_AT_ONCE):
            entry: Any = await environment.redis.lindex(QUEUE, 0)
            if entry is None:
                return
            await _take(environment, service, entry)
            await environment.redis.lrem(QUEUE, 1, entry)
    except RedisError as error:
        log.warning("ads.legacy_queue_failed", error=str(error))


async def _take(environment: Environment, service: AdService, entry: bytes) -> None:
    try:
        job, options = read_entry(entry)
        await service.create(
            options, Uploads(), f"legacy:{job}", identifier=job if _IDENTIFIER.fullmatch(job) else None
        )
    except InputError as error:
        log.warning("ads.legacy_entry_refused", code=error.code, error=error.message)
        fields = {"request_id": "", "reason": error.message, "at": datetime.now(UTC).isoformat()}
        shown = {**fields, "queue": QUEUE, "entry": entry[:_KEPT].decode("utf-8", "replace")}
        await environment.redis.xadd(DEAD_STREAM, dict(shown.items()))


def read_entry(entry: bytes) -> tuple[str, AdOptions]:
    """Return an entry's job and what it asks for; what else it says is passed over.

    Raises:
        InvalidRequest: it is no order.
    """
    try:
        said = json.loads(entry)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The entry is no JSON.") from error
    if not isinstance(said, dict) or not isinstance(said.get("job_id"), str | int):
        raise InvalidRequest("The entry is no object with a job_id.")
    fields = {name: said[name] for name in _FIELDS if said.get(name) is not None}
    try:
        return str(said["job_id"])[:100], AdOptions.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidRequest(f"The entry's {first['loc'][0] if first['loc'] else 'fields'}: {first['msg']}.") from error
