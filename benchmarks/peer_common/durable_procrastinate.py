"""procrastinate; jobs of a dead worker are taken up by the recipe of its manual."""

import asyncio
import logging
import os

from procrastinate import App, PsycopgConnector


def application() -> App:
    """Return an application on the benchmark's database."""
    logging.getLogger("procrastinate").setLevel(logging.ERROR)  # it warns of an application that is a program
    return App(connector=PsycopgConnector(conninfo=os.environ["BENCH_POSTGRES"], min_size=4, max_size=16))


async def prepare(app: App) -> None:
    """Apply its schema where it is not there."""
    if not await app.check_connection_async():
        await app.schema_manager.apply_schema_async()


async def serve(app: App, at_once: int) -> None:
    """Work for ever, and now and then take up the jobs of workers whose heartbeat is stale."""

    async def take_up() -> None:
        while True:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=15):
                await app.job_manager.retry_job(job)
            await asyncio.sleep(1)

    async with app.open_async():
        await prepare(app)
        await asyncio.gather(take_up(), app.run_worker_async(concurrency=at_once, update_heartbeat_interval=2))
