"""The contract of a stage: an async function whose annotations are its wiring."""

from __future__ import annotations

import inspect
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, JsonValue

from moments_ray.pipeline.resources import Resources

SkipWhen = Callable[..., str | None]
T = TypeVar("T", bound=BaseModel)


class Value(BaseModel):
    """What stages take and give: frozen, JSON, a few kilobytes; media travels as object names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(Value):
    """One piece of a fan-out's work; ``key`` names it within the run, the same on every attempt."""

    key: str


class ItemFailure(Value):
    """An item that did not come out, with its error."""

    key: str
    code: str
    message: str
    retryable: bool = False
    detail: dict[str, JsonValue] = {}


class FanOutput(Value, Generic[T]):
    """What a fan-out gives: the outputs in the order of the plan, and what failed."""

    items: tuple[T, ...]
    failed: tuple[ItemFailure, ...] = ()


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

    def skip_reason(self, inputs: Mapping[str, BaseModel | None]) -> str | None:
        """Return why the stage has nothing to do with these inputs, or None."""
        return _skip_reason(self.skip_when, inputs)


def stage(
    name: str,
    *,
    resources: Resources | None = None,
    attempts: int = 3,
    timeout: float = 600.0,
    skip_when: SkipWhen | None = None,
    reusable: bool = False,
) -> Callable[[Callable[..., Awaitable[BaseModel]]], Stage]:
    """Declare an async function ``(ctx, *inputs) -> output`` as a stage.

    ``timeout`` is seconds a try; ``skip_when`` takes some of the stage's inputs by name and returns a reason or None;
    ``reusable`` lets a later run of the same subject with the same inputs take over the output that stands, unless its
    request says ``fresh``.

    Raises:
        TypeError: the annotations do not say what the stage takes and gives.
    """

    def declare(run: Callable[..., Awaitable[BaseModel]]) -> Stage:
        hints, inputs = _signature(run, reserved=("ctx",))
        gives = _model(hints.get("return"), f"what {run.__qualname__} returns")
        _check_predicate(skip_when, inputs)
        return Stage(name, run, inputs, gives, resources or Resources(), attempts, timeout, skip_when, reusable)

    return declare


# Two items share a core: cutting and uploading wait on disks and networks half of their time.
_HALF_A_CPU = Resources(cpus=0.5)


@dataclass(frozen=True)
class FanOut:
    """A stage over many items, streamed through one Ray Data execution with the fan-outs that follow it.

    The first of a chain has a ``plan``: ``(ctx, *inputs) -> Sequence[Item]``. The work is either ``each``:
    ``(ctx, item, [before], *inputs) -> output`` or ``each_row``: ``(ctx, items, [before], *inputs)`` giving an output
    or a MomentsError an item. ``before`` is the item's output of the preceding fan-out, None where that was skipped.
    ``row`` is how many items share a task; ``tolerate`` the largest share of failed items that still counts as done.
    """

    name: str
    gives: type[FanOutput[Any]]
    plan: Callable[..., Awaitable[Sequence[Item]]] | None = None
    each: Callable[..., Awaitable[BaseModel]] | None = None
    each_row: Callable[..., Awaitable[Sequence[Any]]] | None = None
    row: int = 1
    resources: Resources = _HALF_A_CPU
    attempts: int = 3
    timeout: float = 600.0
    tolerate: float = 0.0
    skip_when: SkipWhen | None = None

    def __post_init__(self) -> None:
        if (self.each is None) == (self.each_row is None):
            raise TypeError(f"{self.name}: give either each or each_row")
        if self.plan is not None:
            _ = self.item_type  # an unannotated plan does not import
            taken = set(inspect.signature(self.plan).parameters) & set(_ITEM_PARAMETERS) - {"ctx"}
            if taken:
                raise TypeError(f"{self.name}: {sorted(taken)} are names of the work's parameters, not of the plan's")
        _check_predicate(self.skip_when, self.inputs)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What the plan and the work take from earlier stages."""
        found = {i.parameter: i for i in _signature(self.work, reserved=_ITEM_PARAMETERS)[1]}
        if self.plan is not None:
            found |= {i.parameter: i for i in _signature(self.plan, reserved=("ctx",))[1]}
        return tuple(found.values())

    @property
    def work(self) -> Callable[..., Awaitable[Any]]:
        """The function that does the work, whichever form it has."""
        function = self.each or self.each_row
        assert function is not None  # noqa: S101 - proved in __post_init__
        return function

    @property
    def item_type(self) -> type[Item]:
        """The type of the items that the plan makes."""
        annotation = get_type_hints(self.plan).get("return") if self.plan else None
        model = _model(next(iter(get_args(annotation)), None), f"the items planned by {self.name}")
        if not issubclass(model, Item):
            raise TypeError(f"{self.name} plans {model.__name__}, which is no Item")
        return model

    @property
    def output_type(self) -> type[BaseModel]:
        """The type of one item's output."""
        annotation = self.gives.model_fields["items"].annotation
        return _model(get_args(annotation)[0], f"the items of {self.gives.__name__}")

    def skip_reason(self, inputs: Mapping[str, BaseModel | None]) -> str | None:
        """Return why the fan-out has nothing to do with these inputs, or None."""
        return _skip_reason(self.skip_when, inputs)


_ITEM_PARAMETERS = ("ctx", "item", "items", "before")


def _signature(function: Callable[..., Any], reserved: tuple[str, ...]) -> tuple[dict[str, Any], tuple[Input, ...]]:
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
        model = _model(annotation, f"parameter {parameter!r} of {function.__qualname__}")
        inputs.append(Input(parameter, model, optional))
    return hints, tuple(inputs)


def _model(annotation: Any, what: str) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    raise TypeError(f"{what} must be annotated with a model, not {annotation!r}")


def _check_predicate(skip_when: SkipWhen | None, inputs: tuple[Input, ...]) -> None:
    known = {i.parameter for i in inputs}
    wanted = set(inspect.signature(skip_when).parameters) if skip_when else set()
    if wanted - known:
        raise TypeError(f"skip_when asks for {sorted(wanted - known)}, the stage takes {sorted(known)}")


def _skip_reason(skip_when: SkipWhen | None, inputs: Mapping[str, BaseModel | None]) -> str | None:
    if skip_when is None:
        return None
    return skip_when(**{name: inputs[name] for name in inspect.signature(skip_when).parameters})
