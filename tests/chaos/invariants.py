"""What must hold when all is over, whatever was broken on the way; every check returns what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis
from sqlalchemy import text

from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.queue import GROUP, STREAMS
from moments_ray.library.queries.references import VideoReferences
from moments_ray.states import RunStatus


@dataclass(frozen=True)
class End:
    """What is looked at when all is over: the stores themselves, past every proxy."""

    environment: Environment
    redis: redis.Redis
    accepted: frozenset[str]

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """Read rows."""
        async with self.environment.database.read() as session:
            return [dict(row) for row in (await session.execute(text(query))).mappings()]


async def nothing_lost(end: End) -> list[str]:
    """Every accepted run is there and has a verdict."""
    runs = {row["identifier"]: row["status"] for row in await end.rows("SELECT identifier, status FROM runs")}
    lost = [f"{run} is gone" for run in end.accepted - runs.keys()]
    unaccepted = [f"{run} was made twice, or never accepted" for run in runs.keys() - end.accepted]
    return [*lost, *unaccepted, *(f"{run} is {how}" for run, how in runs.items() if not RunStatus(how).finished)]


async def one_verdict(end: End) -> list[str]:
    """Between two times that it was queued, a run ended exactly once."""
    events = await end.rows("SELECT run_id, type, data FROM run_events WHERE type LIKE 'run.%' ORDER BY run_id, seq")
    wrong, verdicts, before = [], 0, None
    for event in [*events, {"run_id": None, "type": "run.queued", "data": {}}]:
        if event["run_id"] != before or event["type"] == "run.queued":
            if before is not None and verdicts != 1:
                wrong.append(f"run {before} ended {verdicts} times")
            verdicts, before = 0, event["run_id"]
        verdicts += event["type"].removeprefix("run.") in {status.value for status in RunStatus if status.finished}
    return wrong


async def nothing_twice(end: End) -> list[str]:
    """No stage and no item of a run completed twice."""
    query = """
        SELECT run_id, type, data->>'stage' AS stage, data->>'item' AS item, count(*) AS times FROM run_events
        WHERE type IN ('stage.completed', 'item.completed') GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
    """
    return [
        f"{row['stage']} {row['item'] or ''} of run {row['run_id']} {row['times']} times"
        for row in await end.rows(query)
    ]


async def no_doubles_to_see(end: End) -> list[str]:
    """A video has each moment, and each moment each clip, once."""
    moments = (
        "SELECT video_id, start_time, count(*) FROM moments WHERE NOT is_refined GROUP BY 1, 2 HAVING count(*) > 1"
    )
    clips = "SELECT moment_id, preset, count(*) FROM clips GROUP BY 1, 2 HAVING count(*) > 1"
    return [str(row) for query in (moments, clips) for row in await end.rows(query)]


async def right_results(end: End) -> list[str]:
    """What completed has all of its items, and every try of it has an end."""
    short = """
        SELECT r.identifier FROM runs r JOIN run_stages s ON s.run_id = r.id AND s.name = 'SUM'
        WHERE r.status = 'completed' AND jsonb_array_length(s.output->'marks') <> (r.config->>'items')::int
    """
    open_tries = """
        SELECT r.identifier, a.stage FROM run_attempts a JOIN runs r ON r.id = a.run_id WHERE a.status = 'processing'
    """
    return [str(row) for query in (short, open_tries) for row in await end.rows(query)]


async def objects_are_those_of_rows(end: End) -> list[str]:
    """The store has nothing that nothing points at."""
    subjects: dict[str, list[str]] = {}
    async for one in end.environment.store.list("videos/"):
        subjects.setdefault(one.name.split("/")[1], []).append(one.name)
    wrong = []
    async with end.environment.database.read() as session:
        for subject, names in subjects.items():
            wrong += await VideoReferences(session).unreferenced(subject, names)
    return wrong


async def redis_is_clear(end: End) -> list[str]:
    """Nothing pending, no entry, no lock, no cancel flag, and no live hash that stays."""
    wrong = []
    for stream in STREAMS:
        if await end.redis.exists(stream):
            pending = await end.redis.xpending(stream, GROUP)
            if pending["pending"] or await end.redis.xlen(stream):
                wrong.append(f"{stream}: {pending['pending']} pending, {await end.redis.xlen(stream)} entries")
    async for key in end.redis.scan_iter("pipeline:*"):
        name = key.decode()
        if name.endswith((":lock", ":cancel")) or (name.endswith(":active") and await end.redis.ttl(key) < 0):
            wrong.append(name)
    return wrong


CHECKS: dict[str, Callable[[End], Awaitable[list[str]]]] = {
    "every accepted run has a verdict": nothing_lost,
    "and only one": one_verdict,
    "no stage or item completed twice": nothing_twice,
    "no moment or clip is there twice": no_doubles_to_see,
    "results are right, tries have ends": right_results,
    "objects are those that rows point at": objects_are_those_of_rows,
    "Redis holds nothing but history": redis_is_clear,
}


async def figures(end: End) -> list[tuple[str, str]]:
    """What the run came to, in numbers."""
    statuses = Counter(row["status"] for row in await end.rows("SELECT status FROM runs"))
    (claims,) = await end.rows("SELECT sum(attempt) AS claims, sum((attempt > 1)::int) AS again FROM runs")
    (tries,) = await end.rows("SELECT count(*) AS tries, sum((status <> 'completed')::int) AS failed FROM run_attempts")
    # From a dead worker's last word of a run to the next worker's first.
    takeovers = await end.rows("""
        SELECT extract(epoch FROM created_at - before)::float AS seconds FROM (
            SELECT type, data, created_at, lag(created_at) OVER (PARTITION BY run_id ORDER BY seq) AS before
            FROM run_events
        ) e WHERE type = 'run.started' AND (data->>'after_crash')::boolean
    """)
    cancels = await end.rows("""
        SELECT extract(epoch FROM completed_at - cancel_requested_at)::float AS seconds FROM runs
        WHERE status = 'cancelled' AND cancel_requested_at IS NOT NULL
    """)
    return [
        ("runs", ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))),
        ("claims", f"{claims['claims']}, of them {claims['again']} runs claimed again"),
        ("tries of stages", f"{tries['tries']}, of them {tries['failed']} did not come through"),
        ("takeover after a death", _spread([row["seconds"] for row in takeovers])),
        ("cancel to verdict", _spread([row["seconds"] for row in cancels])),
    ]


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    return f"{len(ordered)} times, median {ordered[len(ordered) // 2]:.1f} s, longest {ordered[-1]:.1f} s"
