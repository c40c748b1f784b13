"""A video in, its moments out: the whole way, or a part of it. Stages whose output stands are not run again."""

from __future__ import annotations

from moments_ray.engine import Pipeline
from moments_ray.library.pipelines import HEARD
from moments_ray.library.stages.download import download_video
from moments_ray.moments.stages.clips import CUT_CLIPS, UPLOAD_CLIPS
from moments_ray.moments.stages.generation import generate_moments
from moments_ray.moments.stages.refinement import REFINE_MOMENTS
from moments_ray.moments.stages.selection import CUT_CHOSEN, UPLOAD_CHOSEN, take_chosen
from moments_ray.moments.values import ClipsRequest, GenerationRequest, MomentsRequest, RefinementRequest

MOMENTS = Pipeline("moments", *HEARD, generate_moments, CUT_CLIPS, UPLOAD_CLIPS, REFINE_MOMENTS, takes=MomentsRequest)
GENERATION = Pipeline("generation", *HEARD, generate_moments, takes=GenerationRequest)
REFINEMENT = Pipeline(
    "refinement", *HEARD, take_chosen, CUT_CLIPS, UPLOAD_CLIPS, REFINE_MOMENTS, takes=RefinementRequest
)
CLIPS = Pipeline("clips", download_video, CUT_CHOSEN, UPLOAD_CHOSEN, takes=ClipsRequest)
