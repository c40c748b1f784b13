"""What a run of the moments pipeline is asked for, in the parts that its stages take."""

from __future__ import annotations

from pydantic import Field, FiniteFloat

from moments_ray.engine import FanOutput, Item, ItemFailure, Value
from moments_ray.library.values import TranscriptRequest, VideoRequest
from moments_ray.media.presets import Preset
from moments_ray.models.conversation import Sampling
from moments_ray.moments.finding.moment import Step
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.quality import Quality


class GenerationOptions(Value):
    """Who finds moments, and which; with ``chapters`` those of the video's maker are the moments, if it has any.

    ``site_signals`` says whether chapters and replays count where moments are found. A ``candidate`` set waits to be
    promoted: what users see stays.
    """

    model: str = "local"
    site_signals: bool = True
    chapters: bool = False
    sampling: Sampling = Field(default_factory=Sampling)
    find: FindOptions = Field(default_factory=FindOptions)
    candidate: bool = False


class RefinementOptions(Value):
    """Who looks at each moment again; ``watches_video`` is what the registry says of the model.

    ``padding_left`` and ``padding_right`` are the seconds around a moment that it is shown.
    """

    model: str = "local"
    sampling: Sampling = Field(default_factory=Sampling)
    prompt: str | None = None
    watches_video: bool = True
    padding_left: FiniteFloat = Field(5.0, ge=0, le=60)
    padding_right: FiniteFloat = Field(5.0, ge=0, le=60)


class DeliveryOptions(Value):
    """The clips a user plays."""

    deliver_clips: bool = True
    preset: Preset = "source"
    burn_captions: bool = False


class ClipOptions(Value):
    """How clips of given moments are cut; padding is seconds around a moment.

    ``captions_by`` names the engine whose transcript is drawn into the pictures.
    """

    preset: Preset = "source"
    captions_by: str | None = None
    padding_left: FiniteFloat = Field(0.0, ge=0, le=60)
    padding_right: FiniteFloat = Field(0.0, ge=0, le=60)


class SelectedMoments(Value):
    """Moments as they stood when somebody selected them: of other versions it is another request."""

    moments: tuple[GeneratedMoment, ...]
    versions: tuple[int, ...] = ()


class GenerationRequest(TranscriptRequest):
    """A run up to the generated moments."""

    generation: GenerationOptions = Field(default_factory=GenerationOptions)


class MomentsRequest(GenerationRequest):
    """A run of the whole moments pipeline."""

    refinement: RefinementOptions = Field(default_factory=RefinementOptions)
    delivery: DeliveryOptions = Field(default_factory=DeliveryOptions)


class RefinementRequest(MomentsRequest):
    """A run that refines selected moments."""

    selected: SelectedMoments


class ClipsRequest(VideoRequest):
    """A run that cuts clips of selected moments."""

    selected: SelectedMoments
    clips: ClipOptions = Field(default_factory=ClipOptions)


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


class StagedPicture(Value):
    """The picture of a clip, without its final name."""

    staged: str
    checksum: str


class StagedClip(Value):
    """A clip that was cut and checked, and its picture, without final names; times are its own edges, in the source.

    Clips that an earlier version staged have no picture yet.
    """

    staged: str
    picture: StagedPicture | None = None
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


class SelectedClips(FanOutput[ClipObject]):
    """The clips of moments that a person selected."""


class RefinedMoment(Value):
    """What the user sees of a moment: its final edges, and the clip to play unless none was asked for.

    ``problem`` is why nobody had a second look at the edges; they are the generated ones then.
    """

    identifier: str
    parent: str
    title: str
    start_time: FiniteFloat
    end_time: FiniteFloat
    score: FiniteFloat
    reason: str
    provenance: tuple[Step, ...]
    clip: ClipObject | None
    problem: ItemFailure | None = None


class RefinedMoments(FanOutput[RefinedMoment]):
    """The moments of a run as the user sees them."""


class MomentsResult(Value):
    """What a run over moments gives: which there are, in time order, and what of them failed.

    ``report`` counts what became of the proposals, by its name: where there are no moments, it says why.
    """

    video: str
    moments: tuple[str, ...]
    clips: tuple[str, ...] = ()
    failed: tuple[ItemFailure, ...] = ()
    report: dict[str, int] = Field(default_factory=dict)
