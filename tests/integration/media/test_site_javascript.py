"""The scripts of sites run in the engine of the wheel, within its memory."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from moments_ray.errors import MediaError, MomentsError
from moments_ray.media.javascript import ADDRESS_SPACE_BYTES, data_bytes, deno_executable, deno_variables
from moments_ray.media.process import run_tool
from moments_ray.settings import MediaSettings


async def in_the_limits_of_a_site(argv: Sequence[str], directory: Path) -> str:
    engine = deno_executable()
    assert engine is not None
    limits = MediaSettings()
    ran = await run_tool(
        [*argv],
        timeout=60,
        settings=limits,
        cwd=directory,
        memory_bytes=ADDRESS_SPACE_BYTES,
        data_bytes=data_bytes(limits),
        network=True,
        variables=deno_variables(str(directory / "deno")),
    )
    return ran.stdout


async def test_yt_dlp_finds_the_engine_of_the_wheel(directory: Path) -> None:
    argv = [sys.executable, "-m", "yt_dlp", "-v", "--ignore-config", "--js-runtimes", f"deno:{deno_executable()}"]
    with pytest.raises(MediaError) as failed:
        await in_the_limits_of_a_site([*argv, "--simulate", "--ies", "youtube", "http://127.0.0.1:9/v"], directory)
    assert "JS runtimes: deno-2" in str(failed.value.detail["stderr"])


@pytest.mark.slow
async def test_a_script_that_eats_memory_ends_by_that(directory: Path) -> None:
    greedy = "const held = []; for (let n = 0; n < 60; n++) held.push(new Array(5e6).fill(n)); console.log('fed')"
    with pytest.raises(MomentsError):
        await in_the_limits_of_a_site([str(deno_executable()), "eval", "--no-config", greedy], directory)
