"""The live status in Redis: what pollers read while a run is active, written again whenever Redis lost it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from moments_ray.database.tables import Run, RunStage
from moments_ray.engine.environment import RunRef
from moments_ray.engine.execute.rows_at_work import rows_key
from moments_ray.engine.live_words import LiveWords
from moments_ray.engine.registry import Registry
from moments_ray.engine.runs.lease import LockChange, key_of, lock_key
from moments_ray.engine.runs.queue import Message
from moments_ray.engine.runs.whole_status import STATUS_CHANNEL, WholeStatus, WholeStatuses
from moments_ray.states import RunStatus, StageStatus

log = structlog.get_logger()

PROGRESS_CHANNEL = "job_progress_updates"

# Publishing and showing are one round trip. A zombie must not overwrite its successor's status: only the owner of
# the lock writes, or anybody while there is no lock, and only about its own run. A status that Redis lost is written
# whole by the worker; one that expired stays gone.
_SHOW = """
local first, last = 6, 5 + tonumber(ARGV[4])
for i = first, last do redis.call('PUBLISH', ARGV[1], ARGV[i]) end
local lock = redis.call('GET', KEYS[2])
if lock and lock ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'request_id') ~= ARGV[3] then return 0 end
first, last = last + 1, last + tonumber(ARGV[5])
for i = first, last, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
local current = ''
for i = last + 1, #ARGV do
  local status = redis.call('HGET', KEYS[1], ARGV[i] .. '_status')
  if status ~= 'completed' and status ~= 'skipped' then current = ARGV[i] break end
end
if #ARGV > last then redis.call('HSET', KEYS[1], 'current_stage', current) end
return 1
"""


def active_key(subject: str) -> str:
    """Return the key of a subject's live hash."""
    return f"pipeline:{subject}:active"


def cancel_key(name: str) -> str:
    """Return the key of a cancel flag by its ``key_of``."""
    return f"pipeline:{name}:cancel"


def history_key(subject: str) -> str:
    """Return the key of a subject's runs by time."""
    return f"pipeline:{subject}:history"


def run_key(run: str) -> str:
    """Return the key of a run's hash."""
    return f"pipeline:run:{run}"


