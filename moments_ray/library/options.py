"""What a caller may ask of a transcript, checked before anything is written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from moments_ray.http.schemas.options import BaseRunOptions, ModelKey, Text
from moments_ray.speech.languages import normal_language

TranscriptFormat = Literal["json", "txt", "srt", "vtt"]


def _language(tag: str) -> str:
    if (language := normal_language(tag)) is None:
        raise ValueError(f"there is no language {tag[:40]!r}; name it by its tag, such as en or pt-BR")
    return language


Language = Annotated[str, AfterValidator(_language)]


class TranscriptOptions(BaseRunOptions):
    """A transcript."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"transcriber": "captions", "language": "en"}]})

    transcriber: ModelKey | None = Field(
        None, description="who hears what is said; unset: the best one there is", examples=["captions"]
    )
    language: Language | None = Field(
        None, description="tag of the language that is spoken, and that is taken of captions in two", examples=["en"]
    )
    hot_words: Annotated[Text, Field(max_length=500)] | None = Field(
        None,
        description="names and terms that will be said, for a Whisper, beside those of the settings",
        examples=["Kubernetes, etcd"],
    )
