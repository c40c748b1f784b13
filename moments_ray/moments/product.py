"""Moments as a product: found, refined, cut."""

from __future__ import annotations

from moments_ray.engine.product import BodyLimit, Product, ProductApi
from moments_ray.moments.editing import purge_deleted_moments
from moments_ray.moments.pipelines import CLIPS, GENERATION, MOMENTS, REFINEMENT
from moments_ray.moments.roles import MOMENT_GENERATOR, REFINER
from moments_ray.settings import Settings


def _api() -> ProductApi:
    from moments_ray.moments.api import (  # noqa: PLC0415
        adding,
        bulk,
        clips,
        downloads,
        exports,
        moments,
        options,
        pipeline,
        sets,
        statistics,
        timeline,
        uploads,
    )

    def body_limits(settings: Settings) -> tuple[BodyLimit, ...]:
        return adding.body_limit(settings.download), uploads.BODY_LIMIT

    return ProductApi(
        routers=(
            *(bulk.router, adding.router, uploads.router, exports.router, moments.router, sets.router),
            *(clips.router, downloads.router, timeline.router, options.router, pipeline.router, statistics.router),
        ),
        tags={
            "uploads": "Files of any size in parts, by tus 1.0: what broke off goes on where it was.",
            "moments": "The highlights of a video: found, edited, refined, exported.",
            "clips": "The clips of moments: cut, watched, captioned.",
            "pipeline": "The whole pipeline of a video, for those who poll its status.",
        },
        body_limits=body_limits,
    )


MOMENTS_PRODUCT = Product(
    "moments",
    pipelines=(MOMENTS, GENERATION, REFINEMENT, CLIPS),
    roles=(MOMENT_GENERATOR, REFINER),
    periodic_tasks=(purge_deleted_moments,),
    api=_api,
)
