"""The pages lead where they say: their links and the files they name are there, and every decision is in the list."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")  # those with a colon lead to other sites
_FILE = re.compile(r"`((?:[a-z_]+/)+[a-z_0-9]+\.py)`")
# Decisions name files as they were then, and what is gone is named where it says what changed.
_OF_TODAY = [page for page in PAGES if page.parent != DECISIONS and page.name != "CHANGELOG.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = _LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", _OF_TODAY, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_of_code_that_a_page_names_is_there(page: Path) -> None:
    named = set(_FILE.findall(page.read_text("utf-8")))
    assert {
        name for name in named if not any((base / name).is_file() for base in (ROOT, ROOT / "moments_ray"))
    } == set()


def test_every_decision_is_in_the_list() -> None:
    listed = set(_LINK.findall((DECISIONS / "README.md").read_text("utf-8")))
    assert listed == {page.name for page in DECISIONS.glob("0*.md")}


def test_the_walk_in_the_architecture_page_opens_thirty_files_with_work_of_their_own() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    walk = page[page.index("## A walk") : page.index("## The life of a run")]
    opened = re.findall(r"^(\d+)\. `((?:[a-z_]+/)+[a-z_]+\.py)`", walk, re.MULTILINE)
    assert [int(number) for number, _ in opened] == list(range(1, 31))
    assert len({file for _, file in opened}) == 30
    assert [file for _, file in opened if not has_work((ROOT / file).read_text("utf-8"))] == []


def has_work(code: str) -> bool:
    """Tell whether a module does or declares something itself: a function of some statements, or a model's fields."""
    nodes = list(ast.walk(ast.parse(code)))
    bodies = [node.body for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    fields = [node for node in nodes if isinstance(node, ast.AnnAssign)]
    return any(len(body) > 2 for body in bodies) or len(fields) > 2
