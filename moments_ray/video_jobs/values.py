"""What runs of jobs are asked for, in the parts that their stages take, and what these hand on."""

from __future__ import annotations

from pydantic import Field, FiniteFloat

from moments_ray.engine import FanOutput, Item, ItemFailure, Value
from moments_ray.library.values import TranscriptRef, TranscriptRequest
from moments_ray.media.presets import AudioFormat, AudioQuality, ClipFormat, Preset, Resolution
from moments_ray.moments.values import GenerationOptions
from moments_ray.text.keywords import Keyword
from moments_ray.text.sentiment import Sentiment, TimelinePoint
from moments_ray.text.topics import Topic
from moments_ray.video_jobs.options import ClipStrategy


class AudioOptions(Value):
    """The sound file; with ``required`` a video without sound is an error, else the stage is skipped."""

    audio_format: AudioFormat = "wav"
    quality: AudioQuality = "high"
    required: bool = True


EMBEDDED = "embedded"


class AnalysisOptions(Value):
    """What of a talk is analysed, the least score of what is listed, and the key of the model that says it."""

    sentiment: bool = True
    topics: bool = True
    keywords: bool = True
    min_confidence: FiniteFloat = 0.7
    model: str = EMBEDDED


class Segment(Value):
    """A clip that the caller named; seconds."""

    start: FiniteFloat
    end: FiniteFloat
    title: str | None = None


class ClipChoiceOptions(Value):
    """Which clips are cut; lengths in seconds."""

    strategy: ClipStrategy = "moments"
    duration: FiniteFloat = 30.0
    overlap: FiniteFloat = 2.0
    most: int = 10
    min_confidence: FiniteFloat = 0.7
    segments: tuple[Segment, ...] = ()


class ClipFileOptions(Value):
    """The files that clips become."""

    clip_format: ClipFormat = "mp4"
    resolution: Resolution = "1080p"
    preset: Preset = "source"
    burn_captions: bool = False


class JobRequest(TranscriptRequest):
    """A job of any type."""

    audio: AudioOptions = Field(default_factory=AudioOptions)
    analysis: AnalysisOptions = Field(default_factory=AnalysisOptions)
    generation: GenerationOptions = Field(default_factory=GenerationOptions)
    choice: ClipChoiceOptions = Field(default_factory=ClipChoiceOptions)
    files: ClipFileOptions = Field(default_factory=ClipFileOptions)


class EncodedAudio(Value):
    """A video's sound as a file in the store; seconds, bytes, Hz."""

    name: str
    audio_format: AudioFormat
    duration: FiniteFloat
    bytes: int
    sample_rate: int
    channels: int


class Analysis(Value):
    """What a talk is about and how it feels; what was not asked for, or cannot be told, is None."""

    sentiment: Sentiment | None = None
    sentiment_score: FiniteFloat | None = None
    sentiment_timeline: tuple[TimelinePoint, ...] = ()
    topics: tuple[Topic, ...] | None = None
    keywords: tuple[Keyword, ...] | None = None
    language: str | None = None
    method: str = EMBEDDED
    words_counted: int = 0
    warnings: tuple[str, ...] = ()


class ChosenClip(Value):
    """A clip to cut; seconds of the video. ``score`` is 0 to 1, None where nobody judged."""

    start: FiniteFloat
    end: FiniteFloat
    title: str
    score: FiniteFloat | None = None
    reason: str | None = None


class ChosenClips(Value):
    """The clips to cut, in time order."""

    clips: tuple[ChosenClip, ...]
    warnings: tuple[str, ...] = ()


class ClipItem(Item):
    """A clip on its way to its file; ``number`` counts from 1."""

    number: int
    clip: ChosenClip


class JobClip(Value):
    """A clip in the store, with its picture; times are its own edges, seconds of the video."""

    number: int
    name: str
    thumbnail: str
    start: FiniteFloat
    end: FiniteFloat
    title: str
    score: FiniteFloat | None
    reason: str | None
    bytes: int
    clip_format: ClipFormat
    width: int
    height: int


class JobClips(FanOutput[JobClip]):
    """The clips of a job."""


class JobResult(Value):
    """What a job gives; what its type does not is None."""

    video: str
    transcript: TranscriptRef | None = None
    audio: EncodedAudio | None = None
    analysis: Analysis | None = None
    clips: tuple[JobClip, ...] | None = None
    failed: tuple[ItemFailure, ...] = ()
