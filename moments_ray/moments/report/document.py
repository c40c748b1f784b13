"""The part of a run's document that the report shows; what it does not know it leaves aside."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, FiniteFloat, JsonValue


class Part(BaseModel):
    """A part of the document."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Chapter(Part):
    """A part of the source as its maker named it; times in seconds."""

    start_time: FiniteFloat
    end_time: FiniteFloat
    title: str


class Replays(Part):
    """How often a piece of the source was played again, 0 to 1; times in seconds."""

    start_time: FiniteFloat
    end_time: FiniteFloat
    value: FiniteFloat


class Video(Part):
    """The source, and what its site tells of it; duration in seconds, size in pixels."""

    title: str | None = None
    duration: FiniteFloat | None = None
    width: int | None = None
    height: int | None = None
    fps: FiniteFloat | None = None
    codec: str | None = None
    chapters: tuple[Chapter, ...] = ()
    replays: tuple[Replays, ...] = ()


class Stage(Part):
    """A stage of the run and the seconds it took."""

    name: str
    status: str
    seconds: FiniteFloat | None = None
    attempt: int | None = None


class Run(Part):
    """The run."""

    identifier: str
    status: str
    stages: tuple[Stage, ...] = ()


class Recognised(Part):
    """Who recognised the words, and how many there are."""

    engine: str | None = None
    language: str | None = None
    words: int | None = None


class Step(Part):
    """One move of a moment's edges; times in seconds."""

    step: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    reason: str = ""


class Clip(Part):
    """A moment's clip; its path is relative to the report, its times are positions in the source in seconds."""

    path: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    method: str | None = None
    bytes: int | None = None


class Moment(Part):
    """A moment as the user should see it; times in seconds, score 0 to 100."""

    identifier: str | None = None
    title: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    score: FiniteFloat | None = None
    reason: str | None = None
    is_refined: bool = False
    provenance: tuple[Step, ...] = ()
    clip: Clip | None = None
    thumbnail: str | None = None


class Document(Part):
    """What `moments run` writes and prints."""

    video: Video
    run: Run | None = None
    transcript: Recognised | None = None
    moments: tuple[Moment, ...] = ()
    quality: dict[str, JsonValue] = {}
    errors: tuple[JsonValue, ...] = ()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The run's stages; none where no run is described."""
        return self.run.stages if self.run is not None else ()
