"""Runs of every pipeline, one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, JsonValue

from moments_ray.http.schemas.base import Page, Shape
from moments_ray.http.schemas.options import BaseRunOptions, storable
from moments_ray.states import RunStatus, StageStatus, WebhookStatus

if TYPE_CHECKING:  # the client reads answers by these shapes, and has no database
    from moments_ray.database.tables import Run, RunAttempt, RunEvent, RunStage, WebhookDelivery
    from moments_ray.engine.queries.run_lists import VideoName


class RunError(Shape):
    """What a run failed with."""

    code: str
    message: str
    retryable: bool = False


class RunVideo(Shape):
    """The video that a run works on."""

    identifier: str
    title: str | None


class StageBrief(Shape):
    """A stage of a run."""

    name: str
    status: StageStatus
    progress: float = Field(description="0 to 1")


class RunView(Shape):
    """A run of a pipeline; ``subject`` is what it is about: a video's identifier for what is done with videos."""

    identifier: str
    pipeline: str
    subject: str
    video: RunVideo | None = Field(None, description="that it works on; in lists and in the run itself")
    stages: list[StageBrief] | None = Field(None, description="in order; with `include=stages`")
    options: dict[str, Any] = Field(
        default_factory=dict, description="what its caller asked for, in the words of the request"
    )
    status: RunStatus
    priority: int = Field(description="0 to 10, higher first")
    attempt: int = Field(description="how many times a worker took it")
    progress: float = Field(description="0 to 1")
    errors: int = Field(description="items that did not come out")
    error: RunError | None
    error_stage: str | None
    metadata: dict[str, Any] = Field(description="what its caller gave along")
    result: dict[str, Any] | None = Field(description="what its pipeline gives; null until it completed")
    application_version: str | None = Field(description="of the worker that took it last")
    cancel_requested_at: datetime | None
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, run: Run, video: VideoName | None = None, stages: list[StageBrief] | None = None) -> Self:
        """Show a row, with the video that it works on and its stages where they are known."""
        return cls(**_run_fields(run, video), stages=stages)


class RunStarted(RunView):
    """The run that a request came to."""

    reused: bool = Field(description="a run did exactly this before, and nothing was started")

    @classmethod
    def of_start(cls, run: Run, *, reused: bool) -> Self:
        """Show what a start came to."""
        return cls(**_run_fields(run), reused=reused)


class StartOptions(BaseRunOptions):
    """What can be asked of the start of any pipeline."""

    deadline_seconds: float | None = Field(
        None, gt=0, le=30 * 24 * 3600, description="seconds from its claim to its end"
    )
    tries: int | None = Field(None, ge=1, le=20, description="tries of each stage, over its own number")


class StartRun(StartOptions):
    """Which pipeline to run, and on what."""

    pipeline: str = Field(pattern=r"^[\w.-]{1,100}$", examples=["transcript"])
    request: Annotated[dict[str, JsonValue], AfterValidator(storable)] = Field(
        description="what the pipeline takes", examples=[{"source": {"url": "https://example.org/talk.mp4"}}]
    )


class TryView(Shape):
    """One try of a stage."""

    number: int
    attempt: int = Field(description="the claim it was made under")
    node: str | None
    status: StageStatus
    error_code: str | None
    error: str | None
    input_tokens: int = Field(description="that models were given, as their servers counted them")
    output_tokens: int = Field(description="that they answered")
    usd: float = Field(description="what that cost by the prices of the registry")
    started_at: datetime
    ended_at: datetime | None


class StageView(Shape):
    """A stage of a run, with every try of it."""

    name: str
    status: StageStatus
    progress: float
    started_at: datetime | None
    completed_at: datetime | None
    seconds: float | None
    tries: list[TryView]


class DeliveryView(Shape):
    """A message that tells of an end of the run, and how its delivery stands."""

    identifier: str = Field(description="the message's `webhook-id`")
    type: str = Field(examples=["run.completed"])
    url: str
    status: WebhookStatus = Field(description="`disabled`: its address answered 410, and is sent no more")
    attempts: int
    next_attempt_at: datetime | None = Field(description="while it is pending")
    ended_at: datetime | None
    response_status: int | None = Field(description="of the last answer")
    error: str | None = Field(description="why the last try, unless one is under way, did not deliver it")
    created_at: datetime


class WebhookView(Shape):
    """Where a run tells of its end, and what it told so far: a run that is retried ends more than once."""

    url: str
    deliveries: list[DeliveryView]


