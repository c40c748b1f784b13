"""The code in docs/how-to is code that works: every page's blocks, taken together, import; its tests pass."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI

from moments_ray.engine.registry import Registry
from moments_ray.products import PRODUCTS

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def code_of(page: str) -> str:
    """Return the blocks of Python of a page, one after the other."""
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text("utf-8")
    blocks = [textwrap.dedent(code) for _, code in _BLOCK.findall(text)]
    assert blocks
    return "\n\n".join(blocks)


@pytest.fixture
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModuleType]:
    """Return the code of a page as a module."""
    name = f"page_{request.param.replace('-', '_')}"
    path = tmp_path / f"{name}.py"
    path.write_text(code_of(request.param), "utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]


@pytest.mark.parametrize("page", ["write-a-stage"], indirect=True)
def test_the_pipeline_of_the_page_registers_beside_those_of_the_package(page: ModuleType) -> None:
    assert Registry([page.STILL], PRODUCTS).get("still").stage_names == ("VIDEO_DOWNLOAD", "STILL")


@pytest.mark.parametrize("page", ["test-a-stage"], indirect=True)
async def test_the_tests_of_the_page_pass(page: ModuleType, tmp_path: Path) -> None:
    tests = {name: each for name, each in vars(page).items() if name.startswith("test_") and callable(each)}
    assert len(tests) == 2
    for name, each in tests.items():
        directory = tmp_path / name
        directory.mkdir()
        assert inspect.iscoroutinefunction(each)
        await each(directory)


@pytest.mark.parametrize("page", ["add-an-api-route"], indirect=True)
def test_the_routes_of_the_page_are_routes(page: ModuleType) -> None:
    app = FastAPI()
    app.include_router(page.router)
    assert set(app.openapi()["paths"]["/api/greetings"]) == {"get", "post"}


def test_the_error_of_the_page_is_one_of_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "page.py"  # in a process of its own: other tests look at the whole tree
    check = "try:\n    font_of('Comic')\nexcept InputError as error:\n    print(error.code, error.status, error)\n"
    path.write_text(f"{code_of('add-an-error')}\n\n{check}", "utf-8")
    done = subprocess.run(
        [sys.executable, path], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "font.unknown 422 There is no font 'Comic': choose Inter.\n", done.stderr


@pytest.mark.parametrize("page", ["add-a-setting"], indirect=True)
def test_the_setting_of_the_page_has_its_default(page: ModuleType) -> None:
    assert page.DownloadSettings().max_redirects == 5
