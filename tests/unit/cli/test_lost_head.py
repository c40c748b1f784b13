"""A cluster's head that is lost: said at once, waited for a while, and given up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest
import structlog

from moments_ray.cli import ray_thread
from moments_ray.cli.ray_thread import RayThread
from moments_ray.errors import RayUnavailable
from moments_ray.runtime.ray_cluster import Cluster


@contextlib.contextmanager
def listening(port: int = 0) -> Iterator[int]:
    """Answer where a head does, until the block ends; gives the port."""
    with socket.create_server(("127.0.0.1", port), reuse_port=True) as server:
        yield int(server.getsockname()[1])


async def said(logs: list[structlog.typing.EventDict], event: str) -> None:
    async with asyncio.timeout(30):
        while event not in {line["event"] for line in logs}:
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_thread, "_HEAD_POLL_SECONDS", 0.02)


async def test_a_head_that_comes_back_is_said_and_nothing_is_given_up() -> None:
    thread = RayThread()
    with structlog.testing.capture_logs() as logs, contextlib.ExitStack() as head:
        port = head.enter_context(listening())
        async with thread.joined(contextlib.nullcontext(Cluster(f"127.0.0.1:{port}"))):
            await asyncio.sleep(0.2)
            assert logs == []
            head.close()
            await said(logs, "ray.head_lost")
            head.enter_context(listening(port))
            await said(logs, "ray.head_answers_again")
            assert not thread.lost
    assert [line["event"] for line in logs] == ["ray.head_lost", "ray.head_answers_again"]


async def test_a_head_that_stays_away_is_given_up_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_thread, "_HEAD_SECONDS", 0.2)
    thread = RayThread()
    with listening() as port:
        pass  # nobody is there any more
    with structlog.testing.capture_logs() as logs:
        async with thread.joined(contextlib.nullcontext(Cluster(f"127.0.0.1:{port}"))):
            with pytest.raises(RayUnavailable, match="its head did not come back"):
                async with asyncio.timeout(30):
                    await thread.until_lost()
    assert [line["event"] for line in logs] == ["ray.head_lost"]
