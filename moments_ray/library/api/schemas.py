"""Videos, what is said in them, and what search finds there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field

from moments_ray.http.schemas.base import RequestBody, Shape, SignedLink
from moments_ray.http.schemas.options import Text
from moments_ray.http.schemas.runs import RunError, RunView
from moments_ray.states import RunStatus, VideoStatus

if TYPE_CHECKING:  # the client reads answers by these shapes, and has no database
    from moments_ray.database.tables import Run, TranscriptRow, Upload, Video
    from moments_ray.library.queries.search import Hit
    from moments_ray.library.queries.video_lists import NewestRun


class StoryboardView(SignedLink):
    """A sheet of small pictures of a video, read at ``url`` until it expires.

    Picture ``n`` is of the time ``(n + 0.5) * step``; it stands in column ``n % columns`` of row ``n // columns``.
    """

    count: int
    columns: int
    step: float = Field(description="seconds from one to the next")
    width: int = Field(description="pixels of one")
    height: int = Field(description="pixels of one")


class HitView(Shape):
    """A place where the words were found; times are seconds of the video, null where it is its title."""

    video: str = Field(description="the video's identifier")
    kind: Literal["title", "moment", "transcript"]
    moment: str | None = Field(description="the moment's identifier, where it is a moment's title")
    start_time: float | None
    end_time: float | None
    word_time: float | None = Field(description="where the first of the words is spoken, where it is a transcript")
    text: str
    score: float = Field(description="higher is better; comparable within one answer")

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """Show a hit."""
        return cls(**{name: getattr(hit, name) for name in cls.model_fields})


class WordView(Shape):
    """A word and when it was spoken, in seconds."""

    word: str
    start: float
    end: float


class SegmentView(Shape):
    """A stretch of speech as its recogniser grouped it, in seconds."""

    text: str
    start: float
    end: float


class TranscriptView(Shape):
    """What was said in a video."""

    engine: str = Field(description="what heard it", examples=["captions"])
    language: str | None
    full_text: str
    word_timestamps: list[WordView]
    segment_timestamps: list[SegmentView]
    health: dict[str, Any] = Field(description="what its checks found and mended")
    created_at: datetime

    @classmethod
    def of(cls, row: TranscriptRow) -> Self:
        """Show a row."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class TranscriptColumns(Shape):
    """What was said in a video, by columns: a third of the bytes for hours of speech."""

    engine: str
    language: str | None
    words: list[str]
    starts: list[float] = Field(description="of the words, in seconds")
    ends: list[float]
    sentences: list[int] = Field(description="the number of each sentence's first word, counted from 0")
    is_timed: bool = Field(description="false: words were spread over their captions, and are near where they stand")
    created_at: datetime


class VideoRun(Shape):
    """The newest run of a video."""

    identifier: str
    pipeline: str
    status: RunStatus
    progress: float = Field(description="0 to 1")
    current_stage: str | None = Field(description="the first stage that is under way")
    errors: int = Field(description="items that did not come out")
    error: RunError | None
    queued_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, newest: NewestRun) -> Self:
        """Show a run."""
        shown = RunView.of(newest.run)
        names = cls.model_fields.keys() - {"current_stage"}
        return cls(**{name: getattr(shown, name) for name in names}, current_stage=newest.current_stage)


class VideoCounts(Shape):
    """What of a video there is to see."""

    moments: int
    clips: int = Field(description="of these moments, that can be played")


class SameVideo(Shape):
    """Another video with the same bytes."""

    identifier: str
    title: str | None
    source_url: str | None

    @classmethod
    def of(cls, video: Video) -> Self:
        """Show a row."""
        return cls(identifier=video.identifier, title=video.title, source_url=video.source_url)


class VideoView(Shape):
    """A video; its figures are null until its bytes are here."""

    identifier: str
    status: VideoStatus | Literal["failed"] = Field(
        description="`pending` until its bytes are here, `failed` where they did not come"
    )
    error: RunError | None = Field(None, description="why they did not come; asking for the video again tries again")
    title: str | None
    source_url: str | None = Field(description="null for an upload")
    duration: float | None = Field(description="seconds")
    resolution: str | None = Field(examples=["1280x720"])
    width: int | None
    height: int | None
    fps: float | None
    codec: str | None
    bytes: int | None
    created_at: datetime
    updated_at: datetime
    run: VideoRun | None = Field(None, description="with `include=run`; null where there was none")
    counts: VideoCounts | None = Field(None, description="with `include=counts`")
    thumbnail: SignedLink | None = Field(None, description="with `include=thumbnail`; null where there is none")
    same: list[SameVideo] | None = Field(
        None, description="with `include=same`: videos of other addresses whose bytes are these"
    )

    @classmethod
    def of(cls, video: Video, failure: Mapping[str, Any] | None = None, **included: Any) -> Self:
        """Show a row; ``failure`` is that of its newest run, which counts while its bytes are not here."""
        own = cls.model_fields.keys() - {"error", "run", "counts", "thumbnail", "same"}
        fields = {name: getattr(video, name) for name in own} | included
        if failure is not None and video.status == VideoStatus.PENDING:
            fields |= {"status": "failed", "error": RunError.model_validate(failure)}
        return cls(**fields)


class EditVideo(RequestBody):
    """What to change of a video."""

    title: Annotated[Text, Field(min_length=1, max_length=10_000)]


class ChapterView(Shape):
    """A part of a video as its maker named it; times in seconds."""

    start_time: float
    end_time: float
    title: str


class ReplaysView(Shape):
    """How often a piece of a video was played again; times in seconds."""

    start_time: float
    end_time: float
    value: float = Field(description="0 to 1, the most replayed piece")


class SiteSignalsView(Shape):
    """What the site of a video knows of it; empty lists where it tells nothing."""

    chapters: list[ChapterView]
    replays: list[ReplaysView]


class VideoStarted(Shape):
    """A video, and the run that works on it; null where nothing ever did."""

    video: VideoView
    run: RunView | None
    reused: bool = Field(False, description="nothing was started: the run is one that did exactly this before")


class UploadView(Shape):
    """An upload: how much is here, and once it is whole the video that it is and the run that works on it."""

    identifier: str
    bytes: int = Field(description="of the whole file")
    received: int = Field(description="bytes that are here")
    expires_at: datetime = Field(description="unless more comes before")
    video: VideoView | None
    run: RunView | None

    @classmethod
    def of(cls, upload: Upload, video: Video | None, run: Run | None) -> Self:
        """Show a row, and what it came to."""
        return cls(
            identifier=upload.identifier,
            bytes=upload.bytes,
            received=upload.received,
            expires_at=upload.expires_at,
            video=None if video is None else VideoView.of(video),
            run=None if run is None else RunView.of(run),
        )
