"""The library as a product: videos as assets."""

from __future__ import annotations

from moments_ray.engine.product import Product
from moments_ray.library.pipelines import IMPORT, TRANSCRIPT
from moments_ray.library.roles import TRANSCRIBER

LIBRARY = Product("library", pipelines=(IMPORT, TRANSCRIPT), roles=(TRANSCRIBER,))
