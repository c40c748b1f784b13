"""The engine's peers: programs that do eight steps, one after another."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.peer_programs import PeerPrograms

_PROGRAMS = {
    "Celery chain": "celery_chain.py",
    "DBOS workflow": "dbos_workflow.py",
    "procrastinate jobs": "procrastinate_jobs.py",
}


class Peers:
    """Runs the peers' programs."""

    names = tuple(_PROGRAMS)

    def __init__(self, database_url: str, redis_url: str, notes: Path) -> None:
        self._programs = PeerPrograms(
            *(Path(__file__).parent, _PROGRAMS, "bench-peers"),
            database_url=database_url,
            redis_url=redis_url,
            notes=notes,
        )
        self.make_databases = self._programs.make_databases

    def speed(self, name: str, runs: int, at_once: int) -> dict[str, Any]:
        """Measure one peer."""
        answer: dict[str, Any] = json.loads(self._programs.run(name, "speed", runs, at_once))
        return answer

    def begin(self, name: str, runs: int, seconds: float) -> None:
        """Hand runs in to one peer."""
        self._programs.run(name, "begin", runs, seconds)

    def serve(self, name: str) -> subprocess.Popen[str]:
        """Start one peer's worker, in a process group of its own."""
        return self._programs.serve(name)
