"""Scripts of Redis that are executed for many runs at the same time, sent together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis.asyncio as redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

from moments_ray.process.batches import Batches


class _Call(NamedTuple):
    script: AsyncScript
    keys: Sequence[str]
    args: Sequence[Any]


class ScriptBatches:
    """Executes scripts by one round trip for all who ask at the same time, each for itself and in their order."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._batches: Batches[_Call, Any] = Batches(self._send)

    async def execute(self, script: AsyncScript, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Execute a script and return what it gives.

        Raises:
            RedisError: Redis is down or full, or the script failed.
        """
        return await self._batches.add(_Call(script, keys, args))

    async def _send(self, calls: Sequence[_Call]) -> list[Any]:
        if len(calls) == 1:
            return [await self._execute(calls[0])]
        async with self._redis.pipeline(transaction=False) as together:
            for script, keys, args in calls:
                together.evalsha(script.sha, len(keys), *keys, *args)
            answers: list[Any] = await together.execute(raise_on_error=False)
        return [
            await self._execute(call) if isinstance(answer, NoScriptError) else answer
            for call, answer in zip(calls, answers, strict=True)
        ]

    async def _execute(self, call: _Call) -> Any:
        return await call.script(keys=call.keys, args=call.args)
