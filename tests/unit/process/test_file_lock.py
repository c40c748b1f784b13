"""Locks between processes and between the instances of one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from moments_ray.process.file_lock import FileLock

HOLDER = """
import sys, time
from pathlib import Path
from moments_ray.process.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print(lock.try_acquire(), flush=True)
time.sleep(60)
"""


def test_readers_share_and_a_writer_is_alone(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as one, FileLock(tmp_path / "lock") as two:
        assert one.try_acquire(shared=True)
        assert two.try_acquire(shared=True)
        assert not two.try_acquire()
        one.release()
        assert two.try_acquire()
        assert not one.try_acquire(shared=True)


async def test_who_waits_gets_the_lock_when_it_is_given_back(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as one, FileLock(tmp_path / "lock") as two:
        await one.acquire()
        waiting = asyncio.create_task(two.acquire())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        one.close()
        await asyncio.wait_for(waiting, 60)


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        with FileLock(tmp_path / "lock") as lock:
            assert not lock.try_acquire(shared=True)
            holder.kill()
            holder.wait()
            assert lock.try_acquire()


def test_a_lock_knows_whether_its_file_still_has_its_name(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as lock:
        assert lock.still_named()
        (tmp_path / "lock").unlink()
        assert not lock.still_named()
        (tmp_path / "lock").touch()
        assert not lock.still_named()
