"""Names and terms that a caller says will be heard reach the recogniser beside the deployment's own."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from moments_ray.library.options import TranscriptOptions
from moments_ray.library.stages.transcription import with_hot_words
from moments_ray.library.values import SpeechOptions
from moments_ray.settings import Settings, SpeechSettings

SETTINGS = Settings(_env_file=None).model_copy(update={"speech": SpeechSettings(hot_words=("Kubernetes",))})


def test_a_videos_words_come_after_the_deployments_own() -> None:
    heard = with_hot_words(SETTINGS, SpeechOptions(hot_words="etcd, Ray Serve"))
    assert heard.speech.hot_words == ("Kubernetes", "etcd, Ray Serve")
    assert SETTINGS.speech.hot_words == ("Kubernetes",)


def test_without_words_of_its_own_a_video_is_heard_as_the_deployment_says() -> None:
    assert with_hot_words(SETTINGS, SpeechOptions()) is SETTINGS


def test_a_prompt_that_is_longer_than_a_model_reads_is_refused() -> None:
    with pytest.raises(ValidationError):
        TranscriptOptions(hot_words="x" * 501)
