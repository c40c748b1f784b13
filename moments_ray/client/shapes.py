"""What the API answers, under the names that its callers know: the server's own shapes.

A newer server may say more, and that is passed over.
"""

from __future__ import annotations

from moments_ray.ads.api.schemas import AdDetail, AdPage, AdView, EstimateView, ScriptsView
from moments_ray.corpus.api.schemas import BackfillDetail, DiffPage, SetsChanged
from moments_ray.corpus.api.schemas import BackfillView as Backfill
from moments_ray.corpus.api.schemas import EstimateView as Estimate
from moments_ray.corpus.api.schemas import ItemView as BackfillItem
from moments_ray.corpus.api.schemas import ManifestView as Manifest
from moments_ray.editor.api.schemas import ConsentView as Consent
from moments_ray.editor.api.schemas import IngestResponse as Ingested
from moments_ray.editor.api.schemas import MadeView as Made
from moments_ray.editor.api.schemas import ProjectDetail as Project
from moments_ray.editor.api.schemas import RenderStarted
from moments_ray.editor.api.schemas import RenderStatusView as RenderState
from moments_ray.http.schemas.base import Page
from moments_ray.http.schemas.runs import EventView as Event
from moments_ray.http.schemas.runs import RunDetail, RunStarted
from moments_ray.http.schemas.runs import RunView as Run
from moments_ray.http.schemas.runs import StageView as Stage
from moments_ray.library.api.schemas import HitView as Hit
from moments_ray.library.api.schemas import TranscriptView as Transcript
from moments_ray.library.api.schemas import VideoStarted
from moments_ray.library.api.schemas import VideoView as Video
from moments_ray.moments.api.schemas import ClipView as Clip
from moments_ray.moments.api.schemas import MomentView as Moment
from moments_ray.moments.api.schemas import PipelineStatus
from moments_ray.video_jobs.api.schemas import JobEntry
from moments_ray.video_jobs.api.schemas import JobView as Job

__all__ = [
    "AdDetail",
    "AdPage",
    "AdView",
    "Backfill",
    "BackfillDetail",
    "BackfillItem",
    "Clip",
    "Consent",
    "DiffPage",
    "Estimate",
    "EstimateView",
    "Event",
    "Hit",
    "Ingested",
    "Job",
    "JobEntry",
    "Made",
    "Manifest",
    "Moment",
    "Page",
    "PipelineStatus",
    "Project",
    "RenderStarted",
    "RenderState",
    "Run",
    "RunDetail",
    "RunStarted",
    "ScriptsView",
    "SetsChanged",
    "Stage",
    "Started",
    "Transcript",
    "Video",
    "VideoStarted",
]


class Started(VideoStarted):
    """A video, and the run that was started on it."""

    run: Run
