"""What runs of the editor are asked for, and what its stages hand on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from moments_ray.editor.timeline import Crop
from moments_ray.engine import FanOutput, Item, Value
from moments_ray.library.values import SpeechOptions, VideoRequest
from moments_ray.media.render.plan import Form, Piece, Quality, SoundCue
from moments_ray.settings import TemplateName


class ProjectRef(Value):
    """The project that a run is about, by the library's identifier of it."""

    project: str


class TemplateOptions(Value):
    """Which template makes the timeline, and the number from which its choices are drawn."""

    template: TemplateName = "realistic_chaos"
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    keep_segments: bool = False


class AnalysisRequest(VideoRequest):
    """A run that listens to a project's video and makes a timeline of it."""

    project: ProjectRef
    speech: SpeechOptions = Field(default_factory=SpeechOptions)
    template: TemplateOptions = Field(default_factory=TemplateOptions)


class BeatGrid(Value):
    """A video's beats, by the name of the object that lists them."""

    name: str
    tempo: float
    beats: int
    confidence: float


class TimelineRef(Value):
    """A timeline that was made, by its project and version."""

    project: str
    version: int
    segments: int


class RenderOptions(Value):
    """How a film is made of a project's timeline of one version."""

    version: int | None = None
    """None for the newest, which a stage before this one makes."""
    aspect: str = "vertical"
    quality: Quality = "final"
    watermark: str | None = None
    captions: bool = True
    loudness: float | None = None


class RenderRequest(VideoRequest):
    """A run that renders a project."""

    project: ProjectRef
    render: RenderOptions


class FullRenderRequest(RenderRequest):
    """A run that first makes the timeline, for there is none."""

    speech: SpeechOptions = Field(default_factory=SpeechOptions)
    template: TemplateOptions = Field(default_factory=TemplateOptions)


class PlannedSegment(Value):
    """A segment as it will be rendered.

    ``sounds`` are names or paths of assets, frames from its start, and the seconds heard or None.
    """

    name: str
    piece: Piece
    sounds: tuple[tuple[str, int, float | None], ...] = ()
    crop: Crop = Field(default_factory=Crop)


class FilmPlan(Value):
    """What a film is to be made of, by the name of the object that lists its segments."""

    name: str
    title: str
    form: Form
    segments: int
    frames: int
    loudness: float | None = None
    crops: tuple[Crop, ...] = ()
    framings: tuple[str, ...] = ()
    """The objects that say where to look: named here, they are nobody's leftovers when a run is broken off."""


class FilmMusic(Value):
    """Music under a film: a built-in bed, or the sound of an object."""

    name: str | None
    object: str | None
    gain_db: float
    duck: bool


class PlanDocument(Value):
    """The segments of a film and what is laid over its sound, as they stand in the plan's object.

    ``own`` are the objects of sounds that are not built in, by the files that the cues name.
    """

    segments: tuple[PlannedSegment, ...]
    cues: tuple[tuple[str, SoundCue], ...] = ()
    own: tuple[tuple[str, str], ...] = ()
    music: FilmMusic | None = None


class PieceItem(Item):
    """A piece to be rendered; its objects are named by all that it is made of."""

    segment: str
    piece: Piece
    video: str
    sound: str


class StoredPiece(Value):
    """A piece in the store; ``reused`` where it was there already."""

    segment: str
    video: str
    sound: str
    frames: int
    reused: bool = False


class StoredPieces(FanOutput[StoredPiece]):
    """The pieces of a film, in order."""


class StagedFilm(Value):
    """A film that was joined and read back, before it has its name; ``seconds`` of its picture.

    ``heard`` is the object of its sound, which the next film may have, too.
    """

    staged: str
    frames: int
    seconds: float
    bytes: int
    heard: str = ""


class MakeVideoRequest(Value):
    """A film to be made of words; ``image`` is an object, ``backend`` a model's key or ``embedded``."""

    made: str
    backend: str
    prompt: str
    seconds: float
    width: int
    height: int
    seed: int
    image: str | None = None


class MakeImageRequest(Value):
    """A picture to be made of words, or of ``image`` where one is given; ``mask`` says where by its light parts."""

    made: str
    backend: str
    prompt: str
    width: int | None
    height: int | None
    seed: int
    image: str | None = None
    mask: str | None = None


class MadeFile(Value):
    """What was made, under its name in /media/final/; ``applied`` are the operations that the words meant."""

    output: str
    name: str
    backend: str
    cost_usd: float | None
    applied: tuple[str, ...] = ()


class RenderedFilm(Value):
    """A film under its final name in /media/final/."""

    project: str
    output: str
    name: str
    frames: int
    seconds: float
    bytes: int
