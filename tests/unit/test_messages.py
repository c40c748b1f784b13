"""Errors speak in one style: a capital, a full stop, and what to do about it after a colon or a semicolon."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import jobs
import moments_ray
import serve_app
from moments_ray.errors import MomentsError, all_errors

PACKAGES = [Path(package.__path__[0]) for package in (moments_ray, serve_app, jobs)]
KINDS = {kind.__name__ for kind in all_errors()}
VALUE = "{}"  # stands for what a message is given when it is raised


def message_of(node: ast.expr) -> str | None:
    """Return a message as it is written, None where an expression makes it."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in parts)
        case ast.BinOp(left, ast.Add(), right):
            return (message_of(left) or VALUE) + (message_of(right) or VALUE)
        case _:
            return None


def messages() -> Iterator[tuple[str, str]]:
    """Yield every message that is written where an error is made, with its place."""
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(ast.Name(name) | ast.Attribute(attr=name), [first, *_]) if name in KINDS:
                        if (message := message_of(first)) is not None:
                            yield f"{path.relative_to(package.parent)}:{node.lineno}", message


def test_every_message_that_is_written_begins_with_a_capital_and_ends_with_a_full_stop() -> None:
    found = dict(messages())
    assert len(found) > 300
    small = {place: message for place, message in found.items() if message[0].islower()}
    # What ends with a value has its full stop from the error itself; a log follows its colon and a new line.
    open_ended = {
        place: message for place, message in found.items() if not message.endswith((".", "?", VALUE)) or ".." in message
    }
    assert (small, open_ended) == ({}, {})


@pytest.mark.parametrize("kind", list(all_errors()), ids=lambda kind: kind.__name__)
def test_an_error_that_is_raised_without_a_message_says_what_it_is(kind: type[MomentsError]) -> None:
    message = kind().message
    assert message[0].isupper()
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("The file cannot be read: Permission denied", "The file cannot be read: Permission denied."),
        ("The file cannot be read.", "The file cannot be read."),
        ("Did you mean url?", "Did you mean url?"),
        ("It ended. The end of its log:\nout of memory", "It ended. The end of its log:\nout of memory"),
    ],
)
def test_a_message_that_ends_in_another_s_words_ends_with_a_full_stop(given: str, said: str) -> None:
    error = MomentsError(given)
    assert error.message == said
    assert MomentsError(*error.args).message == said
