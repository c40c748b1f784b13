"""The library as a product: videos as assets."""

from __future__ import annotations

from moments_ray.engine.product import Owned, Product, ProductApi
from moments_ray.library.deletion import finish_deletions
from moments_ray.library.pipelines import IMPORT, TRANSCRIPT
from moments_ray.library.queries.references import VideoReferences
from moments_ray.library.resumable import remove_expired_uploads
from moments_ray.library.roles import TRANSCRIBER


def _api() -> ProductApi:
    from moments_ray.library.api import addresses, search, transcripts, videos  # noqa: PLC0415

    return ProductApi(
        routers=(videos.router, addresses.router, transcripts.router, search.router),
        tags={
            "videos": "Videos: added by URL or upload, listed, watched, deleted.",
            "transcripts": "What is said in a video, word by word, and as captions.",
            "search": "Words in titles and in what was said.",
        },
    )


LIBRARY = Product(
    "library",
    pipelines=(IMPORT, TRANSCRIPT),
    roles=(TRANSCRIBER,),
    owned=(Owned("videos/", VideoReferences), Owned("runs/")),
    periodic_tasks=(finish_deletions, remove_expired_uploads),
    api=_api,
)
