"""Imports run one way, few modules know Ray, and importing does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LEAVES = {
    "errors",
    "ids",
    "settings",
    "states",
    "failpoint",
    "file_lock",
    "metrics",
    "reference",
    "retry_after",
    "webhook_secret",
}
GROUND = {"database", "storage", "media", "speech", "models"}
# A room, and what it may import beside itself.
ALLOWED = {
    **dict.fromkeys(GROUND, LEAVES | GROUND),
    "access": LEAVES | {"database"},
    "embedded": LEAVES,
    "observability": LEAVES,
    "client": LEAVES,
    "testing": LEAVES | {"media", "speech"},
    "moments": LEAVES | GROUND,
    "pipeline": LEAVES | {"database", "storage", "models"},
    "runs": LEAVES | {"database", "pipeline"},
    "report": LEAVES | {"speech", "moments"},
    "demo": LEAVES | {"media", "testing"},
}
MAY_IMPORT_RAY = {
    "moments_ray/pipeline/execute.py",
    "moments_ray/pipeline/fan_out.py",
    "moments_ray/runs/actor.py",
    "moments_ray/models/gateway.py",
    "moments_ray/models/serve_client.py",
    "moments_ray/observability/ray_meter.py",  # the one way out for metrics
    "moments_ray/runtime.py",
    "moments_ray/cluster.py",
}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield what a module imports, wherever in it; imports for type checkers alone do not run."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_is_below_it(room: str) -> None:
    wrong = set()
    for path in modules(f"moments_ray/{room}"):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] in {"serve_app", "jobs"}:
                wrong.add(f"{path.relative_to(ROOT)}: {name}")
            if parts[0] == "moments_ray" and len(parts) > 1 and parts[1] not in ALLOWED[room] | {room}:
                wrong.add(f"{path.relative_to(ROOT)}: {name}")
    assert wrong == set()


def test_only_a_few_modules_know_ray() -> None:
    know = {
        path.relative_to(ROOT).as_posix()
        for path in modules("moments_ray", "jobs")
        if any(name == "ray" or name.startswith("ray.") for name in imported(path))
    }
    assert know <= MAY_IMPORT_RAY


def test_importing_everything_starts_nothing_and_writes_nothing(tmp_path: Path) -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in modules("moments_ray", "serve_app", "jobs")
        if path.name not in {"__init__.py", "env.py"} and "versions" not in path.parts
    ]
    script = (
        "import importlib, os, pathlib, sys, threading\n"
        "import ray, ray.data, ray.serve\n"  # what Ray does when it is imported is not ours
        "before = (dict(os.environ), threading.active_count())\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "after = (dict(os.environ), threading.active_count())\n"
        "children = pathlib.Path(f'/proc/self/task/{os.getpid()}/children').read_text()\n"
        "assert before == after, 'importing changed the environment or started a thread'\n"
        "assert not children.strip(), children\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "MOMENTS_HOME": str(tmp_path / "moments")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (tmp_path / "moments").exists()
