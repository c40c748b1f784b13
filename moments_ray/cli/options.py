"""Options of commands, made of the fields of the models that REST and the client take them by."""

from __future__ import annotations

import functools
import inspect
import json
import types
from collections.abc import Callable, Container, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import typer
from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from moments_ray.errors import InvalidRequest
from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.options import checked

Command = Callable[..., None]
A = TypeVar("A", bound=RequestBody)

_BOUNDS = {"ge": "min", "le": "max"}  # typer has no word for bounds that are not allowed themselves; the model has
_NO_ALIASES: Mapping[str, str] = types.MappingProxyType({})


def takes(
    model: type[A], *, without: Container[str] = (), also: Mapping[str, str] = _NO_ALIASES
) -> Callable[[Command], Command]:
    """Give a command an option for every field of a model, and the model, checked, as its parameter ``options``.

    ``without`` are fields that the command does not offer, ``also`` further names of options, by field.
    What is not given is left to the model. Secrets are no options: other users of a machine read arguments.
    """
    fields = {name: field for name, field in model.model_fields.items() if name not in without}

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            texts = {name: given.pop(name) for name in fields}
            values = {name: _read(name, fields[name], text) for name, text in texts.items() if text is not None}
            command(**given, options=checked(model, values, shown=option_name))

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            if parameter.name == "options":
                parameters += [_parameter(name, field, also.get(name)) for name, field in fields.items()]
            else:
                parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
        with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return with_options

    return decorate


def option_name(field: str) -> str:
    """Return how a field is written on the command line."""
    return f"--{field.replace('_', '-')}"


def _parameter(name: str, field: FieldInfo, alias: str | None) -> inspect.Parameter:
    kind = _kind(field.annotation)
    flag = option_name(field.alias or name)
    if kind is bool and field.default is not False:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    names = [flag, *([alias] if alias else [])]
    metavar = None
    if get_origin(kind) is tuple:
        kind, metavar = str, "A-B"
    elif get_origin(kind) in {dict, list}:
        kind, metavar = str, "JSON"
    elif kind is AwareDatetime:
        kind, metavar = str, "TIME"
    bounds = {
        end: getattr(each, name) for each in field.metadata for name, end in _BOUNDS.items() if hasattr(each, name)
    }
    option = typer.Option(*names, help=_help(field), metavar=metavar, **bounds)
    annotation = Annotated[kind | None, option]  # type: ignore[valid-type]  # made of what the model says
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _kind(annotation: Any) -> Any:
    """Return the type that is given in arguments: of several that a field takes, the first."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return _kind(next(each for each in get_args(annotation) if each is not type(None)))
    if annotation in {bool, int, float, str, AwareDatetime} or origin in {Literal, tuple, dict, list}:
        return annotation
    raise TypeError(f"There is no option of a {annotation}.")


def _help(field: FieldInfo) -> str:
    said = field.description or ""
    if field.is_required():
        said += "; required"
    elif field.default not in (None, "") and not isinstance(field.default, bool) and not field.default_factory:
        said += f"; default {field.default}"
    return f"{said[:1].upper()}{said[1:]}."


def _read(name: str, field: FieldInfo, given: Any) -> Any:
    """Return what an argument means; raises InvalidRequest where its text means nothing."""
    origin = get_origin(_kind(field.annotation))
    if origin is tuple:
        from moments_ray.cli.ranges import read_range

        return read_range(given)
    if origin in {dict, list}:
        try:
            return json.loads(given)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"The option {option_name(name)} is not JSON: {error}.") from error
    return given
