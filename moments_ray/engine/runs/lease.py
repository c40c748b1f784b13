"""A worker's lease on a run: its stream entry, its video's lock and ``runs.heartbeat_at``, renewed together."""

from __future__ import annotations

from typing import NamedTuple

import redis.asyncio as redis

from moments_ray.database.session import Database
from moments_ray.database.tables import Run
from moments_ray.engine.environment import key_name
from moments_ray.engine.queries.claims import Claim, Claims
from moments_ray.engine.runs.queue import GROUP, Message
from moments_ray.errors import LeaseLost

# One script, because renewing what another worker took meanwhile would steal it back.
_RENEW = """
local lock = redis.call('GET', KEYS[1])
if lock and lock ~= ARGV[1] then return 'lost' end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if ARGV[4] ~= '' then
  local pending = redis.pcall('XPENDING', KEYS[2], ARGV[3], ARGV[4], ARGV[4], 1)
  if type(pending) == 'table' and not pending.err and pending[1] and pending[1][2] == ARGV[5] then
    redis.call('XCLAIM', KEYS[2], ARGV[3], ARGV[5], 0, ARGV[4], 'JUSTID')
  end
end
return 'held'
"""

_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


def lock_key(name: str) -> str:
    """Return the key of a lock by its ``key_of``."""
    return f"pipeline:{name}:lock"


def key_of(run: Run) -> str:
    """Return what stands in the names of a run's lock and cancel flag."""
    return key_name(run.subject, run.exclusive_key, run.identifier)


class LockChange(NamedTuple):
    """What is to become of a lock, beside something else: ``take``, ``release`` if it is still ours, or nothing."""

    change: str = ""
    token: str = ""
    milliseconds: int = 0


class Lease:
    """The hold of one worker on one claimed run."""

    def __init__(
        self, client: redis.Redis, claim: Claim, key: str, *, consumer: str, message: Message | None, seconds: float
    ) -> None:
        self.claim = claim
        self.message = message
        self._redis = client
        self._lock = lock_key(key)
        self._token = f"{claim.run}:{claim.attempt}"
        self._consumer = consumer
        self._milliseconds = int(seconds * 1000)

    @property
    def taking(self) -> LockChange:
        """Taking the lock from whoever holds it: the claim in PostgreSQL is ours, and nobody else's."""
        return LockChange("take", self._token, self._milliseconds)

    @property
    def releasing(self) -> LockChange:
        """Releasing the lock if it is still ours."""
        return LockChange("release", self._token)

    async def renew_in_redis(self) -> None:
        """Renew lock and entry together; what Redis lost is written again.

        Raises:
            LeaseLost: the lock is another claim's.
        """
        message = self.message
        renew = self._redis.register_script(_RENEW)
        answer = await renew(
            keys=[self._lock, message.stream if message else self._lock],
            args=[self._token, self._milliseconds, GROUP, message.id if message else "", self._consumer],
        )
        if answer == b"lost":
            raise LeaseLost(f"The lock of run {self.claim.run} is another's.")

    async def renew_in_database(self, database: Database) -> Run:
        """Renew the heartbeat and return the run as it stands.

        Raises:
            LeaseLost: another worker claimed the run, or it is finished.
        """
        async with database.begin() as session:
            run = await Claims(session).renew(self.claim)
        if run is None:
            raise LeaseLost(f"Attempt {self.claim.attempt} of run {self.claim.run} does not own it any more.")
        return run

    async def release_lock(self) -> None:
        """Release the lock if it is still ours."""
        await self._redis.register_script(_RELEASE)(keys=[self._lock], args=[self._token])
