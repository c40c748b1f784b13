"""A pipeline: a tuple of stages whose wiring is proved when it is declared."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, JsonValue

from moments_ray.engine.fan_out import FanOut
from moments_ray.engine.live_words import LiveWords
from moments_ray.engine.stage import Input, Stage, signature_of
from moments_ray.errors import MomentsError, RunTimeout

Step = Stage | FanOut
Chain = tuple[FanOut, ...]
Unit = Stage | Chain  # what is tried as a whole
Named = Callable[[Any], str | None]
# Makes a request of what a stranger sends: ``(environment, body)``; without one the body is validated as it is.
Prepare = Callable[[Any, Mapping[str, JsonValue]], Awaitable[BaseModel]]
# What a pipeline gives: a type that one of its stages gives, or a function of such types.
Gives = type[BaseModel] | Callable[..., BaseModel]

_FOLDER = re.compile(r"[a-z_]+/\{subject\}")


class Pipeline:
    """Stages in order; each takes by type the request, a part of it, or what an earlier stage gave.

    Consecutive fan-outs are one chain: they stream the same items through one execution. Of a request, ``exclusive``
    gives the key that no two active runs share; ``subject`` what the run is about, which names its keys and its folder
    (by default the exclusive key, or else the run itself); ``video`` the identifier of the video it works on, whose
    reusable outputs it shares. ``folder`` is where its objects live, ``timeout_error`` what a run fails with that is
    over its deadline. ``prepare`` makes a request of what a stranger sends; ``live_words`` are those of clients that
    know other ones than ours.

    Raises:
        TypeError: a stage takes what nothing before it gives, or may be skipped and is still demanded; what the
            pipeline is to give is given by none.
    """

    def __init__(
        self,
        name: str,
        *steps: Step,
        takes: type[BaseModel],
        gives: Gives | None = None,
        exclusive: Named | None = None,
        subject: Named | None = None,
        video: Named | None = None,
        folder: str = "runs/{subject}",
        prepare: Prepare | None = None,
        timeout_error: type[MomentsError] = RunTimeout,
        live_words: LiveWords | None = None,
    ) -> None:
        self.name = name
        self.steps = steps
        self.stage_names = tuple(step.name for step in steps)  # in the order they are shown
        self.takes = takes
        self.gives = gives
        self.exclusive = exclusive
        self.video = video
        self.prepare = prepare
        self.timeout_error = timeout_error
        self.live_words = live_words
        self._subject = subject or exclusive
        self._folder = folder
        self._prove()

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r}, {' → '.join(step.name for step in self.steps)})"

    def subject(self, request: BaseModel) -> str | None:
        """Return what a run of this request is about; None for itself."""
        return self._subject(request) if self._subject else None

    def folder(self, subject: str) -> str:
        """Return where the objects of runs about a subject live, such as ``videos/{subject}``."""
        return self._folder.format(subject=subject)

    def staging(self, subject: str, run: str) -> str:
        """Return where a run puts objects that nothing points at yet; they go with its end."""
        return f"{self.folder(subject)}/staging/{run}/"

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

    def result(self, given: Mapping[type[BaseModel], BaseModel]) -> BaseModel | None:
        """Return what a run gives, from its request's parts and its stages' outputs by type; None for nothing."""
        if self.gives is None:
            return None
        if isinstance(self.gives, type):
            return given.get(self.gives)
        _, needed = signature_of(self.gives, reserved=())
        return self.gives(**{each.parameter: given.get(each.type) for each in needed})

    async def identity(self, environment: object) -> dict[str, JsonValue]:
        """Return what decides over the outputs beside the request: each stage's version, and whom it would ask."""
        return {step.name: await identity_of(step, environment) for step in self.steps}

    def _prove(self) -> None:
        if not _FOLDER.fullmatch(self._folder):
            raise TypeError(f"pipeline {self.name!r}: a folder is written NAME/{{subject}}, not {self._folder!r}")
        given: dict[type[BaseModel], bool] = dict.fromkeys(parts(self.takes), False)  # type -> may be missing
        names: set[str] = set()
        follows = False
        for step in self.steps:
            if step.name in names:
                raise TypeError(f"pipeline {self.name!r} has two stages named {step.name!r}")
            names.add(step.name)
            if isinstance(step, FanOut) and step.plan is None and not follows:
                raise TypeError(f"{self.name}.{step.name} has no plan and no fan-out before it")
            for needed in step.inputs:
                if needed.type not in given:
                    raise TypeError(
                        f"{self.name}.{step.name} takes {needed.type.__name__}, which neither the request"
                        f" ({self.takes.__name__}) nor an earlier stage gives"
                    )
                if given[needed.type] and not needed.optional:
                    raise TypeError(
                        f"{self.name}.{step.name} must take {needed.type.__name__} | None: its stage may be skipped"
                    )
            if step.gives in given:
                raise TypeError(f"{self.name}.{step.name} gives {step.gives.__name__}, which is there already")
            given[step.gives] = step.skip_when is not None
            follows = isinstance(step, FanOut)
        self._prove_gives(given)

    def _prove_gives(self, given: Mapping[type[BaseModel], bool]) -> None:
        if self.gives is None:
            return
        if isinstance(self.gives, type):
            needed: tuple[Input, ...] = (Input("result", self.gives, optional=True),)
        else:
            _, needed = signature_of(self.gives, reserved=())
        for each in needed:
            if each.type not in given:
                raise TypeError(f"pipeline {self.name!r} is to give {each.type.__name__}, which no stage of it gives")
            if given[each.type] and not each.optional:
                raise TypeError(
                    f"what {self.name!r} gives must take {each.type.__name__} | None: its stage may be skipped"
                )


async def identity_of(step: Step, environment: object) -> JsonValue:
    """Return a stage's version, and what decides in it beside its code."""
    return step.version if step.identity is None else [step.version, await step.identity(environment)]


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
