"""The queue: Redis streams by priority, read by one consumer group. Only commands that Redis 6.2 has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis.asyncio as redis
from redis.exceptions import ResponseError

from moments_ray.database.tables import Run

GROUP = "pipeline_workers"
DEAD_STREAM = "pipeline:dead"
_DEAD_LENGTH = 10_000  # the given-up are few; the bound keeps a flood from filling Redis

# Takes by priority in one round trip, and gives of each entry only which run it is about; finding nothing, it says up
# to which entries there was nothing.
_TAKE = """
local function run_of(fields)
  for at = 1, #fields, 2 do
    if fields[at] == 'request_id' then return fields[at + 1] end
  end
  return false
end
local newest, taken, most = {}, {}, tonumber(ARGV[3])
for i, stream in ipairs(KEYS) do
  local got = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', most - #taken, 'STREAMS', stream, '>')
  for _, entry in ipairs(got and got[1][2] or {}) do taken[#taken + 1] = {stream, entry[1], run_of(entry[2])} end
  if #taken == most then break end
  local info = redis.call('XINFO', 'STREAM', stream)
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then newest[i] = info[at + 1] end
  end
end
return {taken, newest}
"""


_ACKNOWLEDGE = """
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
"""


def stream_of(priority: int) -> str:
    """Return the stream of a priority, 0 to 10."""
    return "pipeline:requests" if priority == ORDINARY_PRIORITY else f"pipeline:requests:{priority}"


ORDINARY_PRIORITY = 5  # below it is what can wait while anything else is there
PRIORITIES = range(10, -1, -1)  # higher first
STREAMS = tuple(stream_of(priority) for priority in PRIORITIES)
URGENT_STREAMS = tuple(stream_of(priority) for priority in PRIORITIES if priority >= ORDINARY_PRIORITY)


@dataclass(frozen=True)
class Message:
    """A stream entry that notifies of a run; ``run`` is None when nobody can read it."""

    stream: str
    id: str
    run: str | None


class Queue:
    """What notifies workers of runs; what there is to do is PostgreSQL's to say."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._take_script = client.register_script(_TAKE)
        self._acknowledge_script = client.register_script(_ACKNOWLEDGE)
        self._nothing_up_to: dict[str, str] = dict.fromkeys(STREAMS, "0-0")

    async def ensure_groups(self) -> None:
        """Create streams and group where they are missing, from the first entry on, so that none is skipped."""
        for stream in STREAMS:
            try:
                await self._redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def enqueue(self, run: Run) -> str:
        """Notify workers of a run and return the entry's id; doing so twice is harmless, only one claim succeeds."""
        entry = await self._redis.xadd(
            stream_of(run.priority),
            {
                "request_id": run.identifier,
                "video_id": run.subject,
                "config": run.config_fingerprint,
                "requested_at": datetime.now(UTC).isoformat(),
            },
        )
        return _text(entry)

    async def take(self, consumer: str, most: int, streams: Sequence[str] = STREAMS) -> list[Message]:
        """Take so many entries at the most, of these streams: those of higher priority first, then the oldest."""
        try:
            taken, newest = await self._take_script(keys=streams, args=[GROUP, consumer, most])
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await self.ensure_groups()  # Redis was wiped
            return []
        if not taken:
            self._nothing_up_to = {stream: _text(entry) for stream, entry in zip(streams, newest, strict=True)}
        return [Message(_text(stream), _text(entry), _run_of({b"request_id": run})) for stream, entry, run in taken]

    async def own(self, consumer: str) -> list[Message]:
        """Return what a consumer of this name took and never ended: its process died, and it has come again."""
        taken: list[Message] = []
        for stream in STREAMS:
            try:
                answer: Any = await self._redis.xreadgroup(GROUP, consumer, {stream: "0"})
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                await self.ensure_groups()
                continue
            for _, entries in answer:
                taken += [Message(stream, _text(entry), _run_of(fields)) for entry, fields in entries if fields]
        return taken

    async def wait(self, milliseconds: int) -> None:
        """Wait for an entry newer than what ``take`` last found nothing up to, at most so long."""
        await self._redis.xread(dict(self._nothing_up_to.items()), count=1, block=milliseconds)

    async def take_idle(self, consumer: str, idle_milliseconds: int, most: int) -> list[Message]:
        """Take over entries whose consumer has not renewed them for so long, ``most`` at the most."""
        taken: list[Message] = []
        for stream in STREAMS:
            cursor = "0-0"
            while len(taken) < most:
                try:
                    answer = await self._redis.xautoclaim(
                        stream, GROUP, consumer, idle_milliseconds, start_id=cursor, count=most - len(taken)
                    )
                except ResponseError as error:
                    if "NOGROUP" not in str(error):
                        raise
                    await self.ensure_groups()
                    break
                cursor = _text(answer[0])
                # An entry that was deleted while pending has no id left on Redis 6.2.
                taken += [Message(stream, _text(e), _run_of(fields)) for e, fields in answer[1] if e is not None]
                if cursor == "0-0":
                    break
        return taken

    async def listening(self, seen_seconds: float) -> int:
        """Count the consumers of ordinary runs that looked into the queue within so many seconds."""
        return sum(idle <= seen_seconds for idle in (await self.consumers()).values())

    async def consumers(self) -> dict[str, float]:
        """Return the consumers of ordinary runs by name, and how many seconds ago each looked into the queue."""
        try:
            known = await self._redis.xinfo_consumers(stream_of(ORDINARY_PRIORITY), GROUP)
        except ResponseError:  # nobody has made the streams yet
            return {}
        return {_text(consumer["name"]): consumer["idle"] / 1000 for consumer in known}

    async def forget_deleted(self) -> None:
        """Drop pending entries whose message was deleted; Redis 6.2 keeps them for ever."""
        for stream in STREAMS:
            pending = await self._redis.xpending_range(stream, GROUP, min="-", max="+", count=1000)
            for row in pending:
                entry = row["message_id"]
                if not await self._redis.xrange(stream, min=entry, max=entry, count=1):
                    await self._redis.xack(stream, GROUP, entry)

    async def acknowledge(self, message: Message) -> None:
        """Remove an entry for good."""
        await self._acknowledge_script(keys=[message.stream], args=[GROUP, message.id])

    async def dead_letter(self, run: str, reason: str, message: Message | None) -> None:
        """Write what was given up into the stream of dead letters, and remove its entry with it."""
        async with self._redis.pipeline(transaction=True) as transaction:
            fields = {"request_id": run, "reason": reason, "at": datetime.now(UTC).isoformat()}
            transaction.xadd(DEAD_STREAM, dict(fields.items()), maxlen=_DEAD_LENGTH, approximate=True)
            if message is not None:
                transaction.xack(message.stream, GROUP, message.id)
                transaction.xdel(message.stream, message.id)
            await transaction.execute()

    async def dead_letter_count(self) -> int:
        """Return how many entries the stream of dead letters has."""
        return int(await self._redis.xlen(DEAD_STREAM))

    async def dead_letter_ids(self, run: str) -> list[str]:
        """Return the ids of the entries about a run in the stream of dead letters, the oldest first."""
        found: list[str] = []
        start = "-"
        while entries := await self._redis.xrange(DEAD_STREAM, min=start, max="+", count=1000):
            found += [_text(entry) for entry, fields in entries if _run_of(fields or {}) == run]
            start = f"({_text(entries[-1][0])}"
        return found

    async def remove_dead_letters(self, run: str) -> None:
        """Take a run out of the stream of dead letters: it is worked on again."""
        if entries := await self.dead_letter_ids(run):
            await self._redis.xdel(DEAD_STREAM, *entries)

    async def standing(self, runs: Sequence[Run]) -> set[str]:
        """Return the identifiers of those runs whose entry still stands in its stream."""
        async with self._redis.pipeline(transaction=False) as batch:
            asked = [run for run in runs if run.message_id]
            for run in asked:
                entry = run.message_id or ""
                batch.xrange(stream_of(run.priority), min=entry, max=entry, count=1)
            answers: list[Any] = await batch.execute() if asked else []
        return {run.identifier for run, answer in zip(asked, answers, strict=True) if answer}

    async def retire(self, consumer: str) -> None:
        """Remove a consumer that will not come back and has nothing pending."""
        for stream in STREAMS:
            for known in await self._redis.xinfo_consumers(stream, GROUP):
                if _text(known["name"]) == consumer and known["pending"] == 0:
                    await self._redis.xgroup_delconsumer(stream, GROUP, consumer)

    async def retire_idle(self, idle_milliseconds: int) -> None:
        """Remove consumers that have nothing pending and were not seen for so long; names would pile up for ever."""
        for stream in STREAMS:
            for known in await self._redis.xinfo_consumers(stream, GROUP):
                if known["pending"] == 0 and known["idle"] > idle_milliseconds:
                    await self._redis.xgroup_delconsumer(stream, GROUP, known["name"])


def _run_of(fields: dict[Any, Any]) -> str | None:
    try:
        return fields[b"request_id"].decode()[:64] or None
    except (KeyError, AttributeError, UnicodeDecodeError):
        return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
