"""The product asks Redis for nothing that Redis 6.2 does not have, whatever newer one answers here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.commands import AsyncCoreCommands

ROOT = Path(__file__).parents[3]
OLDEST = (6, 2)
METHODS = {name for name in dir(AsyncCoreCommands) if not name.startswith("_")} | {"execute_command"}


@pytest.fixture(scope="module")
def since(redis_url: str) -> dict[str, tuple[int, ...]]:
    """The release in which each command, ``command|subcommand`` and ``command option`` came, as the server tells."""
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    told: dict[str, tuple[int, ...]] = {}
    client.set_response_callback("COMMAND DOCS", lambda answer: answer)
    for name, about in pairs(client.execute_command("COMMAND DOCS")):  # type: ignore[no-untyped-call]
        read(name, pairs_of(about), told)
    client.close()
    return told


def pairs(flat: list[Any] | Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return iter(flat.items()) if isinstance(flat, Mapping) else zip(flat[::2], flat[1::2], strict=True)


def pairs_of(flat: list[Any] | Mapping[str, Any]) -> dict[str, Any]:
    return dict(pairs(flat))


def read(name: str, about: dict[str, Any], told: dict[str, tuple[int, ...]]) -> None:
    told[name] = release(about["since"])
    for subcommand, inner in pairs(about.get("subcommands", [])):
        read(subcommand, pairs_of(inner), told)
    read_options(name, about.get("arguments", []), told)


def read_options(name: str, arguments: list[Any], told: dict[str, tuple[int, ...]], since: str = "1.0") -> None:
    for argument in map(pairs_of, arguments):
        came = argument.get("since", since)  # a choice tells it for all it has
        if "token" in argument:
            told[f"{name} {argument['token'].lower()}"] = release(came)
        read_options(name, argument.get("arguments", []), told, came)


def release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))[:2]


def command_of(method: str, since: Mapping[str, object]) -> str | None:
    """Name the command behind a method of the client, or None where it is no command's."""
    for name in (method, method.replace("_", "|", 1), method.replace("_", "-"), method.partition("_")[0]):
        if name in since:
            return name
    return None


def asked(source: str, since: Mapping[str, object]) -> Iterator[str]:
    """Yield commands and options that a module may send: too many rather than too few, for ``get`` is also a dict's."""
    for script_command in re.findall(r"redis\.p?call\(\s*['\"](\w+)", source):
        yield script_command.lower()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in METHODS:
            continue
        if node.func.attr == "execute_command":
            assert isinstance(node.args[0], ast.Constant), "a command must be named where it is sent"
            command: str | None = str(node.args[0].value).lower().replace(" ", "|")
        else:
            command = command_of(node.func.attr, since)
        if command is not None:
            yield command
            yield from (f"{command} {keyword.arg}" for keyword in node.keywords if f"{command} {keyword.arg}" in since)


def sources() -> dict[str, str]:
    """The modules that have to do with Redis."""
    found = {}
    for folder in ("moments_ray", "serve_app", "jobs"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text("utf-8")
            if "redis" in text.lower():
                found[str(path.relative_to(ROOT))] = text
    return found


def test_every_command_is_one_of_redis_6_2(since: dict[str, tuple[int, ...]]) -> None:
    used = {(command, path) for path, source in sources().items() for command in asked(source, since)}
    assert {command for command, _ in used} >= {"xautoclaim", "xgroup|create", "xreadgroup", "zadd", "publish", "hset"}
    assert {(command, path) for command, path in used if since[command] > OLDEST} == set()


@pytest.mark.parametrize(
    ("source", "newer"),
    [
        ("client.sintercard(1, keys)", "sintercard"),
        ("client.hexpire(key, 5, 'field')", "hexpire"),
        ("client.expire(key, 5, nx=True)", "expire nx"),
        ("client.function_load(code)", "function|load"),
        ("client.execute_command('LMPOP', 1, key, 'LEFT')", "lmpop"),
        ("SCRIPT = \"redis.call('ZMPOP', 1, KEYS[1], 'MIN')\"", "zmpop"),
    ],
)
def test_what_came_later_would_be_noticed(source: str, newer: str, since: dict[str, tuple[int, ...]]) -> None:
    assert newer in set(asked(source, since))
    assert since[newer] > OLDEST
