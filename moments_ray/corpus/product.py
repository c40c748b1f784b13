"""Work on whole libraries as a product: one pipeline of another product over many videos."""

from __future__ import annotations

from moments_ray.corpus.attending import attend_to_backfills
from moments_ray.corpus.manifest import FOLDER
from moments_ray.corpus.queries.references import ManifestReferences
from moments_ray.engine.product import BodyLimit, Owned, Product, ProductApi
from moments_ray.settings import Settings


def _api() -> ProductApi:
    from moments_ray.corpus.api import backfills, ledger, sets  # noqa: PLC0415

    def body_limits(_: Settings) -> tuple[BodyLimit, ...]:
        return backfills.LIMITS

    return ProductApi(
        routers=(backfills.router, ledger.router, sets.router),
        tags={"backfills": "One pipeline over many videos: estimated, paced, paused, compared, shown or taken back."},
        body_limits=body_limits,
    )


CORPUS = Product(
    "corpus",
    owned=(Owned(FOLDER, ManifestReferences),),
    periodic_tasks=(attend_to_backfills,),
    api=_api,
)
