"""Pipelines by name: names travel between processes, code does not."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator

from moments_ray.errors import InvalidRequest
from moments_ray.pipeline.definition import Pipeline


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
