"""Ads as a product: written, spoken, filmed, put together."""

from __future__ import annotations

from moments_ray.ads.legacy_queue import take_legacy_queue
from moments_ray.ads.pipelines import PIPELINES
from moments_ray.ads.queries.references import AdReferences
from moments_ray.ads.roles import FILMER, PAINTER, SCRIPT_WRITER, SPEAKER
from moments_ray.engine.product import BodyLimit, Owned, Product, ProductApi
from moments_ray.settings import Settings


def _api() -> ProductApi:
    from moments_ray.ads.api import jobs, making, sockets  # noqa: PLC0415

    def body_limits(_: Settings) -> tuple[BodyLimit, ...]:
        return (making.BODY_LIMIT,)

    return ProductApi(
        routers=(making.router, jobs.router, sockets.router),
        tags={"ads": "Ads of half a minute: script, voice, pictures, film, and what each cost."},
        body_limits=body_limits,
    )


ADS_PRODUCT = Product(
    "ads",
    pipelines=tuple(PIPELINES.values()),
    roles=(SCRIPT_WRITER, SPEAKER, FILMER, PAINTER),
    owned=(Owned("ads/", AdReferences),),
    periodic_tasks=(take_legacy_queue,),
    api=_api,
)
