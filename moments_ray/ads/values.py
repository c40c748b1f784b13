"""What a run that makes an ad is asked for, and what its stages hand on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat, JsonValue

from moments_ray.ads.options import FontName
from moments_ray.ads.script.styles import CaptionStyle, StyleName
from moments_ray.ads.script.words import Analysis, Script
from moments_ray.engine import FanOutput, Item, Value

AspectRatio = Literal["9:16", "1:1", "16:9"]
SIZES: dict[AspectRatio, tuple[int, int]] = {"9:16": (1080, 1920), "1:1": (1080, 1080), "16:9": (1920, 1080)}
EMBEDDED = "embedded"
SILENT = "none"
"""The speaker of an ad in which nobody speaks."""
OWN = "own"
"""Who made a scene's picture that came with the request."""


class Brand(Value):
    """Whose ad it is: a colour in place of the style's accent, a face in place of its own, and a logo as an object."""

    color: str | None = Field(None, pattern=r"^#[0-9a-fA-F]{6}$")
    font: FontName | None = None
    logo: str | None = None


class Brief(Value):
    """What the ad is of, in the words of whoever sells it; ``image`` is an object."""

    product_name: str
    style: StyleName
    cta_text: str
    description: str = ""
    language: str = "en"
    image: str | None = None
    brand: Brand = Field(default_factory=Brand)
    variants: int = Field(1, ge=1, le=5)
    seed: int = 0
    take: int = 1
    """How often a script was asked for."""
    scripts: tuple[Script, ...] = ()
    """Scripts that somebody edited, in place of new ones."""

    def facts(self, seen: Analysis | None) -> str:
        """Return all that may be claimed: what the seller said, and what was seen in the product's picture."""
        return "\n".join((self.product_name, self.description, seen.text if seen else ""))


class Makers(Value):
    """Who writes, speaks, films and paints: keys of models, or ``embedded``; ``voice`` is the speaker's own name.

    ``fallback`` has the embedded ones take over where a model refuses its key or its credit is used up.
    """

    writer: str = EMBEDDED
    speaker: str = EMBEDDED
    filmer: str = EMBEDDED
    painter: str = EMBEDDED
    voice: str | None = None
    fallback: bool = False


class Look(Value):
    """How the film looks and sounds beside its style; ``own_music`` is an object in place of the style's bed."""

    aspect_ratio: AspectRatio = "9:16"
    captions: bool = True
    music: Literal["style", "none"] = "style"
    own_music: str | None = None
    draft: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Pixels across and down."""
        return SIZES[self.aspect_ratio]


Numbers = tuple[int, int, int, int]


class Takes(Value):
    """How often each scene's line and picture were asked for: one of another number is made again."""

    voices: Numbers = (1, 1, 1, 1)
    films: Numbers = (1, 1, 1, 1)


class OwnPicture(Value):
    """A picture or a film that takes the place of a scene's: an object, and whether it is a still."""

    name: str
    still: bool


class OwnMedia(Value):
    """What came with the request in place of scenes' pictures, by scene."""

    scenes: tuple[OwnPicture | None, OwnPicture | None, OwnPicture | None, OwnPicture | None] = (None,) * 4

    def of(self, scene: int) -> OwnPicture | None:
        """Return what takes the place of a scene's picture, from 1 to 4."""
        return self.scenes[scene - 1]


class AdRequest(Value):
    """A run that makes an ad, or a part of one; what it may cost stands in the ad's row, so that it can be raised."""

    ad: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    brief: Brief
    makers: Makers = Field(default_factory=Makers)
    look: Look = Field(default_factory=Look)
    takes: Takes = Field(default_factory=Takes)
    media: OwnMedia = Field(default_factory=OwnMedia)
    force: bool = False
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class Product(Value):
    """The product's picture, upright and in sRGB, without its ground where that was plain; four colours as hex."""

    image: str | None = None
    vision: str | None = None
    cut_out: bool = False
    palette: tuple[str, str, str, str]


class Scripts(Value):
    """The scripts of an ad, one a variant."""

    items: tuple[Script, ...]


def scene_key(variant: int, scene: int) -> str:
    """Return the key of what is made for a scene of a variant, both counted from 1."""
    return f"v{variant}-s{scene}"


class Line(Item):
    """What is said in one scene; ``seconds`` is what the scene has for it, ``rate`` words a minute."""

    variant: int
    scene: int
    text: str
    seconds: FiniteFloat
    rate: int
    pitch: int
    language: str
    speaker: str
    voice: str | None
    take: int = 1


class SpokenWord(Value):
    """A word as it was said; seconds from the start of its line's sound."""

    text: str
    start: FiniteFloat
    end: FiniteFloat


class Spoken(Value):
    """A line as sound; ``backend`` is who spoke it, ``usd`` what that cost."""

    key: str
    name: str | None
    seconds: FiniteFloat
    words: tuple[SpokenWord, ...]
    backend: str
    usd: FiniteFloat = 0.0
    warning: str | None = None


class Voices(FanOutput[Spoken]):
    """The lines of all variants, in order."""


class Shot(Item):
    """What is seen in one scene, for so many frames of 30 a second; ``picture`` is the product's."""

    variant: int
    scene: int
    frames: int
    width: int
    height: int
    static: bool
    style: StyleName
    prompt: str
    negative_prompt: str
    camera: str
    product_name: str
    words: str
    palette: tuple[str, str, str, str]
    picture: str | None
    cut_out: bool
    logo: str | None
    maker: str
    seed: int
    take: int = 1
    font: FontName | None = None
    media: OwnPicture | None = None


class SceneFilm(Value):
    """A scene's picture: a film without sound, or a still; ``backend`` is who made it, ``usd`` what that cost."""

    key: str
    name: str
    still: bool
    backend: str
    usd: FiniteFloat = 0.0
    warning: str | None = None


class SceneFilms(FanOutput[SceneFilm]):
    """The scenes of all variants, in order."""


class FilmedScene(Item):
    """A scene to render, of so many frames; ``before`` is the one that is still seen while this one comes in."""

    variant: int
    scene: int
    frames: int
    film: SceneFilm
    before: SceneFilm | None = None
    before_frames: int = 0


class RenderedScene(Value):
    """A scene at the film's size with its captions, and its sound, as objects of this run."""

    key: str
    video: str
    sound: str
    frames: int


class RenderedScenes(FanOutput[RenderedScene]):
    """The rendered scenes of all variants, in order."""


class Cut(Item):
    """One variant to put together."""

    variant: int


class Film(Value):
    """A finished ad: its object, its length in seconds and frames, and the style of its captions."""

    key: str
    name: str
    poster: str
    seconds: FiniteFloat
    frames: int
    width: int
    height: int
    caption_style: CaptionStyle
    warnings: tuple[str, ...] = ()


class Films(FanOutput[Film]):
    """The variants of an ad."""


class AdResult(Value):
    """What a run gives: the films so far, the first of them, and who made what."""

    ad: str
    video: str | None = None
    poster: str | None = None
    films: tuple[str, ...] = ()
    posters: tuple[str, ...] = ()
    seconds: FiniteFloat | None = None
    backends: dict[str, str] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
