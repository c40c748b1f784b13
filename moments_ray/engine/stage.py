"""The contract of a stage: an async function whose annotations are its wiring."""

from __future__ import annotations

import inspect
import types
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, JsonValue

from moments_ray.engine.resources import Resources

SkipWhen = Callable[..., str | None]
# How much of a GPU it can use, by the settings (``Settings``).
GpuShare = Callable[[Any], float]
# What decides beside the code, such as the models a stage would ask now; it takes the process's ``Environment``.
Identity = Callable[[Any], Awaitable[JsonValue]]
T = TypeVar("T", bound=BaseModel)


class Value(BaseModel):
    """What stages take and give: frozen, JSON, a few kilobytes; media travels as object names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Input:
    """A parameter that is filled by type from what the pipeline has so far."""

    parameter: str
    type: type[BaseModel]
    optional: bool


@dataclass(frozen=True)
class Stage:
    """A named step; how many tries and seconds it gets can be changed by settings, what it does cannot."""

    name: str
    run: Callable[..., Awaitable[BaseModel]]
    inputs: tuple[Input, ...]
    gives: type[BaseModel]
    resources: Resources
    attempts: int
    timeout: float
    skip_when: SkipWhen | None
    reusable: bool
    version: int = 1
    identity: Identity | None = None
    gpu_share: GpuShare | None = None

    def skip_reason(self, inputs: Mapping[str, BaseModel | None]) -> str | None:
        """Return why the stage has nothing to do with these inputs, or None."""
        return skip_reason_of(self.skip_when, inputs)


def stage(
    name: str,
    *,
    resources: Resources | None = None,
    attempts: int = 3,
    timeout: float = 600.0,
    skip_when: SkipWhen | None = None,
    reusable: bool = False,
    version: int = 1,
    identity: Identity | None = None,
    gpu_share: GpuShare | None = None,
) -> Callable[[Callable[..., Awaitable[BaseModel]]], Stage]:
    """Declare an async function ``(ctx, *inputs) -> output`` as a stage.

    ``timeout`` is seconds a try; ``skip_when`` takes some of the stage's inputs by name and returns a reason or None;
    ``reusable`` lets a later run over the same video with the same inputs take over the output that stands, unless its
    request says ``force``. What another ``version``, or another ``identity``, made is not taken for the same: raise the
    version when the same inputs give something else than before, and declare an identity where a model or a recogniser
    decides. ``gpu_share`` says how much of a GPU the stage asks for as well, where a node offers one.

    Raises:
        TypeError: the annotations do not say what the stage takes and gives.
    """

    def declare(run: Callable[..., Awaitable[BaseModel]]) -> Stage:
        hints, inputs = signature_of(run, reserved=("ctx",))
        gives = model_of(hints.get("return"), f"what {run.__qualname__} returns")
        check_predicate(skip_when, inputs)
        return Stage(
            name,
            run,
            inputs,
            gives,
            resources or Resources(),
            attempts,
            timeout,
            skip_when,
            reusable,
            version,
            identity,
            gpu_share,
        )

    return declare


def signature_of(function: Callable[..., Any], reserved: tuple[str, ...]) -> tuple[dict[str, Any], tuple[Input, ...]]:
    """Return a function's annotations, and its parameters that are filled by type.

    Raises:
        TypeError: a parameter is annotated with something else than a model.
    """
    hints = get_type_hints(function)
    inputs = []
    for parameter in inspect.signature(function).parameters:
        if parameter in reserved:
            continue
        annotation = hints.get(parameter)
        optional = False
        if get_origin(annotation) in {Union, types.UnionType}:
            members = [member for member in get_args(annotation) if member is not type(None)]
            optional = len(members) < len(get_args(annotation))
            annotation = members[0] if len(members) == 1 else annotation
        model = model_of(annotation, f"parameter {parameter!r} of {function.__qualname__}")
        inputs.append(Input(parameter, model, optional))
    return hints, tuple(inputs)


def model_of(annotation: Any, what: str) -> type[BaseModel]:
    """Return an annotation that is a model.

    Raises:
        TypeError: it is none.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    raise TypeError(f"{what} must be annotated with a model, not {annotation!r}")


def check_predicate(skip_when: SkipWhen | None, inputs: tuple[Input, ...]) -> None:
    """Check that a predicate asks only for what the stage takes.

    Raises:
        TypeError: it asks for more.
    """
    known = {i.parameter for i in inputs}
    needed = set(inspect.signature(skip_when).parameters) if skip_when else set()
    if needed - known:
        raise TypeError(f"skip_when asks for {sorted(needed - known)}, the stage takes {sorted(known)}")


def skip_reason_of(skip_when: SkipWhen | None, inputs: Mapping[str, BaseModel | None]) -> str | None:
    """Return why a predicate says there is nothing to do, or None."""
    if skip_when is None:
        return None
    return skip_when(**{name: inputs[name] for name in inspect.signature(skip_when).parameters})
