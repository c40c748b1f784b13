"""The transcript: timed words and segments, whoever recognised them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, FiniteFloat, JsonValue

from moments_ray.speech.scripts import join_words


class Frozen(BaseModel):
    """A value that crosses process borders as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Word(Frozen):
    """One spoken word; times are seconds from the start of the source."""

    text: str
    start: FiniteFloat
    end: FiniteFloat


class Segment(Frozen):
    """A stretch of speech as its recogniser grouped it (a caption cue, an utterance); times in seconds.

    ``speaker`` is who says it, where the source names one; None goes on with the one before.
    """

    text: str
    start: FiniteFloat
    end: FiniteFloat
    speaker: str | None = None


class Transcript(Frozen):
    """What was said in a source, in time order; ``words`` is empty when nobody spoke.

    ``words_estimated`` says that word times were spread over their segment rather than heard.
    """

    engine: str
    language: str | None
    words: tuple[Word, ...]
    segments: tuple[Segment, ...]
    words_estimated: bool = False
    health: dict[str, JsonValue] = {}

    @property
    def text(self) -> str:
        """The words joined as their script joins them."""
        return join_words(word.text for word in self.words)
