"""Programs of peers, each of its own, in an environment of their own, on the PostgreSQL and Redis that ours has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

_COMMON = Path(__file__).parent / "peer_common"  # what programs of several folders import


class PeerPrograms:
    """Runs the programs of one folder, by the names that they are shown under; ``cache`` names their environment.

    A program beside whose file is one of requirements of its own has an environment of its own.
    """

    def __init__(
        self, folder: Path, programs: Mapping[str, str], cache: str, *, database_url: str, redis_url: str, notes: Path
    ) -> None:
        self.names = tuple(programs)
        self._folder = folder
        self._programs = programs
        shared = peer_environment(folder / "requirements.txt", cache)
        self._pythons = dict.fromkeys(programs, shared)
        for name, program in programs.items():
            if (own := (folder / program).with_suffix(".txt")).exists():
                self._pythons[name] = peer_environment(own, f"{cache}-{own.stem}")
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

    def database_url(self, name: str) -> str:
        """Return where a peer's database is."""
        return make_url(self._database_url).set(database=_database(name)).render_as_string(hide_password=False)

    def run(self, name: str, *words: object) -> str:
        """Run a peer's program to its end and return the last line that it wrote."""
        done = subprocess.run(self._command(name, *words), **self._how(name), check=True)
        return str(done.stdout).splitlines()[-1] if done.stdout else ""

    def serve(self, name: str, *words: object) -> subprocess.Popen[str]:
        """Start one peer's worker, in a process group of its own; what it says of being struck is left out."""
        quiet: dict[str, Any] = {"stderr": subprocess.DEVNULL, "start_new_session": True}
        server: subprocess.Popen[str] = subprocess.Popen(
            self._command(name, "serve", *words), **self._how(name), **quiet
        )
        return server

    def _command(self, name: str, *words: object) -> list[str]:
        return [str(self._pythons[name]), str(self._folder / self._programs[name]), *map(str, words)]

    def _how(self, name: str) -> dict[str, Any]:
        variables = {"BENCH_POSTGRES": self.database_url(name), "BENCH_REDIS": self._redis_url}
        variables |= {"BENCH_NOTES": str(self._notes), "PYTHONPATH": str(_COMMON)}
        variables["PYTHONWARNINGS"] = "ignore"  # Celery's of being root
        return {"env": os.environ | variables, "cwd": self._folder, "stdout": subprocess.PIPE, "text": True}


def _database(name: str) -> str:
    return "bench_" + name.split(maxsplit=1)[0].lower()


def peer_environment(requirements: Path, name: str) -> Path:
    """Make the peers' environment where it is not there, outside of the repository; return its interpreter."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moments_ray" / name
    wanted, installed = requirements.read_text(), cache / "requirements.txt"
    if not installed.exists() or installed.read_text() != wanted:
        print(f"installing the peers into {cache}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", cache], check=True)
        install = [str(cache / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(requirements)], check=True)
        installed.write_text(wanted)
    return cache / "bin" / "python"
