"""300 MB to a real `moments up` over a line that is cut in every part: they arrive whole, and memory stays flat."""

from __future__ import annotations

import asyncio
import tempfile
import warnings
from pathlib import Path

import pytest
from pydantic.warnings import PydanticDeprecatedSince20

from moments_ray.testing.media import make_video
from tests.integration.cli.living_server import LivingServer, living_server

with warnings.catch_warnings():  # Serve's own use of pydantic warns, once, when it is imported
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    from benchmarks.uploads import Line, Watch, digest, enlarge, processes, stored_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BYTES = 300 * 1024**2
MOST_GROWTH = 60  # MiB


def test_an_upload_that_is_cut_in_every_part_goes_on_and_costs_the_api_no_memory(tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    enlarge(make_video(tmp_path / "short.mp4", seconds=2), large, BYTES, b"1")
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as home, living_server(Path(home) / "h") as up:
        asyncio.run(uploaded(up, large))


async def uploaded(up: LivingServer, large: Path) -> None:
    watch = Watch(processes(next(Path("/tmp").glob(f"moments-ray-{up.process.pid}-*"))))
    line = Line(up.port, every=1)
    async with watch.looking():
        answer = await line.send(large)
    assert answer.status_code == 202, answer.text
    assert line.cuts > 30
    assert digest(stored_at(up.home, answer.json()["video"]["identifier"])) == digest(large)
    assert watch.pids.keys() == {"API", "proxy"}
    for part, before in watch.before.items():
        assert watch.most[part] - before < MOST_GROWTH, part
