"""Video jobs as a product."""

from __future__ import annotations

from moments_ray.engine.product import BodyLimit, Owned, Product, ProductApi
from moments_ray.settings import Settings
from moments_ray.video_jobs.pipelines import JOB_PIPELINES


def _api() -> ProductApi:
    from moments_ray.video_jobs.api import jobs, queue, results, sockets, uploads  # noqa: PLC0415

    def body_limits(settings: Settings) -> tuple[BodyLimit, ...]:
        return uploads.body_limits(settings.download)

    return ProductApi(
        routers=(queue.router, uploads.router, results.router, jobs.router, sockets.router),
        tags={"jobs": "Jobs: one request for a video's sound, words, analysis and clips."},
        body_limits=body_limits,
    )


VIDEO_JOBS = Product("video_jobs", pipelines=tuple(JOB_PIPELINES.values()), owned=(Owned("jobs/"),), api=_api)
