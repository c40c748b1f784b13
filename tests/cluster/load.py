"""Requests without a pause, a few at a time, until told to stop; a program for one of the machines.

    python -m tests.cluster.load URL

At SIGTERM it prints one JSON object: how many were answered with each status, what else became of others, and the
longest time that one took.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import Counter

import httpx

_AT_ONCE = 4


async def _ask(url: str, stop: asyncio.Event, counts: Counter[str], taken: list[float]) -> None:
    async with httpx.AsyncClient(timeout=120, trust_env=False) as client:
        while not stop.is_set():
            began = time.monotonic()
            try:
                answer = await client.get(url)
            except httpx.HTTPError as error:
                counts[type(error).__name__] += 1
            else:
                counts[str(answer.status_code)] += 1
            taken.append(time.monotonic() - began)


async def _main(url: str) -> None:
    stop, counts, taken = asyncio.Event(), Counter[str](), list[float]()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await asyncio.gather(*(_ask(url, stop, counts, taken) for _ in range(_AT_ONCE)))
    sys.stdout.write(json.dumps({"answers": counts, "longest": max(taken)}) + "\n")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
