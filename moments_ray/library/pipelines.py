"""A source in, a video with its words out. Stages whose output stands are not run again."""

from __future__ import annotations

from typing import Any

from moments_ray.engine import Pipeline
from moments_ray.engine.pipeline import Prepare
from moments_ray.library.requests import prepared_for
from moments_ray.library.stages.audio import extract_speech_audio, upload_audio
from moments_ray.library.stages.download import download_video
from moments_ray.library.stages.transcription import transcribe_speech
from moments_ray.library.values import SourceVideo, TranscriptRef, TranscriptRequest, VideoRequest

TRANSCRIBED = (download_video, extract_speech_audio, upload_audio, transcribe_speech)


def video_of(request: VideoRequest) -> str:
    """Return the video that a request is about: it takes the video's one active slot, too."""
    return request.source.video


def about_a_video(takes: type[VideoRequest], prepare: Prepare | None = None) -> dict[str, Any]:
    """Return the arguments that pipelines over one video of the library have in common."""
    return {
        "takes": takes,
        "exclusive": video_of,
        "video": video_of,
        "folder": "videos/{subject}",
        "prepare": prepare or prepared_for(takes),
    }


IMPORT = Pipeline("import", download_video, gives=SourceVideo, **about_a_video(VideoRequest))
TRANSCRIPT = Pipeline("transcript", *TRANSCRIBED, gives=TranscriptRef, **about_a_video(TranscriptRequest))
