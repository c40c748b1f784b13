"""A pipeline: a tuple of stages whose wiring is proved when it is declared."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from moments_ray.engine.fan_out import FanOut
from moments_ray.engine.stage import Stage

Step = Stage | FanOut
Chain = tuple[FanOut, ...]
Unit = Stage | Chain  # what is tried as a whole


class Pipeline:
    """Stages in order; each takes by type the request, a part of it, or what an earlier stage gave.

    Consecutive fan-outs are one chain: they stream the same items through one execution.

    Raises:
        TypeError: a stage takes what nothing before it gives, or may be skipped and is still demanded.
    """

    def __init__(self, name: str, *steps: Step, takes: type[BaseModel]) -> None:
        self.name = name
        self.steps = steps
        self.takes = takes
        self._prove()

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r}, {' → '.join(step.name for step in self.steps)})"

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The stages in the order they are shown."""
        return tuple(step.name for step in self.steps)

    def step(self, name: str) -> Step:
        """Return the stage of this name."""
        return next(step for step in self.steps if step.name == name)

    def units(self) -> Iterator[Unit]:
        """Yield what is tried as a whole: a stage, or a chain of fan-outs."""
        chain: list[FanOut] = []
        for step in self.steps:
            if isinstance(step, FanOut) and (step.plan is None or not chain):
                chain.append(step)
                continue
            if chain:
                yield tuple(chain)
                chain = []
            if isinstance(step, FanOut):
                chain.append(step)
            else:
                yield step
        if chain:
            yield tuple(chain)

    def chain_of(self, name: str) -> Chain:
        """Return the chain that begins with this fan-out."""
        return next(unit for unit in self.units() if isinstance(unit, tuple) and unit[0].name == name)

    def planner_of(self, name: str) -> FanOut:
        """Return the fan-out whose plan makes the items of this one: itself, or the first of its chain."""
        chains = (unit for unit in self.units() if isinstance(unit, tuple))
        return next(chain[0] for chain in chains if any(step.name == name for step in chain))

    def _prove(self) -> None:
        given: dict[type[BaseModel], bool] = dict.fromkeys(parts(self.takes), False)  # type -> may be missing
        names: set[str] = set()
        follows = False
        for step in self.steps:
            if step.name in names:
                raise TypeError(f"pipeline {self.name!r} has two stages named {step.name!r}")
            names.add(step.name)
            if isinstance(step, FanOut) and step.plan is None and not follows:
                raise TypeError(f"{self.name}.{step.name} has no plan and no fan-out before it")
            for wanted in step.inputs:
                if wanted.type not in given:
                    raise TypeError(
                        f"{self.name}.{step.name} takes {wanted.type.__name__}, which neither the request"
                        f" ({self.takes.__name__}) nor an earlier stage gives"
                    )
                if given[wanted.type] and not wanted.optional:
                    raise TypeError(
                        f"{self.name}.{step.name} must take {wanted.type.__name__} | None: its stage may be skipped"
                    )
            if step.gives in given:
                raise TypeError(f"{self.name}.{step.name} gives {step.gives.__name__}, which is there already")
            given[step.gives] = step.skip_when is not None
            follows = isinstance(step, FanOut)


def names_of(unit: Unit) -> list[str]:
    """Return the names of a unit's steps."""
    return [unit.name] if isinstance(unit, Stage) else [step.name for step in unit]


def parts(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a request's type and the types of its fields that are models themselves."""
    fields = [field.annotation for field in model.model_fields.values()]
    return [model, *(f for f in fields if isinstance(f, type) and issubclass(f, BaseModel))]


def values(request: BaseModel) -> dict[type[BaseModel], BaseModel]:
    """Return a request and its parts by type."""
    found: dict[type[BaseModel], BaseModel] = {type(request): request}
    for name in type(request).model_fields:
        value = getattr(request, name)
        if isinstance(value, BaseModel):
            found[type(value)] = value
    return found
