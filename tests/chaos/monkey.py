"""The monkey: every few seconds it kills, freezes or cuts off some part of the deployment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import redis.asyncio as redis

from moments_ray.embedded.redis import RedisServer
from tests.chaos.deployment import Deployment
from tests.ray.home import kill

_PAUSE_SECONDS = (5.0, 20.0)
_DOWN_SECONDS = (0.0, 5.0)

Mischief = Callable[[], Awaitable[bool]]


class Monkey:
    """Breaks one thing at a time, by a seed; ``done`` counts what it did by kind."""

    def __init__(self, deployment: Deployment, seed: int) -> None:
        self._deployment = deployment
        self._random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.moments: list[tuple[float, str]] = []
        self._kinds: list[tuple[str, int, Mischief]] = [
            ("worker killed", 4, self._kill_worker),
            ("worker frozen", 2, self._freeze_worker),
            ("stage killed", 4, self._kill_stage),
            ("PostgreSQL killed", 2, lambda: self._kill("postgres", "-D")),
            ("PostgreSQL cut", 2, self._cut(deployment.postgres.cut)),
            ("PostgreSQL swallowed", 1, lambda: self._for_a_while(deployment.postgres.swallow)),
            ("PostgreSQL slow", 1, lambda: self._for_a_while(lambda s: deployment.postgres.delay(0.05, s))),
            ("Redis killed", 2, lambda: self._kill("valkey-server")),
            ("Redis wiped", 1, self._wipe_redis),
            ("Redis cut", 2, self._cut(deployment.redis.cut)),
            ("Redis swallowed", 1, lambda: self._for_a_while(deployment.redis.swallow)),
            ("tunnel killed", 2, self._kill_tunnel),
            ("tunnel frozen", 1, self._freeze_tunnel),
            ("node killed", 2, self._kill_node),
            ("server and head killed", 1, self._kill_server),
        ]

    async def play(self) -> None:
        """Break things until cancelled; what is broken is mended first."""
        names = [name for name, _, _ in self._kinds]
        weights = [weight for _, weight, _ in self._kinds]
        mischief = {name: do for name, _, do in self._kinds}
        while True:
            await asyncio.sleep(self._random.uniform(*_PAUSE_SECONDS))
            (name,) = self._random.choices(names, weights)
            self.moments.append((time.time(), name))
            if await asyncio.shield(mischief[name]()):
                self.done[name] += 1

    async def _kill(self, *title: str) -> bool:
        found = self._deployment.home.named(*title)
        kill(found[:1] if title[0] == "postgres" else found)
        return bool(found)

    async def _kill_worker(self) -> bool:
        found = self._deployment.home.named("ray::WorkerActor")
        kill(self._random.sample(found, min(1, len(found))))
        return bool(found)

    async def _kill_stage(self) -> bool:
        found = [pid for pid, title in self._deployment.home.processes().items() if _is_stage(title)]
        kill(self._random.sample(found, min(1, len(found))))
        return bool(found)

    async def _freeze_worker(self) -> bool:
        found = self._deployment.home.named("ray::WorkerActor")
        if not found:
            return False
        with contextlib.suppress(ProcessLookupError):
            frozen = self._random.choice(found)
            os.kill(frozen, signal.SIGSTOP)
            await asyncio.sleep(self._random.choice([3.0, 10.0, 75.0]))  # the last outlives its leases
            os.kill(frozen, signal.SIGCONT)
        return True

    def _cut(self, cut: Callable[[], None]) -> Mischief:
        async def do() -> bool:
            cut()
            return True

        return do

    async def _for_a_while(self, trouble: Callable[[float], Awaitable[None]]) -> bool:
        await trouble(self._random.uniform(*_DOWN_SECONDS))
        return True

    async def _wipe_redis(self) -> bool:
        client = redis.Redis.from_url(RedisServer(self._deployment.home.path).url)
        try:
            await client.flushall()
        finally:
            await client.aclose()
        return True

    async def _kill_tunnel(self) -> bool:
        self._deployment.ssh.kill()
        await asyncio.sleep(self._random.uniform(*_DOWN_SECONDS))
        self._deployment.ssh.start()
        return True

    async def _freeze_tunnel(self) -> bool:
        self._deployment.ssh.freeze()
        await asyncio.sleep(self._random.uniform(*_DOWN_SECONDS))
        self._deployment.ssh.thaw()
        return True

    async def _kill_node(self) -> bool:
        await self._deployment.kill_node(self._random.uniform(*_DOWN_SECONDS))
        return True

    async def _kill_server(self) -> bool:
        await self._deployment.kill_server()
        await self._deployment.start_node()
        return True


def _is_stage(title: str) -> bool:
    return title.startswith("ray::") and ("#" in title or "Map(" in title)
