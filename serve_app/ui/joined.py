"""Joins the modules that the first page needs into one file when a process starts, as styles are joined.

A browser asks for one file in place of some forty. A module stays what it is, a scope of its own with what it exports:

    const core_time = (() => { …; return { clock, length }; })();

Modules outside take theirs from there, so that there is one of each; only the first ones can also be imported late, by
their own addresses. This reads the two forms that our modules use,
``import { a, b } from "./c.js";`` and ``export`` before a function, class or constant, each on a line of its own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

JOINED = "first.js"

_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "([^"]+)";', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_ADDRESS = re.compile(r"(\bimport\(|\bnew URL\()([\"`])(\.{1,2}/)")


def join_modules(modules: Mapping[str, str], first: tuple[str, ...]) -> dict[str, str]:
    """Return modules by path with those that ``first`` need in one, and with imports that lead there.

    Raises:
        ValueError: a module is written in another form, or modules need each other in a circle.
    """
    order = list(_in_order(modules, first))
    joined = "\n".join(_scope(path, modules[path]) for path in order)
    names = ", ".join(_name(path) for path in order)
    sent = {path: _led(path, text, order) for path, text in modules.items() if path not in order}
    late = {path: _stand_in(path, modules[path]) for path in first}
    return {**sent, **late, JOINED: f"{joined}\nexport {{ {names} }};\n"}


def _in_order(modules: Mapping[str, str], first: tuple[str, ...]) -> Iterator[str]:
    """Yield what the first modules need, each after what it needs itself."""
    done: dict[str, bool] = {}

    def visit(path: str) -> Iterator[str]:
        if path in done:
            if not done[path]:
                raise ValueError(f"{path} is needed by what it needs itself")
            return
        done[path] = False
        for _, other in _IMPORT.findall(modules[path]):
            yield from visit(_resolved(path, other))
        done[path] = True
        yield path

    for path in first:
        yield from visit(path)


def _scope(path: str, text: str) -> str:
    """Return a module as a constant that holds what it exports."""
    exported = ", ".join(_EXPORT.findall(text))
    body = _IMPORT.sub(lambda found: f"const {{ {found[1]} }} = {_name(_resolved(path, found[2]))};", text)
    body = _EXPORT.sub("", body)
    if (other := _OTHER.search(body)) is not None:
        raise ValueError(f"{path} has a line that cannot be joined: {other[0]}")
    folder = posixpath.dirname(path)
    body = _ADDRESS.sub(lambda found: f"{found[1]}{found[2]}./{_up(folder, found[3])}", body)
    return f"const {_name(path)} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"


def _led(path: str, text: str, order: list[str]) -> str:
    """Return a module whose imports of joined ones lead to the file that they are in."""

    def led(found: re.Match[str]) -> str:
        other = _resolved(path, found[2])
        if other not in order:
            return found[0]
        return f'import {{ {_name(other)} }} from "{_to_joined(path)}"; const {{ {found[1]} }} = {_name(other)};'

    return _IMPORT.sub(led, text)


def _stand_in(path: str, text: str) -> str:
    """Return what stands at the address of a module that is joined and imported late."""
    name, exported = _name(path), ", ".join(_EXPORT.findall(text))
    return f'import {{ {name} }} from "{_to_joined(path)}";\nexport const {{ {exported} }} = {name};\n'


def _to_joined(path: str) -> str:
    relative = posixpath.relpath(JOINED, posixpath.dirname(path) or ".")
    return relative if relative.startswith(".") else f"./{relative}"


def _resolved(path: str, other: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), other))


def _up(folder: str, start: str) -> str:
    found = posixpath.normpath(posixpath.join(folder, start))
    return "" if found == "." else f"{found}/"


def _name(path: str) -> str:
    return re.sub(r"\W", "_", path.removesuffix(".js"))
