"""The contract of a fan-out: one stage over many items, each with its own output."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, get_args, get_type_hints

from pydantic import BaseModel, Field, JsonValue

from moments_ray.engine.resources import Resources
from moments_ray.engine.stage import (
    Identity,
    Input,
    SkipWhen,
    T,
    Value,
    check_predicate,
    model_of,
    signature_of,
    skip_reason_of,
)


class Item(Value):
    """One piece of a fan-out's work; ``key`` names it within the run, the same on every attempt."""

    key: str


class ItemFailure(Value):
    """An item that did not come out, with its error."""

    key: str
    code: str
    message: str
    retryable: bool = False
    detail: dict[str, JsonValue] = Field(default_factory=dict)


class FanOutput(Value, Generic[T]):
    """What a fan-out gives: the outputs in the order of the plan, and what failed."""

    items: tuple[T, ...]
    failed: tuple[ItemFailure, ...] = ()


# Two items share a core: cutting and uploading wait on disks and networks half of their time.
_HALF_A_CPU = Resources(cpus=0.5)


@dataclass(frozen=True)
class FanOut:
    """A stage over many items, streamed through one Ray Data execution with the fan-outs that follow it.

    The first of a chain has a ``plan``: ``(ctx, *inputs) -> Sequence[Item]``. The work is either ``each``:
    ``(ctx, item, [before], *inputs) -> output`` or ``each_row``: ``(ctx, items, [before], *inputs)`` giving an output
    or a MomentsError an item. ``before`` is the item's output of the preceding fan-out, None where that was skipped.
    ``otherwise`` takes the place of ``each`` where its tries are used up: it is given the ``error`` too and gives what
    the item comes to all the same, or raises. An output with a ``problem`` (an ``ItemFailure``) counts as an error of
    the run though the item is whole. ``row`` is how many items share a task; ``tolerate`` the largest share of failed
    items that still counts as done.
    """

    name: str
    gives: type[FanOutput[Any]]
    plan: Callable[..., Awaitable[Sequence[Item]]] | None = None
    each: Callable[..., Awaitable[BaseModel]] | None = None
    each_row: Callable[..., Awaitable[Sequence[Any]]] | None = None
    otherwise: Callable[..., Awaitable[BaseModel]] | None = None
    row: int = 1
    resources: Resources = _HALF_A_CPU
    attempts: int = 3
    timeout: float = 600.0
    tolerate: float = 0.0
    skip_when: SkipWhen | None = None
    version: int = 1
    identity: Identity | None = None

    def __post_init__(self) -> None:
        if (self.each is None) == (self.each_row is None):
            raise TypeError(f"{self.name}: give either each or each_row")
        if self.otherwise is not None and self.each is None:
            raise TypeError(f"{self.name}: otherwise takes the place of each, and there is none")
        if self.plan is not None:
            _ = self.item_type  # an unannotated plan does not import
            taken = set(inspect.signature(self.plan).parameters) & set(_ITEM_PARAMETERS) - {"ctx"}
            if taken:
                raise TypeError(f"{self.name}: {sorted(taken)} are names of the work's parameters, not of the plan's")
        check_predicate(self.skip_when, self.inputs)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What the plan and the work take from earlier stages."""
        found = {i.parameter: i for i in signature_of(self.work, reserved=_ITEM_PARAMETERS)[1]}
        if self.plan is not None:
            found |= {i.parameter: i for i in signature_of(self.plan, reserved=("ctx",))[1]}
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
        model = model_of(next(iter(get_args(annotation)), None), f"the items planned by {self.name}")
        if not issubclass(model, Item):
            raise TypeError(f"{self.name} plans {model.__name__}, which is no Item")
        return model

    @property
    def output_type(self) -> type[BaseModel]:
        """The type of one item's output."""
        annotation = self.gives.model_fields["items"].annotation
        return model_of(get_args(annotation)[0], f"the items of {self.gives.__name__}")

    def skip_reason(self, inputs: Mapping[str, BaseModel | None]) -> str | None:
        """Return why the fan-out has nothing to do with these inputs, or None."""
        return skip_reason_of(self.skip_when, inputs)


_ITEM_PARAMETERS = ("ctx", "item", "items", "before")
