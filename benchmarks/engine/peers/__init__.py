"""The peers, each a program of its own in an environment of their own, on the PostgreSQL and Redis that ours has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

_HERE = Path(__file__).parent
_PROGRAMS = {
    "Celery chain": "celery_chain.py",
    "DBOS workflow": "dbos_workflow.py",
    "procrastinate jobs": "procrastinate_jobs.py",
}


class Peers:
    """Runs the peers' programs."""

    names = tuple(_PROGRAMS)

    def __init__(self, database_url: str, redis_url: str, notes: Path) -> None:
        self._python = _environment()
        self._database_url = database_url
        self._redis_url = redis_url
        self._notes = notes

    async def make_databases(self) -> None:
        """Make a database a peer, on the same server."""
        connection = await asyncpg.connect(self._database_url)
        try:
            for name in self.names:
                await connection.execute(f'CREATE DATABASE "{_database(name)}"')
        finally:
            await connection.close()

    def speed(self, name: str, runs: int, at_once: int) -> dict[str, Any]:
        """Measure one peer."""
        done = subprocess.run(self._command(name, "speed", str(runs), str(at_once)), **self._how(name), check=True)
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def begin(self, name: str, runs: int, seconds: float) -> None:
        """Hand runs in to one peer."""
        subprocess.run(self._command(name, "begin", str(runs), str(seconds)), **self._how(name), check=True)

    def serve(self, name: str) -> subprocess.Popen[str]:
        """Start one peer's worker, in a process group of its own; what it says of being struck is left out."""
        quiet: dict[str, Any] = {"stderr": subprocess.DEVNULL, "start_new_session": True}
        server: subprocess.Popen[str] = subprocess.Popen(self._command(name, "serve"), **self._how(name), **quiet)
        return server

    def _command(self, name: str, *words: str) -> list[str]:
        return [str(self._python), str(_HERE / _PROGRAMS[name]), *words]

    def _how(self, name: str) -> dict[str, Any]:
        url = make_url(self._database_url).set(database=_database(name)).render_as_string(hide_password=False)
        variables = {"BENCH_POSTGRES": url, "BENCH_REDIS": self._redis_url, "BENCH_NOTES": str(self._notes)}
        variables["PYTHONWARNINGS"] = "ignore"  # Celery's of being root
        return {"env": os.environ | variables, "cwd": _HERE, "stdout": subprocess.PIPE, "text": True}


def _database(name: str) -> str:
    return "bench_" + name.split(maxsplit=1)[0].lower()


def _environment() -> Path:
    """Make the peers' environment where it is not there, outside of the repository; return its interpreter."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moments_ray" / "bench-peers"
    wanted = (_HERE / "requirements.txt").read_text()
    installed = cache / "requirements.txt"
    if not installed.exists() or installed.read_text() != wanted:
        print(f"installing the peers into {cache}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", cache], check=True)
        install = [str(cache / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(_HERE / "requirements.txt")], check=True)
        installed.write_text(wanted)
    return cache / "bin" / "python"
