"""Ads as the API shows them: the fields of the document, and more."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field

from moments_ray.ads.api.examples import SCRIPT
from moments_ray.ads.options import JobStatus, StageName
from moments_ray.ads.script.styles import Template
from moments_ray.ads.script.words import Script
from moments_ray.http.schemas.base import CountedPage, RequestBody, Shape

if TYPE_CHECKING:  # the client reads answers by these shapes, and has no database
    from moments_ray.ads.status import StageState


class AdStageView(Shape):
    """A stage of an ad."""

    id: int
    job_id: str
    stage_name: StageName
    status: JobStatus
    progress: int = Field(ge=0, le=100)
    started_at: datetime | None
    completed_at: datetime | None
    stage_data: dict[str, Any] = Field(description="who did it, what it cost, what came of it")
    error_message: str | None

    @classmethod
    def of(cls, ad: str, number: int, state: StageState, data: dict[str, Any], error: str | None) -> Self:
        """Show a stage; ``number`` is its integer id."""
        return cls(
            id=number,
            job_id=ad,
            stage_name=state.name,
            status=state.status,
            progress=state.progress,
            started_at=state.started_at,
            completed_at=state.completed_at,
            stage_data=data,
            error_message=error,
        )


class AdError(Shape):
    """What an ad failed with."""

    code: str
    message: str
    retryable: bool


class FilmView(Shape):
    """One film of an ad."""

    variant: int
    video_url: str
    poster_signed_url: str | None = Field(None, description="reads its poster for a while, for whoever has it")


class SceneView(Shape):
    """One scene of one film as it was made last: who made it, and a path of this API that redirects to its picture."""

    variant: int
    scene: int
    still: bool
    backend: str
    voice_backend: str | None = Field(None, description="who speaks in it; null: it is not spoken yet")
    voice_seconds: float | None = None
    warning: str | None = None
    picture_url: str


class ReceiptView(Shape):
    """A paid call."""

    stage: str
    item: str
    model: str
    unit: str
    amount: float
    usd: float
    state: Literal["asked", "done", "failed"]


class AdView(Shape):
    """An ad."""

    id: str
    status: JobStatus
    created_at: AwareDatetime
    updated_at: AwareDatetime
    product_name: str = Field(examples=["Aurora bottle"])
    style: str
    cta_text: str = Field(examples=["Order today"])
    product_image_path: str | None = Field(description="the picture's object")
    video_url: str | None = Field(description="a path of this API that redirects to the film")
    video_signed_url: str | None = Field(None, description="reads the film until `expires_at`, for whoever has it")
    poster_signed_url: str | None = None
    expires_at: AwareDatetime | None = None
    error_message: str | None
    error: AdError | None = None
    cost_usd: float = Field(description="what was really charged, in US dollars to four decimals")
    max_cost_usd: float
    progress: int = Field(description="0 to 100")
    stop_after: StageName | None
    run_id: str | None = Field(description="its newest run, for `/api/runs`")
    warnings: list[str] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)


class AdDetail(AdView):
    """An ad with its stages, films, scenes and receipts."""

    stages: list[AdStageView]
    films: list[FilmView]
    scenes: list[SceneView]
    receipts: list[ReceiptView]
    request: dict[str, Any] = Field(description="what it is made of now")


class AdPage(CountedPage[AdView]):
    """Some ads, the newest first."""

    limit: int
    offset: int = Field(0, description="always 0: pages go by `next_cursor`")


class StylesView(Shape):
    """The styles, with their scenes."""

    styles: list[Template]


class EstimateLine(Shape):
    """What one stage takes of one model, and what that costs in US dollars; null where nobody has said."""

    stage: StageName
    model: str
    unit: str
    amount: float
    usd: float | None


class EstimateView(Shape):
    """What an ad is taken to cost before anything is paid."""

    total_usd: float | None = Field(description="null: nobody has said what a model costs")
    max_cost_usd: float
    within_limit: bool = Field(description="false where the total is not known")
    makers: dict[str, Any]
    lines: list[EstimateLine]


class ScriptsView(Shape):
    """The scripts of an ad, one a variant."""

    edited: bool = Field(description="somebody changed them since they were spoken")
    scripts: list[Script]


class EditScripts(RequestBody):
    """Scripts in place of those there are, one a variant."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"scripts": [SCRIPT]}]})

    scripts: list[Script] = Field(min_length=1, max_length=5)
