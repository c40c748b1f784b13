"""From what a model said to a checked value: nothing in its words is trusted, and one mistake may be mended.

The order: the words as they stand, then every bracketed block in them once thinking is taken out, then the same
repaired. What still does not fit is shown to the model once, with the validator's words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple, TypeVar

import json_repair
from pydantic import BaseModel, ValidationError

from moments_ray.errors import ModelOutputInvalid
from moments_ray.models.conversation import Answer, Question

T = TypeVar("T", bound=BaseModel)
Send = Callable[[Question], Awaitable[Answer]]

_LONGEST_ANSWER = 1_000_000  # characters
_LONGEST_REPAIRED = 200_000
_MOST_BLOCKS = 64
_DEEPEST = 40
_SHOWN_AGAIN = 4_000
_KEPT = 2_000
_THOUGHT = re.compile(r"<(/?)(?:think|thinking|reasoning)>", re.IGNORECASE)
_CLOSING = {"{": "}", "[": "]"}

_OBJECTION = (
    "That answer cannot be used: {reason}\n"
    "Answer once more with nothing but one JSON document in the form that was asked for: no prose, no code fence."
)


class _Block(NamedTuple):
    """A bracketed part of a text; one that is not ``closed`` goes to the text's end."""

    text: str
    closed: bool


async def ask(question: Question, expected: type[T], send: Send, context: object = None) -> T:
    """Ask, and once more if the answer cannot be used; validators of ``expected`` are given ``context``.

    Raises:
        ModelOutputInvalid: neither could be.
        ModelError: the model could not be asked, or declined.
    """
    answer = await send(question)
    try:
        return read(answer.text, expected, context)
    except ModelOutputInvalid as error:
        objection = _OBJECTION.format(reason=error)
    again = await send(question.answered_wrongly(answer.text[:_SHOWN_AGAIN], objection))
    return read(again.text, expected, context)


def read(text: str, expected: type[T], context: object = None) -> T:
    """Return the value that a model's words hold.

    Raises:
        ModelOutputInvalid: they hold none of the expected form; ``detail`` keeps the beginning of them.
    """
    objection = "it holds no JSON document."
    if len(text) > _LONGEST_ANSWER:
        raise _invalid(f"it is longer than {_LONGEST_ANSWER} characters.", text)
    for candidates in (_as_it_stands, _strict, _repaired):
        fitting: list[tuple[int, T]] = []
        for size, value in candidates(text):
            try:
                fitting.append((size, expected.model_validate(value, context=context)))
            except ValidationError as error:
                objection = _words(error)
        if fitting:  # the longest block, the last of equals: an empty [] beside the answer is none
            return max(reversed(fitting), key=lambda pair: pair[0])[1]
    raise _invalid(objection, text)


def _as_it_stands(text: str) -> Iterator[tuple[int, Any]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict | list):
        yield len(text), value


def _strict(text: str) -> Iterator[tuple[int, Any]]:
    for block in _blocks(_without_thoughts(text)):
        if block.closed:
            yield from _as_it_stands(block.text)


def _repaired(text: str) -> Iterator[tuple[int, Any]]:
    for block in _blocks(_without_thoughts(text)):
        if len(block.text) > _LONGEST_REPAIRED:
            continue
        try:
            value = json_repair.loads(block.text, skip_json_loads=True)
        except (ValueError, RecursionError):
            continue
        if not block.closed:
            value = _without_tail(value)
        if isinstance(value, dict | list):
            yield len(block.text), value


def _without_thoughts(text: str) -> str:
    """Return what was said outside of thinking; what follows an unclosed thought is one, what leads to its end too."""
    said: list[str] = []
    depth = at = 0
    for tag in _THOUGHT.finditer(text):
        if not tag.group(1):
            if depth == 0:
                said.append(text[at : tag.start()])
            depth += 1
        elif depth == 0:
            said.clear()  # servers may keep the opening tag to themselves
        else:
            depth -= 1
        at = tag.end()
    if depth == 0:
        said.append(text[at:])
    return "\n".join(said)


def _blocks(text: str) -> Iterator[_Block]:
    """Find the outermost bracketed parts of a text, in one pass; strings are JSON's."""
    awaited: list[str] = []
    start = found = 0
    in_string = escaped = False
    for at, char in enumerate(text):
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"' and awaited:
            in_string = True
        elif char in _CLOSING:
            if not awaited:
                start = at
            awaited.append(_CLOSING[char])
            if len(awaited) > _DEEPEST:
                return
        elif awaited and char == awaited[-1]:
            awaited.pop()
            if not awaited:
                yield _Block(text[start : at + 1], closed=True)
                found += 1
                if found == _MOST_BLOCKS:
                    return
    if awaited:
        yield _Block(text[start:], closed=False)


def _without_tail(value: Any) -> Any:
    """Drop the item in whose midst an answer ended: its numbers may lack digits, its text words. None is no answer."""
    if isinstance(value, list):
        return value[:-1] or None
    if isinstance(value, dict) and value:
        name, last = list(value.items())[-1]
        if isinstance(last, list) and len(last) > 1:
            return {**value, name: last[:-1]}
    return None


def _words(error: ValidationError) -> str:
    problems = [f"{'.'.join(str(part) for part in each['loc']) or 'it'}: {each['msg']}" for each in error.errors()[:5]]
    return "; ".join(problems)[:500] + "."


def _invalid(objection: str, text: str) -> ModelOutputInvalid:
    kept = "".join(char if char.isprintable() or char == "\n" else " " for char in text[:_KEPT])
    return ModelOutputInvalid(f"The model's answer does not fit: {objection}", {"answer": kept})
