"""Jobs as the API shows them; the names are those of the video jobs API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from moments_ray.http.schemas.base import Page, RequestBody, Shape
from moments_ray.http.schemas.bulk import Identifiers
from moments_ray.http.schemas.options import Metadata
from moments_ray.http.schemas.workers import WorkerStatus
from moments_ray.media.presets import AudioFormat, ClipFormat
from moments_ray.states import StageStatus
from moments_ray.video_jobs.api.examples import JOB
from moments_ray.video_jobs.options import MOST_AT_ONCE, JobStatus, JobType


class JobError(Shape):
    """What a job failed with."""

    code: str
    message: str
    retryable: bool
    stage: str | None


class JobStage(Shape):
    """A stage of a job; ``progress`` is 0 to 1."""

    name: str
    status: StageStatus
    progress: float
    seconds: float | None


class JobEntry(Shape):
    """A job without its results, as lists show it."""

    id: str
    youtube_url: str | None = Field(description="null for an upload")
    job_type: JobType
    status: JobStatus
    progress: float = Field(description="0 to 100")
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    priority: int
    video_title: str | None
    video_id: str | None = Field(description="the library's video")
    run_id: str
    options: dict[str, Any] = Field(description="as its caller gave them")
    metadata: Metadata
    current_stage: str | None
    stages: list[JobStage]
    retry_count: int
    max_retries: int | None
    attempt: int = Field(description="how many times a worker took it")
    error_message: str | None
    error: JobError | None
    errors: int = Field(description="clips that were not made")


class JobAudio(Shape):
    """The sound file of a job; seconds, bytes, Hz."""

    url: str
    format: AudioFormat
    duration: float
    bytes: int
    sample_rate: int
    channels: int


class JobClipView(Shape):
    """A clip of a job; times are its own edges, seconds of the video."""

    start: float
    end: float
    title: str
    url: str
    thumbnail_url: str
    score: float | None = Field(description="0 to 1; the best of a video has 1. Null where nobody judged")
    reason: str | None
    duration: float
    bytes: int
    format: ClipFormat
    resolution: str = Field(examples=["1280x720"])


class SpokenSegment(Shape):
    """A stretch of speech, in seconds of the video."""

    start: float
    end: float
    text: str
    confidence: float | None = Field(None, description="where the recogniser tells")


class JobTranscriber(Shape):
    """Who heard what was said."""

    engine: str
    model: str = Field(examples=["whisper-base"])
    why: str = Field(description="why it was chosen, and why not those before it")


class JobLinks(Shape):
    """Where what belongs to a job is."""

    self: str
    events: str
    socket: str
    run: str
    video: str | None


class JobView(JobEntry):
    """A job with its results; each is null until it is there, and where its type does not give it."""

    model_config = ConfigDict(json_schema_extra={"examples": [JOB]})

    transcript: str | None
    transcript_segments: list[SpokenSegment] | None
    transcriber: JobTranscriber | None
    words_url: str | None
    analysis_results: dict[str, Any] | None = Field(examples=[{"sentiment": "positive", "topics": ["technology"]}])
    generated_clips: list[JobClipView] | None
    audio: JobAudio | None
    warnings: list[str]
    waiting_for: str | None = Field(description="why nothing happens yet")
    queue_position: int | None = Field(description="1: the next that a worker takes")
    links: JobLinks


class JobPageView(Page[JobView | JobEntry]):
    """Some jobs, the newest first."""

    total: int
    limit: int
    offset: int


class QueueWorker(Shape):
    """A worker that listens, or holds jobs."""

    id: str
    node: str | None = Field(description="its machine, which its name tells")
    status: WorkerStatus
    current_jobs: list[str]
    jobs_done: int = Field(description="jobs it took that are finished")
    last_heartbeat: datetime


class QueueStatus(Shape):
    """How the queue of jobs stands."""

    queue_running: bool = Field(description="whether a worker listens; without one jobs wait")
    pending: int
    queued: int
    processing: int
    by_priority: dict[str, int]
    oldest_waiting_seconds: float
    max_concurrent_jobs: int = Field(description="of one worker")
    workers: list[QueueWorker]
    dead: int = Field(description="runs that were given up")


class ConnectionsStatus(Shape):
    """How many WebSockets are open, on all replicas together."""

    total: int
    jobs: dict[str, int] = Field(description="by job")
    broadcast: int
    health: int
    replicas: int = Field(description="that have any; at least the one that answers")


class JobStatistics(Shape):
    """Figures of all jobs; seconds."""

    total: int
    by_status: dict[str, int]
    by_type: dict[str, int]
    success_rate: float | None = Field(description="of the finished ones that nobody cancelled")
    average_seconds: float | None
    p95_seconds: float | None
    waiting_p95_seconds: float | None
    retries: int
    last_24h: dict[str, int]
    media_seconds: float


class Cleared(Shape):
    """How many jobs were cancelled."""

    cleared: int


class BulkFilter(RequestBody):
    """Which jobs an action is for."""

    status: JobStatus | None = None
    job_type: JobType | None = None


class BulkJobResult(Shape):
    """What one entry came to: a job, or a problem."""

    index: int
    id: str | None = None
    job: JobEntry | None = None
    error: dict[str, Any] | None = None


class BulkJobsResult(Shape):
    """What the entries came to, in their order."""

    created: int = Field(description="entries that came through")
    failed: int
    results: list[BulkJobResult]


class BulkJobs(RequestBody):
    """Jobs to create, or an action for jobs that are named or filtered; each entry stands for itself."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"action": "cancel", "ids": ["5e8d9d5e-6c0e-4c36-8a77-5a3f3b0a2f10"]}]}
    )

    jobs: list[Any] | None = Field(None, min_length=1, max_length=MOST_AT_ONCE, description="bodies as for one job")
    action: str | None = Field(None, pattern="^(cancel|retry|delete)$")
    ids: Identifiers | None = None
    filter: BulkFilter | None = None
