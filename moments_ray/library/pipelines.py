"""A video in, its moments out: the whole way, or a part of it. Stages whose output stands are not run again."""

from __future__ import annotations

from moments_ray.engine import Pipeline
from moments_ray.library.stages.audio import extract_speech_audio, upload_audio
from moments_ray.library.stages.download import download_video
from moments_ray.library.stages.transcription import transcribe_speech
from moments_ray.library.values import TranscriptRequest, VideoRequest

HEARD = (download_video, extract_speech_audio, upload_audio, transcribe_speech)
IMPORT = Pipeline("import", download_video, takes=VideoRequest)
TRANSCRIPT = Pipeline("transcript", *HEARD, takes=TranscriptRequest)
