"""The products, each one folder."""

from __future__ import annotations

from moments_ray.ads.product import ADS_PRODUCT
from moments_ray.corpus.product import CORPUS
from moments_ray.editor.product import EDITOR
from moments_ray.engine.product import ModelRole
from moments_ray.library.product import LIBRARY
from moments_ray.moments.product import MOMENTS_PRODUCT
from moments_ray.video_jobs.product import VIDEO_JOBS

PRODUCTS = (LIBRARY, MOMENTS_PRODUCT, VIDEO_JOBS, ADS_PRODUCT, EDITOR, CORPUS)


def model_roles() -> tuple[ModelRole, ...]:
    """Return what the products ask models to be."""
    return tuple(role for product in PRODUCTS for role in product.roles)