class RunDetail(RunView):
    """A run with what it was asked, and its stages in order."""

    request: dict[str, Any]
    deadline_at: datetime | None

    stages: list[StageView]  # type: ignore[assignment]  # each says more
    input_tokens: int = Field(description="of all tries, as what follows")
    output_tokens: int
    usd: float
    webhook: WebhookView | None = Field(description="null where nobody asked for one")

    @classmethod
    def of_journal(
        cls,
        run: Run,
        names: Sequence[str],
        stages: Mapping[str, RunStage],
        tries: Sequence[RunAttempt],
        deliveries: Sequence[WebhookDelivery],
        *,
        video: VideoName | None = None,
        live: Mapping[str, float] = MappingProxyType({}),
    ) -> Self:
        """Show a run and its journal; stages that have not begun are pending, ``live`` is how far others are."""
        return cls(
            **_run_fields(run, video),
            request=run.config,
            deadline_at=run.deadline_at,
            stages=[_stage(name, stages.get(name), tries, live.get(name, 0.0)) for name in names],
            input_tokens=sum(one.input_tokens for one in tries),
            output_tokens=sum(one.output_tokens for one in tries),
            usd=float(sum(one.usd for one in tries)),
            webhook=_webhook(run.webhook_url, deliveries),
        )


class EventView(Shape):
    """Something that happened in a run; ``seq`` counts from 1 without gaps."""

    seq: int
    type: str = Field(examples=["stage.completed"])
    data: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, event: RunEvent) -> Self:
        """Show a row."""
        return cls(seq=event.seq, type=event.type, data=event.data, created_at=event.created_at)


class EventPage(Page[EventView]):
    """Events in order; with ``next_cursor`` as ``after`` come those that follow, and those still to happen.

    It is null once the run is finished and its last event was shown.
    """


class HistoryEntry(Shape):
    """A finished run of a video as pollers of old know it."""

    request_id: str
    pipeline: str
    status: str = Field(description="`completed`, `failed` or `cancelled`")
    errors: int
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    error_stage: str | None

    @classmethod
    def of(cls, run: Run) -> Self:
        """Show a row."""
        seconds = (run.completed_at - run.started_at).total_seconds() if run.completed_at and run.started_at else None
        return cls(
            request_id=run.identifier,
            pipeline=run.pipeline,
            status=RunStatus(run.status).for_pollers,
            errors=run.errors,
            queued_at=run.queued_at,
            started_at=run.started_at,
            completed_at=run.completed_at,
            duration_seconds=seconds,
            error_stage=run.error_stage,
        )


def _run_fields(run: Run, video: VideoName | None = None) -> dict[str, Any]:
    own = set(RunView.model_fields) - {"error", "metadata", "video", "stages"}
    error = RunError.model_validate({"code": "internal", "message": "", **run.error}) if run.error else None
    return {
        **{name: getattr(run, name) for name in own},
        "error": error,
        "metadata": run.config.get("metadata") or {},
        "video": None if video is None else RunVideo(**vars(video)),
    }


def _webhook(url: str | None, deliveries: Sequence[WebhookDelivery]) -> WebhookView | None:
    if url is None:
        return None
    fields = DeliveryView.model_fields
    shown = [DeliveryView(**{field: getattr(one, field) for field in fields}) for one in deliveries]
    return WebhookView(url=url, deliveries=shown)


def _stage(name: str, stage: RunStage | None, tries: Sequence[RunAttempt], live: float) -> StageView:
    shown: dict[str, Any] = {
        field: getattr(stage, field, None) for field in ("status", "progress", "started_at", "completed_at", "seconds")
    }
    own = [
        TryView(**{field: getattr(one, field) for field in TryView.model_fields}) for one in tries if one.stage == name
    ]
    if stage is None:
        shown |= {"status": StageStatus.PENDING, "progress": 0.0}
    elif stage.status == StageStatus.PROCESSING:
        shown["progress"] = max(stage.progress, live)
    return StageView(name=name, tries=own, **shown)


def stage_briefs(names: Sequence[str], stages: Mapping[str, RunStage]) -> list[StageBrief]:
    """Show the stages of a run in order; what has not begun is pending."""
    names = names or sorted(stages, key=lambda name: stages[name].ordinal)
    return [
        StageBrief(name=name, status=StageStatus(stages[name].status), progress=stages[name].progress)
        if name in stages
        else StageBrief(name=name, status=StageStatus.PENDING, progress=0.0)
        for name in names
    ]
