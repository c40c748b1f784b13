"""What runs of the toy pipelines leave: lines that their stages noted, and else nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path

from moments_ray.database.tables import Run
from tests.ray.conftest import Engine


def subject() -> str:
    return str(uuid.uuid4())


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def lines(notes: Path) -> Counter[str]:
    return Counter(notes.read_text().splitlines()) if notes.exists() else Counter()


async def nothing_left(engine: Engine, run: Run) -> None:
    """Nothing of the run is in Redis but history, and no scratch is on disk."""
    await engine.left_nothing(run)
    assert await engine.left(run.subject) == []
    assert not any(engine.settings.scratch.glob("*"))
