"""Pipelines by name: names travel between processes, code does not."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from moments_ray.engine.live_words import LiveWords
from moments_ray.engine.pipeline import Pipeline, Step
from moments_ray.engine.product import Owned, Product
from moments_ray.errors import InvalidRequest, NoCapacity


class Registry:
    """The products and pipelines this deployment knows.

    Raises:
        TypeError: two pipelines, or two stages, have one name.
    """

    def __init__(self, pipelines: Iterable[Pipeline], products: Sequence[Product] = ()) -> None:
        self.products = tuple(products)
        self._pipelines: dict[str, Pipeline] = {}
        steps: dict[str, Step] = {}
        for pipeline in dict.fromkeys([*(p for product in products for p in product.pipelines), *pipelines]):
            if pipeline.name in self._pipelines:
                raise TypeError(f"two pipelines are named {pipeline.name!r}")
            self._pipelines[pipeline.name] = pipeline
            for step in pipeline.steps:
                if steps.setdefault(step.name, step) is not step:
                    raise TypeError(f"two stages are named {step.name!r}: a name is one stage's, in every pipeline")

    @classmethod
    def load(cls, modules: Iterable[str], products: Sequence[Product] = ()) -> Registry:
        """Register the products, and every product and pipeline that the modules hold at top level."""
        members = [member for module in modules for member in vars(importlib.import_module(module)).values()]
        more = [member for member in members if isinstance(member, Product)]
        pipelines = [member for member in members if isinstance(member, Pipeline)]
        return cls(pipelines, list({product.name: product for product in [*products, *more]}.values()))

    def __iter__(self) -> Iterator[Pipeline]:
        return iter(self._pipelines.values())

    @property
    def owned(self) -> tuple[Owned, ...]:
        """What all products own."""
        return tuple(owned for product in self.products for owned in product.owned)

    def get(self, name: str) -> Pipeline:
        """Return the pipeline of this name.

        Raises:
            InvalidRequest: there is none.
        """
        try:
            return self._pipelines[name]
        except KeyError:
            known = ", ".join(sorted(self._pipelines))
            raise InvalidRequest(f"There is no pipeline {name!r}; this deployment knows {known}") from None

    def live_words(self, name: str) -> LiveWords | None:
        """Return the words of a pipeline's clients; None of one that has none, or is known no more."""
        pipeline = self._pipelines.get(name)
        return None if pipeline is None else pipeline.live_words

    def stage_names(self, name: str) -> tuple[str, ...]:
        """Return the names of a pipeline's stages in order; none of one that is known no more."""
        pipeline = self._pipelines.get(name)
        return () if pipeline is None else pipeline.stage_names

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
            unfit = "; ".join(f"{stage} asks for {needs}" for stage, needs in missing.items())
            raise NoCapacity(f"The cluster has no node for every stage ({unfit}): give a node what cluster.yaml does.")
