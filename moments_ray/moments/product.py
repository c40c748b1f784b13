"""Moments as a product: found, refined, cut."""

from __future__ import annotations

from moments_ray.engine.product import Product
from moments_ray.moments.pipelines import CLIPS, GENERATION, MOMENTS, REFINEMENT
from moments_ray.moments.roles import MOMENT_GENERATOR, REFINER

MOMENTS_PRODUCT = Product(
    "moments", pipelines=(MOMENTS, GENERATION, REFINEMENT, CLIPS), roles=(MOMENT_GENERATOR, REFINER)
)
