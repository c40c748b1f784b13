"""What is said to a chat model and what it says: values that cross process borders."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Turn(_Value):
    """One turn of a conversation; ``video_url`` is a URL the model may read for a while, and a secret."""

    role: Literal["system", "user", "assistant"]
    text: str = Field(repr=False)
    video_url: str | None = Field(None, repr=False)


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

    def answered_wrongly(self, answer: str, objection: str) -> Self:
        """Return the conversation with an answer and what is wrong with it."""
        turns = (*self.turns, Turn(role="assistant", text=answer), Turn(role="user", text=objection))
        return self.model_copy(update={"turns": turns})


class Answer(_Value):
    """What a model said, whole; tokens as its server counted them, where it did."""

    text: str = Field(repr=False)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
