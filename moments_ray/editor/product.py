"""The editor as a product: timelines of videos, and films of timelines."""

from __future__ import annotations

from moments_ray.editor.lost import keep_lost_renders
from moments_ray.editor.pipelines import PIPELINES
from moments_ray.editor.queries.references import ConsentReferences, ProjectReferences
from moments_ray.editor.roles import ASSISTANT, IMAGE_MAKER, VIDEO_MAKER
from moments_ray.engine.product import BodyLimit, Owned, Product, ProductApi
from moments_ray.settings import Settings


def _api() -> ProductApi:
    from moments_ray.editor.api import (  # noqa: PLC0415
        chat,
        consent,
        exports,
        ingest,
        making,
        media,
        projects,
        render,
        timeline,
        tools,
    )

    def body_limits(settings: Settings) -> tuple[BodyLimit, ...]:
        return ingest.body_limit(settings.download), consent.BODY_LIMIT, timeline.BODY_LIMIT

    return ProductApi(
        routers=(
            *(ingest.router, timeline.router, exports.router, projects.router, render.router),
            *(consent.router, tools.router, making.router, chat.router, media.router),
        ),
        tags={
            "editor": "Videos edited by timelines: templates, captions, effects, consent, films.",
            "chat": "Conversations about an edit.",
        },
        body_limits=body_limits,
    )


EDITOR = Product(
    "editor",
    pipelines=PIPELINES,
    roles=(ASSISTANT, VIDEO_MAKER, IMAGE_MAKER),
    owned=(Owned("made/"), Owned("projects/", ProjectReferences), Owned("consent/", ConsentReferences)),
    before_deletion=keep_lost_renders,
    api=_api,
)
