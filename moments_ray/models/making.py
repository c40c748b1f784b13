"""What models that make sound, pictures and films are asked for, and what they give: objects, never their bytes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Recording(_Value):
    """Sound to transcribe: the object it is in, and names and terms that are said in it."""

    audio: str
    prompt: str | None = Field(None, repr=False)


class SpeechOrder(_Value):
    """Words to say; the sound goes to the object ``target``."""

    text: str = Field(repr=False)
    voice: str | None = None
    speed: FiniteFloat = Field(1.0, ge=0.5, le=2)
    target: str


class SaidWord(_Value):
    """A word and when it is said, in seconds from the start of the sound."""

    text: str
    start: FiniteFloat
    end: FiniteFloat


class MadeObject(_Value):
    """What was made: its object, and of sound its words where the model knows their times."""

    name: str
    content_type: str
    words: tuple[SaidWord, ...] = ()


class PictureOrder(_Value):
    """A picture to paint, ``width`` by ``height`` pixels or near to it; it goes to the object ``target``.

    With ``picture``, an object, that one is changed, where ``mask`` is light if there is one.
    """

    prompt: str = Field(repr=False)
    width: int
    height: int
    seed: int
    picture: str | None = None
    mask: str | None = None
    target: str
    token: str


class FilmOrder(_Value):
    """A film to make of words and of the picture in the object ``picture``; ``seed`` tells it from every other one."""

    prompt: str = Field(repr=False)
    negative_prompt: str = Field("", repr=False)
    seconds: FiniteFloat
    aspect_ratio: str
    picture: str | None = None
    seed: int


class SeedSearch(_Value):
    """Asks for the job that was begun with a seed, of which nobody noted the number."""

    seed: int


class Job(_Value):
    """Work that goes on at a provider; ``url`` is where what came of it is, for a while."""

    id: str
    status: Literal["running", "succeeded", "failed", "cancelled"]
    url: str | None = Field(None, repr=False)
    reason: str = ""


class JobResult(_Value):
    """Asks for the result of a job as the object ``target``."""

    id: str
    target: str


class JobCancellation(_Value):
    """Asks that a job be stopped."""

    id: str


Order = SpeechOrder | PictureOrder | FilmOrder | SeedSearch | JobResult | JobCancellation
