"""A video in, its moments out: the whole way, or a part of it. Stages whose output stands are not run again."""

from __future__ import annotations

from moments_ray.engine import Pipeline
from moments_ray.library.pipelines import TRANSCRIBED, about_a_video
from moments_ray.library.stages.download import download_video
from moments_ray.library.values import SourceVideo
from moments_ray.moments.requests import prepared_with_selection
from moments_ray.moments.stages.clips import CUT_CLIPS, UPLOAD_CLIPS
from moments_ray.moments.stages.generation import generate_moments
from moments_ray.moments.stages.refinement import REFINE_MOMENTS
from moments_ray.moments.stages.selection import CUT_SELECTED, UPLOAD_SELECTED, take_selected
from moments_ray.moments.values import (
    ClipsRequest,
    GeneratedMoments,
    GenerationRequest,
    MomentsRequest,
    MomentsResult,
    RefinedMoments,
    RefinementRequest,
    SelectedClips,
)


def refined_result(video: SourceVideo, generated: GeneratedMoments, refined: RefinedMoments) -> MomentsResult:
    """Return the moments that users see, and their clips."""
    shown = sorted(refined.items, key=lambda moment: moment.start_time)
    return MomentsResult(
        video=video.video,
        moments=tuple(moment.identifier for moment in shown),
        clips=tuple(moment.clip.identifier for moment in shown if moment.clip is not None),
        failed=refined.failed,
        report=generated.report,
    )


def generated_result(video: SourceVideo, generated: GeneratedMoments) -> MomentsResult:
    """Return the moments that were found."""
    shown = tuple(moment.identifier for moment in generated.moments)
    return MomentsResult(video=video.video, moments=shown, report=generated.report)


def clips_result(video: SourceVideo, request: ClipsRequest, clips: SelectedClips) -> MomentsResult:
    """Return the clips that were cut."""
    return MomentsResult(
        video=video.video,
        moments=tuple(moment.identifier for moment in request.selected.moments),
        clips=tuple(clip.identifier for clip in clips.items),
        failed=clips.failed,
    )


MOMENTS = Pipeline(
    "moments",
    *TRANSCRIBED,
    generate_moments,
    CUT_CLIPS,
    UPLOAD_CLIPS,
    REFINE_MOMENTS,
    gives=refined_result,
    **about_a_video(MomentsRequest),
)
GENERATION = Pipeline(
    "generation", *TRANSCRIBED, generate_moments, gives=generated_result, **about_a_video(GenerationRequest)
)
REFINEMENT = Pipeline(
    "refinement",
    *TRANSCRIBED,
    take_selected,
    CUT_CLIPS,
    UPLOAD_CLIPS,
    REFINE_MOMENTS,
    gives=refined_result,
    **about_a_video(RefinementRequest, prepared_with_selection(RefinementRequest)),
)
CLIPS = Pipeline(
    "clips",
    download_video,
    CUT_SELECTED,
    UPLOAD_SELECTED,
    gives=clips_result,
    **about_a_video(ClipsRequest, prepared_with_selection(ClipsRequest)),
)
