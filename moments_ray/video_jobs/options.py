"""What a caller may ask of a job, checked before anything is written.

Routes, the client and the command line take their options from here, so nothing heavier than pydantic is imported.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from moments_ray.http.schemas.base import RequestBody
from moments_ray.http.schemas.options import BaseRunOptions, ModelKey, Text
from moments_ray.library.options import Language
from moments_ray.media.presets import AudioFormat, AudioQuality, ClipFormat, Preset, Resolution

MOST_CLIPS = 100
MOST_AT_ONCE = 500
LONGEST_CLIP_SECONDS = 600.0


class JobType(StrEnum):
    """What a job gives."""

    AUDIO_EXTRACTION = "audio_extraction"
    TRANSCRIPTION = "transcription"
    ANALYSIS = "analysis"
    CLIP_GENERATION = "clip_generation"
    FULL_PROCESSING = "full_processing"


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "pending"  # written, workers are not notified yet
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing more happens unless it is retried."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}


MaxRetries = Annotated[int, Field(strict=True, ge=0, le=10, description="how often a stage that failed is tried again")]
ClipStrategy = Literal["moments", "windows", "segments"]
ModelSize = Literal["tiny", "base", "small", "medium", "large"]  # as settings have them, which take long to import


class ClipSegment(RequestBody):
    """A clip that the caller names, in seconds of the video."""

    start: float = Field(ge=0)
    end: float = Field(gt=0)
    title: Annotated[Text, Field(max_length=500)] | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a segment ends after it starts")
        return self


class JobOptions(RequestBody):
    """How a job does what it does; an option that its type has no use for changes nothing."""

    model_config = ConfigDict(strict=True)

    audio_format: AudioFormat = Field("wav", description="of the audio file")
    audio_quality: AudioQuality = Field(
        "high",
        description="of WAV and FLAC 16 kHz mono, 44.1 kHz stereo, the source's own rate in 24 bits; of MP3 96, 160, "
        "320 kbit/s",
    )
    language: Language | None = Field(
        "en", description="tag of the language that is spoken; not given, or null: find out", examples=["en"]
    )
    model_size: ModelSize = Field(
        "base", description="of Whisper, where that is what hears; not given: WHISPER_MODEL, else the best there is"
    )
    clip_duration: float = Field(30.0, ge=3, le=LONGEST_CLIP_SECONDS, description="seconds that a clip should have")
    overlap_duration: float = Field(
        2.0, ge=0, lt=LONGEST_CLIP_SECONDS, description="seconds that two clips may share; windows share exactly these"
    )
    max_clips: int = Field(10, ge=1, le=MOST_CLIPS, description="how many clips at most")
    sentiment_analysis: bool = Field(True, description="say how the talk feels")
    topic_modeling: bool = Field(True, description="say what it is about")
    keyword_extraction: bool = Field(True, description="list the terms that tell most of it")
    analysis_model: ModelKey | None = Field(
        None, description="key of a chat model that analyses what was said; unset: no model is asked"
    )
    output_format: ClipFormat = Field("mp4", description="of clips; webm is VP9 and Opus, which takes longer")
    resolution: Resolution = Field("1080p", description="the most that a clip's shorter edge may have")
    min_confidence: float = Field(
        0.7, ge=0, le=1, description="the least score of clips, topics and keywords; the best of a video has 1"
    )
    clip_strategy: ClipStrategy = Field(
        "moments", description="clips of the best moments, of windows of equal length, or of the segments given"
    )
    segments: list[ClipSegment] | None = Field(
        None, min_length=1, max_length=MOST_CLIPS, description="the clips to cut, with clip_strategy `segments`"
    )
    preset: Preset = Field("source", description="how clips are encoded, as for the clips of moments")
    burn_captions: bool = Field(False, description="draw what is said into the pictures of the clips")
    timeout: float | None = Field(
        None, gt=0, le=30 * 24 * 3600, description="seconds from its first claim to its end; unset: JOB_TIMEOUT"
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.overlap_duration >= self.clip_duration:
            raise ValueError("overlap_duration must be below clip_duration")
        if (self.clip_strategy == "segments") != (self.segments is not None):
            raise ValueError("segments and clip_strategy `segments` go together: give both or neither")
        return self


class NewJob(BaseRunOptions):
    """What is asked of a job, whatever its video is."""

    job_type: JobType
    priority: Annotated[int, Field(strict=True, ge=0, le=10, description="from 0 to 10, higher first")] = 5
    options: JobOptions = Field(default_factory=JobOptions)
    max_retries: MaxRetries = 3


_EXAMPLE: dict[str, Any] = {
    "youtube_url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "job_type": "full_processing",
    "priority": 5,
    "options": {"audio_format": "wav", "language": "en", "max_clips": 10},
}


class CreateJob(NewJob):
    """A job on the video at a URL, or on one that is in the library."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    youtube_url: Annotated[Text, Field(min_length=1, max_length=4096)] | None = Field(
        None,
        description="of any site or file that can be fetched; required, unless `video_id` is given",
        examples=["https://www.youtube.com/watch?v=dQw4w9WgXcQ"],
    )
    video_id: Annotated[Text, Field(min_length=1, max_length=64)] | None = Field(
        None, description="a video of the library, in place of `youtube_url`: so files of any size come to jobs"
    )

    @model_validator(mode="after")
    def _one_video(self) -> Self:
        if (self.youtube_url is None) == (self.video_id is None):
            raise ValueError("give the youtube_url of a video, or the video_id of one in the library")
        return self


class JobArguments(JobOptions, BaseRunOptions):
    """What is asked of a job on one level, as the command line takes it."""

    max_retries: MaxRetries = 3

    def job(self, job_type: JobType) -> NewJob:
        """Return it as a job of a type."""
        said = self.model_dump(exclude_unset=True)
        options = {name: said.pop(name) for name in said.keys() & JobOptions.model_fields.keys()}
        return NewJob(job_type=job_type, options=JobOptions(**options), **said)
