"""Query and form fields that a route does not know: refused by name, or a misspelt one would be ignored."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from fastapi import Request
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.params import File, Form
from fastapi.routing import APIRoute
from pydantic import BaseModel, Json
from starlette.requests import HTTPConnection

from moments_ray.errors import InvalidRequest

_LONGEST_NAME = 80  # that is shown of one which was sent


async def refuse_unknown_fields(request: HTTPConnection) -> None:
    """Refuse query and form fields that the route of a request does not declare.

    Raises:
        InvalidRequest: naming the first of them, and what may have been meant.
    """
    route = request.scope.get("route")
    if not (isinstance(route, APIRoute) and isinstance(request, Request)):  # a WebSocket's route checks its own
        return
    declared = list(_with_dependencies(route.dependant))
    _require_known("query", request.query_params.keys(), [field for one in declared for field in one.query_params])
    body = [field for one in declared for field in one.body_params]
    if any(isinstance(field.field_info, Form | File) for field in body):
        _require_known("form", (await request.form()).keys(), body)  # was read before, for the route's parameters


def _with_dependencies(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _with_dependencies(each)


def names_of(field: ModelField) -> Iterator[str]:
    """Yield the name of a field, or those of the model's own fields where it is one that is not sent as JSON."""
    model = field.field_info.annotation
    as_json = any(isinstance(each, Json) for each in field.field_info.metadata)  # type: ignore[misc]  # it is a class
    if not as_json and inspect.isclass(model) and issubclass(model, BaseModel):
        yield from (each.alias or name for name, each in model.model_fields.items())
    else:
        yield field.alias


def names_within(annotation: Any, place: Sequence[str | int]) -> Iterator[str]:
    """Yield the names of the fields that there are at a place, such as ``("options",)``, of what is sent."""
    if not (inspect.isclass(annotation) and issubclass(annotation, BaseModel)):
        rest = place[1:] if place and isinstance(place[0], int) else place
        for each in get_args(annotation):
            yield from names_within(each, rest)
    elif place:
        for name, field in annotation.model_fields.items():
            if place[0] in {name, field.alias}:
                yield from names_within(field.annotation, place[1:])
    else:
        yield from (field.alias or name for name, field in annotation.model_fields.items())


def _require_known(where: str, given: Iterable[str], declared: Iterable[ModelField]) -> None:
    known = {name for field in declared for name in names_of(field)}
    unknown = sorted(set(given) - known)
    if not unknown:
        return
    name = unknown[0][:_LONGEST_NAME]
    meant = get_close_matches(name, known, 1)
    cure = f"did you mean {meant[0]}?" if meant else f"known are {', '.join(sorted(known))}." if known else "none is."
    raise InvalidRequest(f"There is no {where} field {name!r} here: {cure}")
