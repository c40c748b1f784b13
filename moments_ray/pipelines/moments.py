"""A video in, its moments out."""

from __future__ import annotations

from moments_ray.pipeline import Pipeline
from moments_ray.stages.clips import CUT_CLIPS, UPLOAD_CLIPS
from moments_ray.stages.download import download_video
from moments_ray.stages.extract_audio import extract_speech_audio
from moments_ray.stages.generate import generate_moments
from moments_ray.stages.refine import REFINE_MOMENTS
from moments_ray.stages.request import MomentsRequest
from moments_ray.stages.transcribe import transcribe_speech
from moments_ray.stages.upload_audio import upload_audio

MOMENTS = Pipeline(
    "moments",
    download_video,
    extract_speech_audio,
    upload_audio,
    transcribe_speech,
    generate_moments,
    CUT_CLIPS,
    UPLOAD_CLIPS,
    REFINE_MOMENTS,
    takes=MomentsRequest,
)
