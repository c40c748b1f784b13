"""What a film is to be made of: pieces on the output's frame grid, and the sound that is laid over them.

Lengths are frames of the output, never seconds: the frames of the pieces add up to those of the film, and a frame has
an exact number of samples.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from moments_ray.media.render.effects import Effect, check_effects, played_speed

RATE = 30
SAMPLE_RATE = 48_000
SAMPLES_PER_FRAME = SAMPLE_RATE // RATE
SHORTEST_PIECE = 3
"""Frames: an encoder makes a shorter piece badly, so it is merged with its neighbour."""

Quality = Literal["final", "draft"]
CaptionStyle = Literal["pop", "karaoke", "box", "classic", "minimal", "bold_center"]
CaptionPosition = Literal["bottom", "center", "top"]
SoundName = Literal["whoosh", "pop", "hit", "riser", "click", "ding"]
TransitionName = Literal[
    "crossfade", "fade_black", "fade_white", "slide_left", "slide_right", "wipe_left", "wipe_right", "circle"
]
PieceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]


class _Plan(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Form(_Plan):
    """The size of the output in pixels, and how much is spent on encoding it; 30 frames a second always."""

    width: Annotated[int, Field(ge=64, le=4096, multiple_of=2)] = 1080
    height: Annotated[int, Field(ge=64, le=4096, multiple_of=2)] = 1920
    quality: Quality = "final"


class FocusMove(_Plan):
    """From ``at`` (seconds from the start of the piece) on, the focus goes to ``x``: at once, or within ``seconds``."""

    at: FiniteFloat
    x: Annotated[float, Field(ge=0, le=1)]
    seconds: Annotated[FiniteFloat, Field(ge=0)] = 0.0


class Picture(_Plan):
    """What is seen in a piece: a moving source from ``start`` (seconds of it), or a still."""

    kind: Literal["video", "still"] = "video"
    start: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    focus: tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]] = (0.5, 0.5)
    """Across and down, 0 to 1: what stays in the picture where the source's shape is not the output's."""
    moves: tuple[FocusMove, ...] = Field((), max_length=64)
    """Where the focus goes across, in order of time."""
    hdr: bool = False
    """Whether the source has a high dynamic range, which is brought into the standard one."""


class Word(_Plan):
    """A word of a caption, in seconds from the start of the piece."""

    text: str
    start: FiniteFloat
    end: FiniteFloat


class Caption(_Plan):
    """Text drawn from ``start`` until ``end`` (seconds from the start of the piece); ``words`` light up in turn."""

    text: str
    start: FiniteFloat
    end: FiniteFloat
    words: tuple[Word, ...] = ()
    style: CaptionStyle = "pop"
    position: CaptionPosition = "bottom"


class Lead(_Plan):
    """The segment before, which runs on under the first ``frames`` of a piece while the one becomes the other."""

    name: TransitionName
    frames: Annotated[int, Field(ge=2, le=60)]
    picture: Picture
    speed: Annotated[float, Field(ge=0.125, le=8)] = 1.0
    volume: Annotated[float, Field(ge=0, le=4)] = 1.0
    effects: tuple[Effect, ...] = ()


class Piece(_Plan):
    """One segment of a film: ``frames`` of the output, made of one source.

    ``beats`` are seconds from the start of the piece; ``volume`` is a factor of the source's own sound, 0 for silence.
    """

    name: PieceName
    picture: Picture
    frames: Annotated[int, Field(ge=SHORTEST_PIECE)]
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    volume: Annotated[float, Field(ge=0, le=4)] = 1.0
    effects: tuple[Effect, ...] = ()
    beats: tuple[FiniteFloat, ...] = ()
    captions: tuple[Caption, ...] = ()
    watermark: str | None = None
    lead: Lead | None = None

    @model_validator(mode="after")
    def _consistent_effects(self) -> Self:
        check_effects(self.effects)
        return self

    @property
    def samples(self) -> int:
        """Samples of its sound at 48 kHz."""
        return self.frames * SAMPLES_PER_FRAME


class SoundCue(_Plan):
    """A sound laid over the film: a file's name in the directory of the join, from a frame on."""

    file: str
    frame: NonNegativeInt
    gain_db: Annotated[float, Field(ge=-60, le=12)] = -6.0
    seconds: Annotated[float, Field(gt=0)] | None = None
    """Cut after so many seconds; None plays it to its end."""


class Music(_Plan):
    """A bed under the whole film, repeated as often as needed; ``duck`` lowers it while the film's own sound speaks."""

    file: str
    gain_db: Annotated[float, Field(ge=-60, le=12)] = -14.0
    duck: bool = True


class SoundPlan(_Plan):
    """What is heard beside the pieces' own sound; ``loudness`` in LUFS brings the whole to a level."""

    cues: tuple[SoundCue, ...] = ()
    music: Music | None = None
    loudness: Annotated[float, Field(ge=-36, le=-8)] | None = None


class RenderedPiece(_Plan):
    """A piece that was rendered: the names of its two files in one directory, and its length in frames."""

    video: str
    sound: str
    frames: PositiveInt


def grid(seconds: float) -> int:
    """Return the frame of the output that is nearest to a time."""
    return round(Fraction(seconds) * RATE)


def piece_frames(start: float, end: float, effects: tuple[Effect, ...] = (), speed: float = 1.0) -> int:
    """Return how many frames of the output a range of the source (seconds) lasts at its played speed."""
    return round((grid(end) - grid(start)) / played_speed(effects, speed))


def frame_seconds(frame: int) -> float:
    """Return when a frame of the output is shown."""
    return frame / RATE
