"""Processes as Linux shows them: whose child, how much memory, how much of a core."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """One process; ``pss`` is bytes, with shared pages divided by those who share them; ``cpu`` is seconds used."""

    pid: int
    parent: int
    command: str
    pss: int
    cpu: float


def processes() -> dict[int, Process]:
    """Return every process that can be looked at."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, StopIteration):  # gone meanwhile, or another user's
            statistics = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if not command or statistics[0] == "Z":
                continue
            rollup = (path / "smaps_rollup").read_text().splitlines()
            pss = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) * 1024
            cpu = (int(statistics[11]) + int(statistics[12])) / _TICKS
            found[int(path.name)] = Process(int(path.name), int(statistics[1]), command, pss, cpu)
    return found


def family(roots: Iterable[int], among: dict[int, Process]) -> list[Process]:
    """Return these processes and all that they, or theirs, started."""
    members = {pid for pid in roots if pid in among}
    while True:
        more = {each.pid for each in among.values() if each.parent in members} - members
        if not more:
            return [among[pid] for pid in sorted(members)]
        members |= more


def children() -> list[str]:
    """Return the command lines of processes that this one started and that still run."""
    return [each.command[:120] for each in processes().values() if each.parent == os.getpid()]
