"""What a whole library costs PostgreSQL: ledgers of backfills, and long queues of runs. No Ray is started.

    python -m benchmarks.library [--items 10000 100000] [--claims 2000] [--claimers 8]

For each size, in a database of its own: a backfill of a manifest is made and read into its ledger; pages of ledger and
lists are asked for; as many runs are queued as there are items, and claimed by so many claimers at once while ordinary
runs are handed in beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from benchmarks.own_home import own_home
from benchmarks.queue import SLEEP, Sleep
from moments_ray import runtime
from moments_ray.corpus.attending import attend_to_backfills
from moments_ray.corpus.manifest import store_manifest
from moments_ray.corpus.options import BackfillOrder, BackfillSource, Budget
from moments_ray.corpus.queries.backfills import Backfills
from moments_ray.corpus.queries.items import BackfillItems
from moments_ray.corpus.service import BackfillService
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.claims import Claims
from moments_ray.engine.queries.run_lists import RunFilter, RunLists, order_of_runs
from moments_ray.engine.queries.sweeps import Sweeps
from moments_ray.engine.runs.service import RunOrder
from moments_ray.settings import Settings
from moments_ray.states import BackfillItemStatus, BackfillStatus

_TIMES = 21
_BATCH = 5000
_NOTHING = Budget(until=datetime(2000, 1, 1, tzinfo=UTC))  # is started
# As a backfill's runs are when they wait: of low priority, each of a video of its own.
_QUEUE = text("""
    WITH made AS (
        INSERT INTO videos (identifier, canonical_source)
        SELECT gen_random_uuid()::text, 'bench:' || n
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n RETURNING id, identifier
    )
    INSERT INTO runs (identifier, pipeline, subject, exclusive_key, video_id, priority, config, config_fingerprint)
    SELECT gen_random_uuid()::text, 'moments', identifier, identifier, id, 1, '{}', md5(identifier) FROM made
""")
_WAITING = text("SELECT identifier FROM runs WHERE status = 'queued' AND priority = 1 ORDER BY id LIMIT :runs")


async def median_ms(ask: Callable[[], Awaitable[object]]) -> float:
    """Return the median of the milliseconds that a question takes, the first time left out."""
    await ask()
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def peak_mib() -> float:
    """Return the most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def ledger(environment: Environment, items: int) -> None:
    """Make a backfill of so many URLs, and ask for what pages show of it."""
    service = BackfillService(environment, runtime.run_service(environment))
    before = peak_mib()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "urls.txt"
        path.write_text("".join(f"https://example.org/talks/{n:09d}.mp4\n" for n in range(items)))
        began = time.perf_counter()
        manifest = await store_manifest(environment.store, path, ".txt")
        order = BackfillOrder(source=BackfillSource(manifest=manifest), in_flight=1, budget=_NOTHING)
        made = await service.create(order, None)
        created = time.perf_counter() - began
        while (await service.get(made.identifier)).status == BackfillStatus.ESTIMATING:
            await attend_to_backfills(environment)
        read = time.perf_counter() - began
    standing = await service.get(made.identifier)
    print(f"  backfill: answered in {created:.2f} s, {sum(standing.counts.values()):,} items in {read:.1f} s")
    print(f"  memory: at most {peak_mib() - before:.0f} MiB more than before")
    database, middle = environment.database, items // 2

    async def page(statuses: list[BackfillItemStatus], after: int) -> None:
        async with database.read() as session:
            await BackfillItems(session).page(standing.id, statuses, None, after, 50)

    async def backfills() -> None:
        async with database.read() as session:
            await Backfills(session).page([], None, 50)

    async def totals() -> None:
        async with database.begin() as session:
            await BackfillItems(session).refresh_totals(standing.id)

    print(f"  page of the ledger, first: {await median_ms(lambda: page([], 0)):.1f} ms")
    print(f"  page of the ledger, in the middle: {await median_ms(lambda: page([], middle)):.1f} ms")
    print(f"  page of pending items: {await median_ms(lambda: page([BackfillItemStatus.PENDING], middle)):.1f} ms")
    print(f"  page of failed items: {await median_ms(lambda: page([BackfillItemStatus.FAILED], 0)):.1f} ms")
    print(f"  list of backfills: {await median_ms(backfills):.1f} ms")
    print(f"  counting the ledger: {await median_ms(totals):.1f} ms")


async def queue(environment: Environment, runs: int, claims: int, claimers: int) -> None:
    """Queue so many runs, ask what sweeps and lists ask, and have some of them claimed."""
    database = environment.database
    for first in range(1, runs + 1, _BATCH):
        async with database.begin() as writing:
            await writing.execute(_QUEUE, {"first": first, "last": min(first + _BATCH - 1, runs)})
    async with database.begin() as writing:
        await writing.execute(text("ANALYZE"))

    async def unclaimed() -> None:
        async with database.read() as session:
            await Sweeps(session).unclaimed(30.0, 500)

    async def depths() -> None:
        async with database.read() as session:
            await Sweeps(session).queue_depths()

    async def newest() -> None:
        async with database.read() as session:
            await RunLists(session).page(RunFilter(), order_of_runs("newest"), None, 50)

    print(f"  sweep, what nobody took: {await median_ms(unclaimed):.1f} ms")
    print(f"  sweep, how long the queue is: {await median_ms(depths):.1f} ms")
    print(f"  list of runs: {await median_ms(newest):.1f} ms")
    async with database.read() as session:
        waiting = list(await session.scalars(_WAITING, {"runs": claims}))
    service, waits = runtime.run_service(environment), list[float]()

    async def claim(owner: str) -> None:
        while waiting:
            async with database.begin() as session:
                await Claims(session).claim(waiting.pop(), owner, 60.0)

    async def ordinary() -> None:
        for _ in range(10):
            began = time.perf_counter()
            run = (await service.start(SLEEP, Sleep(seconds=0), RunOrder(priority=5, force=True))).run
            async with database.begin() as session:
                await Claims(session).claim(run.identifier, "ordinary", 60.0)
            waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(ordinary(), *(claim(f"claimer-{n}") for n in range(claimers)))
    rate = claims / (time.perf_counter() - began)
    print(f"  claims: {rate:,.0f} a second by {claimers} claimers")
    print(
        f"  an ordinary run beside them: handed in and claimed in {statistics.median(waits) * 1000:.0f} ms, "
        f"at most {max(waits) * 1000:.0f} ms"
    )


async def measure(settings: Settings, items: int, claims: int, claimers: int) -> None:
    """Measure in a database of its own and print."""
    async with runtime.services(settings) as resolved:
        environment = runtime.connect(resolved)
        print(f"{items:,} items, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        await ledger(environment, items)
        await queue(environment, items, min(claims, items), claimers)
        await environment.close()


def main() -> None:
    """Parse the options, and measure each size in a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--claims", type=int, default=2000)
    parser.add_argument("--claimers", type=int, default=8)
    options = parser.parse_args()
    for items in options.items:
        with own_home(pipelines=("benchmarks.queue",)) as settings:
            asyncio.run(measure(settings, items, options.claims, options.claimers))


if __name__ == "__main__":
    main()
