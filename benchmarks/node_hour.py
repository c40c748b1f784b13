"""What one node does in an hour, by stage: runs over copies of a video, from its download to clips and titles.

    python -m benchmarks.node_hour VIDEO [--runs 8]

The video is served on loopback at as many addresses as there are runs, so that each is fetched, heard and cut.
Steps of clips overlap: the seconds of one are from when the chain of all began to its own last clip.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from pathlib import Path

from sqlalchemy import text

from benchmarks.file_server import served
from benchmarks.own_home import own_home
from benchmarks.own_ray import own_ray
from benchmarks.processes import children
from moments_ray import runtime
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.actor import start_worker
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.values import Source
from moments_ray.media.probe import probe
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.values import MomentsRequest
from moments_ray.settings import DownloadSettings, Settings
from moments_ray.states import RunStatus

_PORT = 7069
_BY_STAGE = """
SELECT a.stage, avg(extract(epoch FROM a.ended_at - a.started_at))::float
FROM run_attempts a JOIN runs r ON r.id = a.run_id
WHERE a.status = 'completed' AND r.identifier = ANY(:runs) GROUP BY a.stage ORDER BY avg(a.started_at - r.started_at)
"""


async def measure(settings: Settings, video: Path, count: int) -> None:
    """Hand the runs in, wait for their ends, and print."""
    seconds = (await probe(video, settings.media)).duration
    copies = settings.home / "copies"
    copies.mkdir()
    names = [f"copy-{number}.mp4" for number in range(count + 1)]
    for name in names:
        (copies / name).symlink_to(video.resolve())
    async with runtime.services(settings) as resolved:
        environment = runtime.connect(resolved)
        with own_ray(resolved), served(copies, _PORT) as address:
            worker = start_worker(runtime.connect, resolved, runtime.open_redis, name="bench", detached=False)
            await worker.start.remote()
            await _ended(environment, await _hand_in(environment, address, names[:1]))  # warm
            began = time.monotonic()
            runs = await _hand_in(environment, address, names[1:])
            await _ended(environment, runs)
            taken = time.monotonic() - began
            async with environment.database.read() as session:
                by_stage = (await session.execute(text(_BY_STAGE), {"runs": runs})).tuples().all()
            await worker.drain.remote()
        await environment.close()
    at_once = resolved.worker.runs_at_once
    print(f"{count} videos of {seconds:.0f} s, {at_once} runs at once, {os.cpu_count()} cores: {taken:.0f} s")
    print(f"an hour: {3600 * count / taken:.0f} runs, {count * seconds / taken:.1f} hours of video")
    for name, mean in by_stage:
        print(f"  {name:24} {mean:6.1f} s a run")


async def _hand_in(environment: Environment, address: str, names: list[str]) -> list[str]:
    service, made = runtime.run_service(environment), []
    for name in names:
        url = f"{address}/{name}"
        video, _ = await get_or_create_video(environment.database.row, url)
        request = MomentsRequest(source=Source(video=video.identifier, url=url))
        made.append((await service.start(MOMENTS, request)).run.identifier)
    return made


async def _ended(environment: Environment, runs: list[str]) -> None:
    while True:
        await asyncio.sleep(1)
        async with environment.database.read() as session:
            found = [await Runs(session).get(run) for run in runs]
        ended = [run for run in found if RunStatus(run.status).finished]
        failed = [run.error for run in ended if run.status != RunStatus.COMPLETED]
        if failed:
            raise SystemExit(f"a run failed: {failed[0]}")
        if len(ended) == len(runs):
            return


def main() -> None:
    """Parse the options, measure in a home of its own, and look for processes left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--runs", type=int, default=8)
    options = parser.parse_args()
    download = DownloadSettings(allow_private_addresses=True, allowed_ports=(80, 443, _PORT))
    with own_home(download=download) as settings:
        asyncio.run(measure(settings, options.video, options.runs))
        print("processes left: " + ("; ".join(children()) or "none"))


if __name__ == "__main__":
    main()
