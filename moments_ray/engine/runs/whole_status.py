"""The script of Redis that writes whole live statuses: those that are written at the same time by one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import redis.asyncio as redis
from redis.exceptions import ResponseError

from moments_ray.engine.runs.queue import GROUP
from moments_ray.process.batches import Batches

STATUS_CHANNEL = "job_status_updates"
_AFTER_THE_END = 3600
_RUN_LIFE = 24 * 3600
_HISTORY_LENGTH = 1000

# For each run the whole of its status, as its journal has it, and a change of its lock, if any. Last, so that it stays
# where the rest fails, the entry is acknowledged that notified of the run, if that is asked. ``keys`` and ``args`` are
# those of ``WholeStatus``. What goes wrong with one run is its answer; the others' are empty.
_WRITE = f"""
local function write(key, words) if #words > 0 then redis.call('HSET', key, unpack(words)) end end
local function show(keys, args)
  local status, run, history, cancel, lock, rows, other_status, stream = unpack(keys)
  local change, token, milliseconds, identifier, queued_at, finished, document, entry = unpack(args)
  if change == 'take' then redis.call('SET', lock, token, 'PX', milliseconds)
  elseif change == 'release' and redis.call('GET', lock) == token then redis.call('DEL', lock) end
  local fields, more, other, messages = unpack(cjson.decode(document))
  redis.call('DEL', status)
  write(status, fields)
  write(run, fields)
  write(run, more)
  redis.call('EXPIRE', run, {_RUN_LIFE})
  redis.call('ZADD', history, queued_at, identifier)
  redis.call('ZREMRANGEBYRANK', history, 0, {-_HISTORY_LENGTH - 1})
  if finished == '1' then
    redis.call('EXPIRE', status, {_AFTER_THE_END})
    redis.call('DEL', cancel, rows)
  end
  if #other > 0 then
    write(other_status, other)
    redis.call('EXPIRE', other_status, {_RUN_LIFE})
  end
  for _, message in ipairs(messages) do redis.call('PUBLISH', '{STATUS_CHANNEL}', message) end
  if entry ~= '' then
    redis.call('XACK', stream, '{GROUP}', entry)
    redis.call('XDEL', stream, entry)
  end
end
local answers = {{}}
for at = 0, #KEYS - 1, 8 do
  local keys, args = {{unpack(KEYS, at + 1, at + 8)}}, {{unpack(ARGV, at + 1, at + 8)}}
  local shown, trouble = pcall(show, keys, args)
  answers[#answers + 1] = shown and '' or tostring(type(trouble) == 'table' and trouble.err or trouble)
end
return answers
"""


class WholeStatus(NamedTuple):
    """What is written of one run.

    ``keys``: the status, the run, the subject's history, the cancel flag, the lock, the rows at work, the status in
    other words, the stream of its entry. ``args``: the lock's change (see ``LockChange``), its token, its milliseconds;
    the run, when it was queued, whether it is finished; one JSON document, because a client takes long over many words:
    fields of the status, more of the run, other words, messages; and the entry.
    """

    keys: tuple[str, ...]
    args: tuple[str | int | float, ...]


class WholeStatuses:
    """Writes whole live statuses."""

    def __init__(self, client: redis.Redis) -> None:
        self._script = client.register_script(_WRITE)
        self._batches: Batches[WholeStatus, None] = Batches(self._write)

    async def write(self, status: WholeStatus) -> None:
        """Write one, together with those that are written at this time.

        Raises:
            RedisError: Redis is down or full; the live status is as it was.
        """
        await self._batches.add(status)

    async def _write(self, statuses: Sequence[WholeStatus]) -> list[ResponseError | None]:
        keys = [key for status in statuses for key in status.keys]
        args = [arg for status in statuses for arg in status.args]
        return [ResponseError(answer.decode()) if answer else None for answer in await self._script(keys, args)]
