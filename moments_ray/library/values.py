"""What runs over videos are asked for, and what the library's stages hand on: names of objects and figures."""

from __future__ import annotations

from typing import Self

from pydantic import Field, FiniteFloat, JsonValue, model_validator

from moments_ray.engine import Value
from moments_ray.media.probe import MediaInfo
from moments_ray.settings import WhisperSize


class Source(Value):
    """Where a video of the library comes from: a URL, a file on the machine that submits, or an uploaded object.

    ``video`` is the library's identifier of it.
    """

    video: str
    url: str | None = None
    path: str | None = None
    stored: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.url, self.path, self.stored)) != 1:
            raise ValueError("a source is a url, a path or the name of a stored object")
        return self


class SpeechOptions(Value):
    """How speech becomes words; ``captions`` names an object holding a caption file that a person gave.

    ``language`` is the one that is spoken, and that is taken of captions in two; ``model_size`` and ``hot_words``
    (names and terms that will be said) are for Whisper, where that is what hears.
    """

    transcriber: str | None = None
    captions: str | None = None
    language: str | None = None
    model_size: WhisperSize | None = None
    hot_words: str | None = None


class VideoRequest(Value):
    """What every run over a video is asked for.

    ``force`` makes every stage again, though an earlier run's output of the same inputs stands; ``metadata`` is the
    caller's own.
    """

    source: Source
    force: bool = False
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class TranscriptRequest(VideoRequest):
    """A run up to the transcript."""

    speech: SpeechOptions = Field(default_factory=SpeechOptions)


class CaptionObject(Value):
    """A caption file in the store; ``language`` is its site's word, ``automatic`` if the site's recogniser wrote it."""

    name: str
    language: str | None = None
    automatic: bool = False


class SourceVideo(Value):
    """A video in the store, and what it is made of; ``video`` is the library's identifier of it."""

    video: str
    name: str
    title: str
    checksum: str
    info: MediaInfo
    captions: tuple[CaptionObject, ...] = ()


class AudioTrack(Value):
    """A video's sound as 16 kHz mono WAV, staged: it has no final name yet. ``duration`` in seconds."""

    staged: str
    duration: FiniteFloat
    bytes: int
    checksum: str


class AudioObject(Value):
    """A video's sound under its final name; ``duration`` in seconds."""

    name: str
    duration: FiniteFloat
    bytes: int


class TranscriptRef(Value):
    """Which transcript of the video to use, and which ``model`` heard it: its words are in the database."""

    engine: str
    why: str
    language: str | None
    words: int
    model: str | None = None
