"""Processes: whose child, how much memory, how much of a core."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

import psutil


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
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error), each.oneshot():  # gone meanwhile, or another user's
            command, used = " ".join(each.cmdline()).strip(), each.cpu_times()
            if command:
                pss = each.memory_full_info().pss
                found[each.pid] = Process(each.pid, each.ppid(), command, pss, used.user + used.system)
    return found


def family(roots: Iterable[int], among: dict[int, Process]) -> list[Process]:
    """Return these processes and all that they, or theirs, started."""
    members = {pid for pid in roots if pid in among}
    while True:
        more = {each.pid for each in among.values() if each.parent in members} - members
        if not more:
            return [among[pid] for pid in sorted(members)]
        members |= more


def cpu_seconds(word: str) -> float:
    """Return what was used so far by this process, those with a word in their command line, and all that these started.

    What ended counts once its parent knows of it.
    """
    used, parents, roots = {}, {}, {os.getpid()}
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error), each.oneshot():
            used[each.pid], parents[each.pid] = sum(each.cpu_times()[:4]), each.ppid()
            if word in " ".join(each.cmdline()):
                roots.add(each.pid)
    members = roots & used.keys()
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    return sum(used[pid] for pid in members)


def children() -> list[str]:
    """Return the command lines of processes that this one started and that still run."""
    return [each.command[:120] for each in processes().values() if each.parent == os.getpid()]
