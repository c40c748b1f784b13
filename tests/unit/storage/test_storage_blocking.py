"""Blocking work in threads, and what the operating system's refusals mean."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from moments_ray.errors import DiskFull, StorageError, StorageForbidden
from moments_ray.storage.blocking import file_errors, in_thread, require_free_space


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EFBIG, DiskFull),
        (errno.EACCES, StorageForbidden),
        (errno.EROFS, StorageForbidden),
        (errno.EIO, StorageError),
    ],
)
def test_failures_of_files_are_failures_of_the_store(tmp_path: Path, number: int, expected: type[StorageError]) -> None:
    with pytest.raises(StorageError) as caught, file_errors(tmp_path, 5):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is expected
    assert str(tmp_path) in str(caught.value)


def test_room_is_measured_where_the_path_will_be(tmp_path: Path) -> None:
    require_free_space(tmp_path / "not" / "there" / "yet", 1)
    with pytest.raises(DiskFull) as caught:
        require_free_space(tmp_path / "not" / "there", 2**62)
    assert caught.value.detail["needed_bytes"] == 2**62


async def test_a_cancelled_caller_waits_for_its_thread_which_may_use_what_it_closes_next() -> None:
    begun, finish, finished = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        finish.wait(10)
        finished.set()
        raise OSError("nobody waits for this any more")

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(3):  # as a server does that gives up an answer
        task.cancel()
        await asyncio.sleep(0.05)
        assert not task.done()
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert finished.is_set()
