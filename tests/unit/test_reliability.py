"""docs/reliability.md is true of the tests it names, and its word about clocks is true of the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "reliability.md"

_ROW = re.compile(r"^\| (F\d\d) \|", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_FILE = re.compile(r"`?(tests/[\w/]+\.py)")

# Who may look at the machine's clock: for display, for names of entries, or through a clock that is passed in.
_SHOW_THE_TIME = {
    "engine/runs/live_status.py",
    "engine/runs/queue.py",
    "engine/runs/webhooks.py",
    "engine/queries/webhooks.py",
}


def named_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


def test_every_row_is_there_once_and_in_order() -> None:
    assert _ROW.findall(PAGE.read_text()) == [f"F{number:02}" for number in range(1, 71)]


def test_every_test_that_the_page_names_exists() -> None:
    page = PAGE.read_text()
    named = set(_TEST.findall(page))
    assert len(named) > 100
    missing = [f"{file}::{name}" for file, name in named if name not in named_in(REPOSITORY / file)]
    assert missing == []
    assert all((REPOSITORY / file).is_file() for file in _FILE.findall(page))


def test_every_row_names_a_test_or_says_why_not() -> None:
    for line in PAGE.read_text().splitlines():
        if _ROW.match(line):
            assert _TEST.search(line) or "| no test: " in line, line


def test_no_decision_on_a_run_depends_on_the_machines_clock() -> None:
    package = REPOSITORY / "moments_ray"
    asking = set()
    for room in ("engine",):
        for path in (package / room).rglob("*.py"):
            if asks_for_the_time(ast.parse(path.read_text())):
                asking.add(str(path.relative_to(package)))
    assert asking <= _SHOW_THE_TIME


def asks_for_the_time(tree: ast.Module) -> bool:
    """Tell whether code calls ``datetime.now``, ``datetime.utcnow`` or ``time.time``."""
    calls = {("datetime", "now"), ("datetime", "utcnow"), ("time", "time")}
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in calls
        for node in ast.walk(tree)
    )
