"""The root of the errors that the product raises on purpose, and those that belong to no area."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import JsonValue


class MomentsError(Exception):
    """Something went wrong in moments_ray."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    exit_status: ClassVar[int] = 1
    http_status: int | None = None
    """In place of ``status``, where the document of a route has another one."""

    def __init__(self, message: str | None = None, detail: Mapping[str, JsonValue] | None = None) -> None:
        said = message or (type(self).__doc__ or type(self).__name__).split("\n")[0]
        # Many end in somebody else's words. Some end in lines of a log, which stay as they are.
        self.message = said if said.endswith((".", "!", "?")) or "\n" in said else f"{said}."
        self.detail = dict(detail or {})
        # Ray rebuilds an exception as cls(*args): both must be positional and in args, or they are lost.
        super().__init__(self.message, self.detail)

    def __str__(self) -> str:
        return self.message


class InputError(MomentsError):
    """The request cannot be carried out as it stands."""

    code = "input.invalid"
    status = 422
    exit_status = 2


class InvalidRequest(InputError):
    """The request is not valid."""


class NothingToDo(InvalidRequest):
    """There is nothing that this could be done with."""

    code = "input.nothing_to_do"


class NotFound(MomentsError):
    """There is no such object."""

    code = "object.not_found"
    status = 404
    exit_status = 2


class Conflict(MomentsError):
    """The object is not in a state that allows this."""

    code = "object.conflict"
    status = 409


class ObjectChanged(MomentsError):
    """Somebody changed the object meanwhile: read it again."""

    code = "object.changed"
    status = 412


def all_errors(root: type[MomentsError] = MomentsError) -> Iterator[type[MomentsError]]:
    """Walk the tree from ``root`` down, parents first."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)


def error_of_code(code: object, otherwise: type[MomentsError]) -> type[MomentsError]:
    """Return the class of the errors with a code, of two the more special; ``otherwise`` where there is none."""
    return {kind.code: kind for kind in all_errors()}.get(str(code), otherwise)
