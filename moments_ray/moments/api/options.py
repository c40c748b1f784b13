"""What a form for runs can offer: models that can be asked, transcribers, presets, limits and defaults."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from moments_ray.http.dependencies import Dependencies
from moments_ray.http.schemas.base import Shape
from moments_ray.library.api.starting import Library
from moments_ray.library.roles import TRANSCRIBER
from moments_ray.media.presets import PRESETS, Preset
from moments_ray.models.entry import ModelKind
from moments_ray.models.registry import choose
from moments_ray.moments.options import RunOptions
from moments_ray.moments.roles import MOMENT_GENERATOR, REFINER
from moments_ray.speech.recognisers import usable

router = APIRouter(prefix="/api/options", tags=["runs"])

_PRESETS: dict[Preset, tuple[str, int | None, int | None]] = {
    "source": ("Changes nothing: the source's own picture and sound.", None, None),
    "web": ("Plays anywhere.", None, None),
    "vertical": ("Fills a phone held upright.", 1080, 1920),
}


class ModelChoice(Shape):
    """A model that can be asked."""

    key: str
    kind: ModelKind
    supports_video: bool = Field(description="watches clips; else edges are refined by words alone")
    embedded: bool = Field(description="a part of the product, which needs no network")


class PresetChoice(Shape):
    """A way to encode clips; the size is null where it is the source's own."""

    key: Preset
    description: str
    width: int | None
    height: int | None


class RunChoices(Shape):
    """What a run can be asked for, and what it is asked for where nothing is said."""

    models: list[ModelChoice]
    transcribers: list[str]
    presets: list[PresetChoice]
    defaults: dict[Literal["generation_model", "refinement_model", "transcriber"], str | None] = Field(
        description="null: whatever can be used"
    )
    schema_: dict[str, Any] = Field(alias="schema", description="of the options, as JSON Schema: limits and defaults")
    upload_bytes: int = Field(description="of the largest file")


@router.get("")
async def read_options(dependencies: Dependencies, library: Library) -> RunChoices:
    """Return what can be asked of a run here, by whoever may start one."""
    settings = dependencies.environment.settings
    entries = await library.models.entries()
    askable = [entry for _, entry in sorted(entries.items()) if entry.configured]
    remote = [entry.key for entry in askable if entry.kind in TRANSCRIBER.kinds]
    return RunChoices(
        models=[
            ModelChoice(key=entry.key, kind=entry.kind, supports_video=entry.supports_video, embedded=entry.embedded)
            for entry in askable
        ],
        transcribers=list(dict.fromkeys(["captions", *remote, *await asyncio.to_thread(usable, settings)])),
        presets=[
            PresetChoice(key=key, description=text, width=width, height=height)
            for key, (text, width, height) in ((key, _PRESETS[key]) for key in PRESETS)
        ],
        defaults={
            "generation_model": choose(entries, None, MOMENT_GENERATOR).key,
            "refinement_model": choose(entries, None, REFINER).key,
            "transcriber": settings.speech.transcriber,
        },
        schema=RunOptions.model_json_schema(),
        upload_bytes=settings.download.max_bytes,
    )
