"""A child that is kept between calls: one process, killable, one a node, gone when nobody needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from moments_ray.errors import InvalidRequest, MediaError, MediaTimeout
from moments_ray.media.kept_child import KeptChild
from moments_ray.settings import MediaSettings

MODULE = "tests_kept_child_code"


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Answers its process and how often that was asked, or does what it is told."""
    (tmp_path / f"{MODULE}.py").write_text(
        """
import os, time
from moments_ray.errors import InvalidRequest
calls = 0

def work(payload, report_progress):
    global calls
    calls += 1
    report_progress(0.5)
    if payload.get("refuse"):
        raise InvalidRequest("No.", {"call": calls})
    if payload.get("die"):
        os.abort()
    time.sleep(payload.get("sleep", 0))
    return [os.getpid(), calls]
"""
    )
    monkeypatch.syspath_prepend(tmp_path)
    return f"{MODULE}:work"


def keep(function: str, tmp_path: Path, idle_seconds: float = 60.0) -> KeptChild:
    return KeptChild(
        function,
        settings=MediaSettings(kill_grace_seconds=0.3),
        memory_bytes=1 << 30,
        idle_seconds=idle_seconds,
        place=tmp_path / "run" / "place.lock",
    )


@pytest.fixture
async def child(function: str, tmp_path: Path) -> AsyncIterator[KeptChild]:
    kept = keep(function, tmp_path)
    assert kept.take_place()
    yield kept
    kept.end()


async def asked(child: KeptChild, on_progress: Callable[[float], None] | None = None) -> tuple[int, int]:
    """Return which process answered, and how often it was called so far."""
    answer = await child.call({}, timeout=60, on_progress=on_progress)
    assert isinstance(answer, list)
    return int(str(answer[0])), int(str(answer[1]))


async def gone(child: KeptChild) -> None:
    async with asyncio.timeout(60):
        while child.running:
            await asyncio.sleep(0.02)


async def test_one_process_answers_call_after_call_and_what_it_has_stays(child: KeptChild) -> None:
    seen: list[float] = []
    pid, first = await asked(child, seen.append)
    with pytest.raises(InvalidRequest) as caught:
        await child.call({"refuse": True}, timeout=60)
    assert (first, caught.value.detail) == (1, {"call": 2})
    assert await asked(child) == (pid, 3)
    assert seen == [0.5]


async def test_a_process_that_died_or_took_too_long_is_replaced_at_the_next_call(child: KeptChild) -> None:
    pid, _ = await asked(child)
    with pytest.raises(MediaError, match="SIGABRT"):
        await child.call({"die": True}, timeout=60)
    assert (await asked(child))[1] == 1
    with pytest.raises(MediaTimeout):
        await child.call({"sleep": 600}, timeout=0.5)
    assert not child.running
    again, calls = await asked(child)
    assert calls == 1
    assert again != pid


async def test_cancelling_a_call_kills_the_process(child: KeptChild) -> None:
    begun = asyncio.Event()
    call = asyncio.create_task(child.call({"sleep": 600}, timeout=600, on_progress=lambda _: begun.set()))
    async with asyncio.timeout(60):
        await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not child.running


async def test_an_idle_process_ends_and_gives_its_place_to_another(function: str, tmp_path: Path) -> None:
    kept, other = keep(function, tmp_path, idle_seconds=0.2), keep(function, tmp_path)
    assert kept.take_place()
    assert not other.take_place()
    await kept.call({}, timeout=60)
    await gone(kept)
    async with asyncio.timeout(60):
        while not other.take_place():
            await asyncio.sleep(0.02)
    other.end()
