"""A video in, a timeline out; a timeline in, a film out. Stages whose output stands are not run again."""

from __future__ import annotations

from typing import Any

from moments_ray.editor.stages.analysis import build_timeline, detect_beats
from moments_ray.editor.stages.making import make_image, make_video
from moments_ray.editor.stages.render import RENDER_PIECES, join_film, prepare_render, publish_film
from moments_ray.editor.values import (
    AnalysisRequest,
    BeatGrid,
    FullRenderRequest,
    MadeFile,
    MakeImageRequest,
    MakeVideoRequest,
    RenderedFilm,
    RenderRequest,
    TimelineRef,
)
from moments_ray.engine import Pipeline
from moments_ray.library.pipelines import TRANSCRIBED, about_a_video, video_of
from moments_ray.library.stages.audio import extract_speech_audio, upload_audio
from moments_ray.library.stages.download import download_video
from moments_ray.library.values import VideoRequest


def _project(request: AnalysisRequest | RenderRequest) -> str:
    """Return the project that a request is about: one run of it at a time."""
    return request.project.project


_ABOUT_A_PROJECT: dict[str, Any] = {
    "exclusive": _project,
    "video": video_of,
    "folder": "projects/{subject}",
}
_FILM = (prepare_render, RENDER_PIECES, join_film, publish_film)

ANALYSIS = Pipeline(
    "editor.analysis",
    *TRANSCRIBED,
    detect_beats,
    build_timeline,
    takes=AnalysisRequest,
    gives=TimelineRef,
    **_ABOUT_A_PROJECT,
)
RENDER = Pipeline("editor.render", download_video, *_FILM, takes=RenderRequest, gives=RenderedFilm, **_ABOUT_A_PROJECT)
FULL_RENDER = Pipeline(
    "editor.full_render",
    *TRANSCRIBED,
    detect_beats,
    build_timeline,
    *_FILM,
    takes=FullRenderRequest,
    gives=RenderedFilm,
    **_ABOUT_A_PROJECT,
)

BEATS = Pipeline(
    "editor.beats",
    download_video,
    extract_speech_audio,
    upload_audio,
    detect_beats,
    gives=BeatGrid,
    **about_a_video(VideoRequest),
)


def _made(request: MakeVideoRequest | MakeImageRequest) -> str:
    """Return what a request makes."""
    return request.made


_MADE: dict[str, Any] = {"gives": MadeFile, "subject": _made, "folder": "made/{subject}"}
MADE_VIDEO = Pipeline("editor.make_video", make_video, takes=MakeVideoRequest, **_MADE)
MADE_IMAGE = Pipeline("editor.make_image", make_image, takes=MakeImageRequest, **_MADE)

PIPELINES = (ANALYSIS, RENDER, FULL_RENDER, BEATS, MADE_VIDEO, MADE_IMAGE)
ANALYSES = {ANALYSIS.name}
RENDERS = {RENDER.name, FULL_RENDER.name}
