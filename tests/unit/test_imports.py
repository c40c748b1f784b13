"""Imports run one way, few modules know Ray, and importing does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The layers, the lowest first: a package imports what stands below it, and nothing beside or above.
FLOORS = (
    {"errors", "ids", "states"},
    {"process", "site_settings"},
    {"settings"},
    {"database", "storage"},
    {"engine"},
    {"media"},
    {"speech"},
    {"text"},
    {"models", "access"},
    {"http"},
    {"library"},
    {"moments"},
    {"video_jobs", "ads", "editor"},
    {"corpus"},
    {"products"},
    {"runtime"},
)
PRODUCTS = {"library", "moments", "video_jobs", "ads", "editor", "corpus"}
BESIDE = {  # not of the tower: entries, and what they are made of
    "embedded": {"errors", "settings", "process"},
    "client": {
        "errors",
        "ids",
        "states",
        "process",
        "http",
        "library",
        "moments",
        "video_jobs",
        "ads",
        "corpus",
        "editor",
    },  # their options and shapes alone
    "testing": {"errors", "ids", "states", "settings", "database", "storage", "engine", "media", "speech"},
    "demo": {"errors", "settings", "media", "speech", "testing"},
    "reference": {"errors", "settings", "products"},
}
ENTRIES = {"cli"}
MAY_IMPORT_RAY = {
    "moments_ray/engine/execute",
    "moments_ray/engine/runs/actor.py",
    "moments_ray/engine/runs/places.py",
    "moments_ray/models/gateway.py",
    "moments_ray/models/serve_client.py",
    "moments_ray/runtime",
}


def below(package: str) -> set[str]:
    """Return what a package may import."""
    if package in BESIDE:
        return BESIDE[package] | {"__version__"}
    at = next(index for index, floor in enumerate(FLOORS) if package in floor)
    allowed = {"__version__"}.union(*FLOORS[:at])
    if package == "runtime":
        allowed |= {"embedded"}
    return allowed


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


@pytest.mark.parametrize("package", sorted({*set().union(*FLOORS), *BESIDE}))
def test_a_package_imports_only_what_is_below_it(package: str) -> None:
    wrong = set()
    paths = [ROOT / f"moments_ray/{package}.py", *modules(f"moments_ray/{package}")]
    for path in (path for path in paths if path.exists()):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] in {"serve_app", "jobs"}:
                wrong.add(f"{path.relative_to(ROOT)}: {name}")
            if parts[0] == "moments_ray" and len(parts) > 1 and parts[1] not in below(package) | {package}:
                wrong.add(f"{path.relative_to(ROOT)}: {name}")
    assert wrong == set()


_OF_THE_SERVER = tuple(f"moments_ray.{name}." for name in ("http", *sorted(PRODUCTS)))


def test_the_client_knows_of_the_server_its_options_and_shapes_alone() -> None:
    of_the_server = {
        name for path in modules("moments_ray/client") for name in imported(path) if name.startswith(_OF_THE_SERVER)
    }
    stems = {name.rpartition(".")[0] for name in of_the_server if name.rpartition(".")[2][:1].isupper()}
    assert {stem for stem in stems if not stem.endswith((".options", ".schemas")) and ".schemas." not in stem} == set()


def test_every_package_has_its_floor() -> None:
    known = {*set().union(*FLOORS), *BESIDE, *ENTRIES}
    found = {
        path.stem
        for path in (ROOT / "moments_ray").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert found - {"__init__"} == known


def test_statements_stand_in_queries_alone() -> None:
    know = {
        path.relative_to(ROOT).as_posix()
        for path in modules("moments_ray", "serve_app", "jobs")
        if any(name.startswith("sqlalchemy") for name in imported(path))
    }
    outside = {path for path in know if "/queries" not in path and not path.startswith("moments_ray/database/")}
    assert outside == set()


def test_only_a_few_modules_know_ray() -> None:
    know = {
        path.relative_to(ROOT).as_posix()
        for path in modules("moments_ray", "jobs")
        if any(name == "ray" or name.startswith("ray.") for name in imported(path))
    }
    assert {path for path in know if not path.startswith(tuple(MAY_IMPORT_RAY))} == set()


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
