"""What is said to a chat model and what it says: values that cross process borders."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue, model_validator


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TextPart(_Value):
    """Words."""

    kind: Literal["text"] = "text"
    text: str = Field(repr=False)


class _MediaPart(_Value):
    """By ``url``, a secret that the model may read for a while, or sent along: the bytes of the object ``object``."""

    url: str | None = Field(None, repr=False)
    object: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.url is None) == (self.object is None):
            raise ValueError("name the medium by its url or by its object, and not by both")
        return self


class ImagePart(_MediaPart):
    """A picture."""

    kind: Literal["image"] = "image"


class VideoPart(_MediaPart):
    """A video."""

    kind: Literal["video"] = "video"


class AudioPart(_Value):
    """Sound: the bytes of ``object``, because OpenAI's wire knows no URLs of sound."""

    kind: Literal["audio"] = "audio"
    object: str


Part = Annotated[TextPart | ImagePart | VideoPart | AudioPart, Field(discriminator="kind")]


class Turn(_Value):
    """One turn of a conversation, in parts."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...] = Field(min_length=1)

    @classmethod
    def of(cls, role: Literal["system", "user", "assistant"], *parts: Part | str) -> Self:
        """Make a turn of parts, of which plain words may stand for a text."""
        return cls(role=role, parts=tuple(TextPart(text=each) if isinstance(each, str) else each for each in parts))

    @property
    def text(self) -> str:
        """The words of the turn."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))


class Sampling(_Value):
    """How a model chooses its words; what is None is left to the model's entry, and then to its server."""

    temperature: FiniteFloat | None = None
    top_p: FiniteFloat | None = None
    top_k: int | None = None
    max_tokens: int | None = None


class Question(_Value):
    """A conversation that waits for an answer; ``answer_schema`` is a JSON schema the answer shall follow."""

    turns: tuple[Turn, ...]
    answer_schema: dict[str, JsonValue] | None = Field(None, repr=False)
    sampling: Sampling = Sampling()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of all turns."""
        return tuple(part for turn in self.turns for part in turn.parts)

    def answered_wrongly(self, answer: str, objection: str) -> Self:
        """Return the conversation with an answer and what is wrong with it."""
        turns = (*self.turns, Turn.of("assistant", answer), Turn.of("user", objection))
        return self.model_copy(update={"turns": turns})


class Answer(_Value):
    """What a model said, whole; tokens as its server counted them, 0 where it does not say."""

    text: str = Field(repr=False)
    input_tokens: int = 0
    output_tokens: int = 0
    model: str = ""
    """Who answered, where that is not the one who was asked."""
