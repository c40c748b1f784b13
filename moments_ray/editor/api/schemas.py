"""What the editor answers, under the names of its document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field, JsonValue

from moments_ray.editor.options import ProjectStatus, RenderStatus
from moments_ray.editor.timeline import Crop, TimelineChange, TimelineData
from moments_ray.http.schemas.base import RequestBody, Shape


class AssetView(Shape):
    """A video as the editor shows it: ``video`` is its identifier in the library, ``path`` what tools take.

    Signed links need no key until they expire.
    """

    id: int
    identifier: str
    video: str
    path: str
    ingest_url: str
    thumbnail_url: str | None
    ingest_signed_url: str | None = None
    thumbnail_signed_url: str | None = None
    expires_at: datetime | None = None
    duration: float | None
    resolution: str | None
    fps: float | None
    created_at: datetime
    updated_at: datetime


class ConsentView(Shape):
    """Whether who is seen in an asset agreed; ``missing`` says what a render waits for."""

    asset_id: int
    has_checkbox: bool
    document_url: str | None
    document_signed_url: str | None = None
    expires_at: datetime | None = None
    complete: bool
    missing: list[str]


class ProjectDetail(Shape):
    """A project with its timeline."""

    id: int
    identifier: str
    title: str
    status: ProjectStatus
    version: int
    asset: AssetView
    timeline: TimelineData
    consent: ConsentView
    watermark: str | None = Field(None, description="of films, unless their render says otherwise; None: none")
    created_at: datetime
    updated_at: datetime


class IngestResponse(ProjectDetail):
    """What a video became: the asset, the project, and the project's own fields beside them."""

    project: ProjectDetail
    run: str


class Analysed(ProjectDetail):
    """A project, and the run that makes a timeline of it."""

    run: str


class LastRender(Shape):
    """The newest film of a project."""

    job_id: str
    status: RenderStatus
    progress: float
    output_url: str | None
    output_signed_url: str | None = None
    expires_at: datetime | None = None


class ProjectListItem(Shape):
    """A project in a list."""

    id: int
    identifier: str
    title: str
    status: ProjectStatus
    asset_id: int
    thumbnail_url: str | None
    duration: float | None
    created_at: datetime
    updated_at: datetime
    last_render: LastRender | None


class NewProject(RequestBody):
    """A project of a video that is in the library."""

    video: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="its identifier")
    title: str | None = Field(None, max_length=200)


class SaveTimeline(RequestBody):
    """A timeline to be saved."""

    timeline: TimelineChange


class Revert(RequestBody):
    """Which timeline is to be the newest again."""

    version: int = Field(ge=1)


class VersionView(Shape):
    """A timeline that a project has or had."""

    version: int
    made_by: str
    segments: int
    created_at: datetime


class CheckboxBody(RequestBody):
    """Whether who is seen agreed."""

    accepted: bool


class RenderStarted(Shape):
    """A film on its way."""

    job_id: str
    status_url: str


class RenderStatusView(Shape):
    """Where a film stands; ``run_status`` tells failed from cancelled, ``problem`` why it did not come."""

    id: str
    timeline_version: int
    status: RenderStatus
    progress: float
    logs: list[str]
    result: str | None
    output_url: str | None
    output_signed_url: str | None = None
    expires_at: datetime | None = None
    crops: list[Crop] = Field([], description="where each segment is cut out of a wider picture, and who chose that")
    error: str | None
    run_status: str
    problem: dict[str, Any] | None = None


class MadeView(Shape):
    """What was made; without `path` it is still being made."""

    path: str | None
    url: str | None
    signed_url: str | None = Field(description="reads it without a key, until `expires_at`")
    expires_at: datetime | None
    backend: str
    cost_usd: float | None = Field(description="null: nobody has said what that model costs")
    applied: list[str]
    run: str


class TemplateView(Shape):
    """A way to make timelines."""

    name: str
    description: str


class EffectList(Shape):
    """The effects of the closed list, and those that contradict each other."""

    effects: list[str]
    contradictions: list[list[str]]


class SoundList(Shape):
    """The sound effects that are built in."""

    sfx: list[str]


class ToolBody(RequestBody):
    """A tool and what it takes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tool": "thumbnail", "args": {"path": "asset:1"}}]})

    tool: str = Field(max_length=50)
    args: dict[str, JsonValue] = Field(default_factory=dict)


class ToolAnswer(Shape):
    """What a tool found."""

    tool: str
    result: dict[str, JsonValue]
