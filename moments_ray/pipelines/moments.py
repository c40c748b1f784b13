"""A video in, its moments out: the whole way, or a part of it. Stages whose output stands are not run again."""

from __future__ import annotations

from moments_ray.pipeline import Pipeline
from moments_ray.stages.chosen import CUT_CHOSEN, UPLOAD_CHOSEN, take_chosen
from moments_ray.stages.clips import CUT_CLIPS, UPLOAD_CLIPS
from moments_ray.stages.download import download_video
from moments_ray.stages.extract_audio import extract_speech_audio
from moments_ray.stages.generate import generate_moments
from moments_ray.stages.refine import REFINE_MOMENTS
from moments_ray.stages.request import (
    ClipsRequest,
    GenerationRequest,
    MomentsRequest,
    RefinementRequest,
    TranscriptRequest,
    VideoRequest,
)
from moments_ray.stages.transcribe import transcribe_speech
from moments_ray.stages.upload_audio import upload_audio

_HEARD = (download_video, extract_speech_audio, upload_audio, transcribe_speech)

MOMENTS = Pipeline("moments", *_HEARD, generate_moments, CUT_CLIPS, UPLOAD_CLIPS, REFINE_MOMENTS, takes=MomentsRequest)
IMPORT = Pipeline("import", download_video, takes=VideoRequest)
TRANSCRIPT = Pipeline("transcript", *_HEARD, takes=TranscriptRequest)
GENERATION = Pipeline("generation", *_HEARD, generate_moments, takes=GenerationRequest)
REFINEMENT = Pipeline(
    "refinement", *_HEARD, take_chosen, CUT_CLIPS, UPLOAD_CLIPS, REFINE_MOMENTS, takes=RefinementRequest
)
CLIPS = Pipeline("clips", download_video, CUT_CHOSEN, UPLOAD_CHOSEN, takes=ClipsRequest)
