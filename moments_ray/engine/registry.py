"""Pipelines by name: names travel between processes, code does not."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping

from moments_ray.engine.pipeline import Pipeline
from moments_ray.errors import InvalidRequest, NoCapacity


class Registry:
    """The pipelines this deployment knows."""

    def __init__(self, pipelines: Iterable[Pipeline]) -> None:
        self._pipelines: dict[str, Pipeline] = {}
        for pipeline in pipelines:
            if pipeline.name in self._pipelines:
                raise TypeError(f"two pipelines are named {pipeline.name!r}")
            self._pipelines[pipeline.name] = pipeline

    @classmethod
    def load(cls, modules: Iterable[str]) -> Registry:
        """Import the modules and register every pipeline they hold at top level."""
        found: list[Pipeline] = []
        for module in modules:
            members = vars(importlib.import_module(module)).values()
            found += [member for member in members if isinstance(member, Pipeline) and member not in found]
        return cls(found)

    def __iter__(self) -> Iterator[Pipeline]:
        return iter(self._pipelines.values())

    def get(self, name: str) -> Pipeline:
        """Return the pipeline of this name.

        Raises:
            InvalidRequest: there is none.
        """
        try:
            return self._pipelines[name]
        except KeyError:
            known = ", ".join(sorted(self._pipelines))
            raise InvalidRequest(f"there is no pipeline {name!r}; this deployment knows {known}") from None

    def unsatisfiable(self, nodes: Iterable[Mapping[str, float]]) -> dict[str, str]:
        """Return the stages that none of these nodes can take, each with what it asks for."""
        offers = list(nodes)
        steps = {step.name: step.resources for pipeline in self for step in pipeline.steps}
        return {
            name: ", ".join(f"{what} {amount:g}" for what, amount in resources.requirements().items())
            for name, resources in steps.items()
            if not resources.fits(offers)
        }

    def require_capacity(self, nodes: Iterable[Mapping[str, float]]) -> None:
        """Refuse a cluster that cannot run every stage.

        Raises:
            NoCapacity: naming the stages and what they ask for.
        """
        if missing := self.unsatisfiable(nodes):
            told = "; ".join(f"{stage} asks for {needs}" for stage, needs in missing.items())
            raise NoCapacity(f"The cluster has no node for every stage ({told}): give a node what cluster.yaml does.")
