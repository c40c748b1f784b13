"""The library as a product: videos as assets."""

from __future__ import annotations

from moments_ray.engine.product import Owned, Product
from moments_ray.library.deletion import finish_deletions
from moments_ray.library.pipelines import IMPORT, TRANSCRIPT
from moments_ray.library.queries.references import VideoReferences
from moments_ray.library.resumable import remove_expired_uploads
from moments_ray.library.roles import TRANSCRIBER

LIBRARY = Product(
    "library",
    pipelines=(IMPORT, TRANSCRIPT),
    roles=(TRANSCRIBER,),
    owned=(Owned("videos/", VideoReferences), Owned("runs/")),
    periodic_tasks=(finish_deletions, remove_expired_uploads),
)
