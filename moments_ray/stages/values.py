"""What the stages hand on: names of objects and figures, never media."""

from __future__ import annotations

from pydantic import FiniteFloat

from moments_ray.media.probe import MediaInfo
from moments_ray.moments.moment import Step
from moments_ray.moments.quality import Quality
from moments_ray.pipeline import FanOutput, Item, Value


class CaptionObject(Value):
    """A caption file in the store; ``language`` is its site's word, ``automatic`` if the site's recogniser wrote it."""

    name: str
    language: str | None = None
    automatic: bool = False


class SourceVideo(Value):
    """A video in the store, and what it is made of."""

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


class HeardSpeech(Value):
    """Which transcript of the video to use: its words are in the database."""

    engine: str
    why: str
    language: str | None
    words: int


class GeneratedMoment(Value):
    """A moment as it was generated; times in seconds from the start of the source."""

    identifier: str
    title: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    score: FiniteFloat
    reason: str
    provenance: tuple[Step, ...] = ()


class GeneratedMoments(Value):
    """The moments of a run in time order, and the object that holds what was measured of sound and picture."""

    moments: tuple[GeneratedMoment, ...]
    quality: Quality
    report: dict[str, int]
    basis: str
    signals: str


class MomentItem(Item):
    """A moment on its way through clips and refinement; ``earliest`` and ``latest`` keep it off its neighbours."""

    rank: int
    moment: GeneratedMoment
    earliest: FiniteFloat
    latest: FiniteFloat


class StagedClip(Value):
    """A clip that was cut and checked, without its final name; times are its own edges, seconds of the source."""

    staged: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    method: str
    fallback_reason: str | None
    bytes: int
    checksum: str
    frames: int


class StagedClips(FanOutput[StagedClip]):
    """The clips the refiner will watch."""


class ClipObject(Value):
    """A clip under its final name, with its picture; times are its own edges, seconds of the source."""

    identifier: str
    name: str
    thumbnail: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    method: str
    fallback_reason: str | None
    bytes: int
    frames: int


class WatchedClips(FanOutput[ClipObject]):
    """The clips the refiner watches."""


class RefinedMoment(Value):
    """What the user sees of a moment: its final edges, and the clip to play unless none was asked for."""

    identifier: str
    parent: str
    title: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    score: FiniteFloat
    reason: str
    provenance: tuple[Step, ...]
    clip: ClipObject | None


class RefinedMoments(FanOutput[RefinedMoment]):
    """The moments of a run as the user sees them."""