class LiveStatus:
    """Writes the live status, a cache of PostgreSQL, so a Redis that is down is at most logged."""

    def __init__(self, client: redis.Redis, registry: Registry | None = None) -> None:
        self._redis = client
        self._registry = registry
        self._show_script = client.register_script(_SHOW)
        self._statuses = WholeStatuses(client)

    async def whole(
        self,
        run: Run,
        names: tuple[str, ...],
        stages: Mapping[str, RunStage],
        *,
        lock: LockChange | None = None,
        changed: str | None = None,
        acknowledge: Message | None = None,
    ) -> None:
        """Write a run's whole live status from its journal, and with it take or release its lock, if that is asked.

        ``changed`` is the stage that began or ended with the run, of which subscribers are told as well;
        ``acknowledge`` is the message that notified of the run, which goes once the rest is written.

        Raises:
            RedisError: Redis is down or full; the live status is as it was.
        """
        fields = status_fields(run, names, stages)
        words = self._registry.live_words(run.pipeline) if self._registry is not None else None
        key, own = words.status(run.subject, fields) if words is not None else ("", {})
        news = [{"status": fields["status"]}, *([_news(changed, stages[changed].status)] if changed else [])]
        if run.status != RunStatus.PROCESSING:
            news.reverse()  # a stage begins after its run, and ends before it
        finished = int(RunStatus(run.status).finished)
        messages = [_message(run.identifier, run.subject, each, words) for each in news]
        document = [_flat(fields), _flat(_summary(run)), _flat(own), messages]
        name = key_of(run)
        await self._statuses.write(
            WholeStatus(
                keys=(
                    *(active_key(run.subject), run_key(run.identifier), history_key(run.subject)),
                    *(cancel_key(name), lock_key(name), rows_key(run.identifier), key),
                    acknowledge.stream if acknowledge else "",
                ),
                args=(
                    *(lock or LockChange()),
                    *(run.identifier, run.queued_at.timestamp(), finished),
                    json.dumps(document, ensure_ascii=False),
                    acknowledge.id if acknowledge else "",
                ),
            )
        )

    async def forget(self, subject: str, runs: Sequence[str]) -> None:
        """Remove every key of a subject and of its runs."""
        names = [subject, *runs]
        keys = [active_key(subject), history_key(subject), *map(cancel_key, names), *map(lock_key, names)]
        await self._redis.delete(*keys, *map(run_key, runs))

    async def read(self, subject: str) -> dict[str, str] | None:
        """Return a subject's live status; None where there is none, or where Redis does not answer."""
        try:
            found: dict[Any, Any] = await self._redis.hgetall(active_key(subject))
        except RedisError as error:
            log.warning("live.read_failed", subject=subject, error=str(error))
            return None
        return {name.decode(): value.decode("utf-8", "replace") for name, value in found.items()} or None

    async def stage_progress(self, run: Run) -> dict[str, float]:
        """Return how far the stages of a run are, 0 to 1, by name; nothing unless it is the one that is shown."""
        if RunStatus(run.status).finished:
            return {}
        shown = await self.read(run.subject) or {}
        if shown.get("request_id") != run.identifier:
            return {}
        return {
            name.removesuffix("_progress"): float(value) for name, value in shown.items() if name.endswith("_progress")
        }

    async def missing(self, subject: str) -> bool:
        """Tell whether the live status lost an active run."""
        return not await self._redis.exists(active_key(subject))

    async def stages(self, ref: RunRef, changes: Sequence[tuple[str, StageStatus]]) -> None:
        """Show new statuses of stages, and with them the earliest stage that is unfinished."""
        fields: dict[str, str] = {}
        for stage, status in changes:
            fields[f"{stage}_status"] = status.value
            if status is StageStatus.PROCESSING:
                fields |= {"status": RunStatus.PROCESSING.value, f"{stage}_started_at": _now()}
            else:
                fields[f"{stage}_completed_at"] = _now()
            if status is StageStatus.COMPLETED:
                fields[f"{stage}_progress"] = "1.0"
        news = [_news(stage, status) for stage, status in changes]
        await self._show(ref, fields, ref.stages, STATUS_CHANNEL, news)

    async def progress(self, ref: RunRef, stage: str, fraction: float) -> None:
        """Show how far a stage is."""
        shown = f"{min(max(fraction, 0.0), 1.0):.3f}"
        news = {"stage": stage, "progress": float(shown)}
        await self._show(ref, {f"{stage}_progress": shown}, (), PROGRESS_CHANNEL, [news])

    async def _show(
        self,
        ref: RunRef,
        fields: Mapping[str, str],
        stages: tuple[str, ...],
        channel: str,
        news: Sequence[Mapping[str, object]],
    ) -> None:
        flat = _flat(fields)
        messages = [_message(ref.run, ref.subject, each, ref.words) for each in news]
        token = f"{ref.run}:{ref.attempt}"
        try:
            await self._show_script(
                keys=[active_key(ref.subject), lock_key(ref.key_name)],
                args=[channel, token, ref.run, len(messages), len(flat), *messages, *flat, *stages],
            )
        except RedisError as error:
            log.warning("live.write_failed", run=ref.run, error=str(error))


def _flat(fields: Mapping[str, str]) -> list[str]:
    return [part for pair in fields.items() for part in pair]


def _news(stage: str, status: str) -> dict[str, str]:
    return {"stage": stage, "stage_status": StageStatus(status).value}


def _message(run: str, subject: str, news: Mapping[str, object], words: LiveWords | None) -> str:
    own = words.message(subject, news) if words is not None else {}
    return json.dumps({"run_id": run, "video_id": subject, **news, **own})


def status_fields(run: Run, names: tuple[str, ...], stages: Mapping[str, RunStage]) -> dict[str, str]:
    """Return a run's live status as its journal has it."""
    fields = {
        "request_id": run.identifier,
        "status": RunStatus(run.status).for_pollers,
        "current_stage": "",
        "errors": str(run.errors),
    }
    for name in names:
        stage = stages.get(name)
        fields[f"{name}_status"] = stage.status if stage else StageStatus.PENDING.value
        if stage is None:
            continue
        fields[f"{name}_progress"] = f"{stage.progress:.3f}"
        if stage.started_at:
            fields[f"{name}_started_at"] = _rfc3339(stage.started_at)
        if stage.completed_at:
            fields[f"{name}_completed_at"] = _rfc3339(stage.completed_at)
    unfinished = (name for name in names if fields[f"{name}_status"] not in {"completed", "skipped"})
    fields["current_stage"] = next(unfinished, "")
    if run.error:
        fields["error"] = str(run.error.get("message", ""))
        fields["error_stage"] = run.error_stage or ""
    return fields


def _summary(run: Run) -> dict[str, str]:
    times = {"queued_at": run.queued_at, "started_at": run.started_at, "completed_at": run.completed_at}
    shown = {name: _rfc3339(at) for name, at in times.items() if at is not None}
    return {"video_id": run.subject, "pipeline": run.pipeline, "attempt": str(run.attempt), **shown}


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now() -> str:
    return _rfc3339(datetime.now(UTC))
