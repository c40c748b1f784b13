"""What a caller may ask of a backfill, checked before anything is written.

Routes, the client and the command line take their options from here, so nothing heavier than pydantic is imported.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, JsonValue, model_validator

from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.options import Priority, Text, Webhook, checked, storable
from moments_ray.states import RunStatus

Mode = Literal["new", "missing", "rederive"]
SetName = Literal["current", "candidate"]
PipelineName = Literal["moments", "generation", "transcript", "import", "clips"]

IN_FLIGHT = 20
MOST_IN_FLIGHT = 1000
MOST_URLS = 100_000

InFlight = Annotated[int, Field(ge=1, le=MOST_IN_FLIGHT, description="unfinished runs at most")]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
ManifestName = Annotated[str, Field(pattern=r"^manifests/[0-9a-f]{64}/list(\.(txt|csv|parquet))$")]
Column = Annotated[Text, Field(min_length=1, max_length=200)]
Seconds = Annotated[float | None, Field(ge=0, le=1e9)]


class VideoSelection(RequestBody):
    """Which videos of the library, as its list is filtered; what is unset is not asked for."""

    q: Annotated[Text, Field(min_length=1, max_length=500)] | None = Field(None, description="in the title")
    source: Annotated[Text, Field(min_length=1, max_length=500)] | None = Field(None, description="a host, or `upload`")
    status: list[Literal["pending", "ready", "failed"]] = Field(default_factory=list, max_length=3)
    run_status: list[RunStatus] = Field(default_factory=list, max_length=6)
    has_moments: bool | None = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    min_duration: Seconds = None
    max_duration: Seconds = None


class BackfillSource(RequestBody):
    """Where the videos of a backfill are named: one of the three."""

    urls: list[Text] | None = Field(None, min_length=1, max_length=MOST_URLS)
    manifest: ManifestName | None = Field(None, description="what `POST /api/backfills/manifests` answered")
    column: Column = Field("url", description="of a manifest that is CSV or Parquet")
    videos: VideoSelection | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.urls, self.manifest, self.videos)) != 1:
            raise ValueError("give one of urls, manifest and videos")
        return self


class Budget(RequestBody):
    """What a backfill may take; when one of these is spent it pauses, and runs under way end."""

    videos: int | None = Field(None, ge=1, description="items that a run is started for")
    media_hours: float | None = Field(None, gt=0, le=1e9, description="of the videos that were worked on")
    tokens: int | None = Field(None, ge=1, le=2**53, description="of models, in and out")
    usd: float | None = Field(None, gt=0, le=1e12, description="by the prices of the registry")
    until: AwareDatetime | None = Field(
        None, description="nothing is started from then on; with a zone, as 2026-12-24T18:00:00Z"
    )


class BackfillChange(RequestBody):
    """What can be changed of a backfill; what is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"in_flight": 8, "budget": {"media_hours": 200}}]})

    in_flight: InFlight | None = None
    priority: Priority | None = None
    budget: Budget | None = Field(None, description="in place of the one it has")


class BackfillTerms(RequestBody):
    """What is done with each video of a backfill, and how fast."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {"name": "autumn talks", "source": {"urls": ["https://example.org/talk.mp4"]}, "options": {"count": 5}}
            ]
        },
    )

    name: Name | None = Field(None, description="what it is called; unset: the pipeline and the day")
    pipeline: PipelineName = Field("moments", description="what is done")
    options: Annotated[dict[str, JsonValue], AfterValidator(storable)] = Field(
        default_factory=dict, description="of each run, as the route that starts one takes them"
    )
    mode: Mode | None = Field(
        None,
        description="`new`: what the library does not have; `missing`: what has not come to this pipeline's result; "
        "`rederive`: all. Unset: `new`, and `missing` for videos of the library",
    )
    show_as: SetName = Field(
        "current", alias="as", description="`candidate`: what is found is shown once it is promoted"
    )
    in_flight: InFlight = IN_FLIGHT
    priority: Priority = 1
    webhook: Webhook | None = Field(None, description="where to send word of its end")
    dry_run: bool = Field(False, description="answer an estimate, and keep nothing")


class BackfillArguments(BackfillTerms, Budget):
    """What is asked of a backfill on one level, as the command line takes it."""

    def order(self, source: BackfillSource) -> BackfillOrder:
        """Return it as the order of a backfill.

        Raises:
            InvalidRequest: the options do not go together, or not with the source.
        """
        given = {name: getattr(self, name) for name in self.model_fields_set}
        budget = {name: given.pop(name) for name in given.keys() & Budget.model_fields.keys()}
        return checked(BackfillOrder, {**given, "source": source, "budget": Budget(**budget)})


class BackfillOrder(BackfillTerms):
    """One pipeline over many videos."""

    source: BackfillSource
    budget: Budget = Field(default_factory=Budget)

    @property
    def chosen_mode(self) -> Mode:
        """Which items are worked on."""
        return self.mode or ("new" if self.source.videos is None else "missing")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.mode == "new" and self.source.videos is not None:
            raise ValueError("videos of the library are not new: choose the mode missing or rederive")
        if self.show_as == "candidate" and self.pipeline not in {"moments", "generation"}:
            raise ValueError(f"the pipeline {self.pipeline} makes no set of moments that could be a candidate")
        return self


class RetryItems(RequestBody):
    """Which of the failed items to take up again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"codes": ["download.refused"]}]})

    codes: list[Annotated[str, Field(pattern=r"^[a-z_.]{1,100}$")]] | None = Field(
        None, min_length=1, max_length=100, description="those that failed with one of these; unset: all"
    )


class ChangeSets(RequestBody):
    """Whether to do it, or to tell what would be done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"dry_run": True}]})

    dry_run: bool = False
