"""One pipeline a type of job, over the library's stages and those of jobs."""

from __future__ import annotations

from typing import Any

from moments_ray.engine import Pipeline
from moments_ray.library.pipelines import TRANSCRIBED, video_of
from moments_ray.library.requests import prepared_for
from moments_ray.library.stages.download import download_video
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.video_jobs.errors import JobTimeout
from moments_ray.video_jobs.options import JobType
from moments_ray.video_jobs.stages.analysis import analyse
from moments_ray.video_jobs.stages.audio import encode_job_audio
from moments_ray.video_jobs.stages.choice import choose_clips
from moments_ray.video_jobs.stages.clips import CUT_JOB_CLIPS
from moments_ray.video_jobs.values import Analysis, EncodedAudio, JobClips, JobRequest, JobResult

PREFIX = "job."


def _audio(video: SourceVideo, audio: EncodedAudio | None) -> JobResult:
    return JobResult(video=video.video, audio=audio)


def _transcript(video: SourceVideo, heard: TranscriptRef) -> JobResult:
    return JobResult(video=video.video, transcript=heard)


def _analysis(video: SourceVideo, heard: TranscriptRef, analysis: Analysis) -> JobResult:
    return JobResult(video=video.video, transcript=heard, analysis=analysis)


def _clips(video: SourceVideo, heard: TranscriptRef, clips: JobClips) -> JobResult:
    return JobResult(video=video.video, transcript=heard, clips=clips.items, failed=clips.failed)


def _everything(
    video: SourceVideo, heard: TranscriptRef, audio: EncodedAudio | None, analysis: Analysis, clips: JobClips
) -> JobResult:
    return JobResult(
        video=video.video,
        transcript=heard,
        audio=audio,
        analysis=analysis,
        clips=clips.items,
        failed=clips.failed,
    )


# Without a subject a run is about itself, and none excludes another: ten jobs may concern one video at once.
_SHARED: dict[str, Any] = {
    "takes": JobRequest,
    "video": video_of,
    "folder": "jobs/{subject}",
    "prepare": prepared_for(JobRequest),
    "timeout_error": JobTimeout,
}


AUDIO = Pipeline("job.audio_extraction", download_video, encode_job_audio, gives=_audio, **_SHARED)
TRANSCRIPTION = Pipeline("job.transcription", *TRANSCRIBED, gives=_transcript, **_SHARED)
ANALYSIS = Pipeline("job.analysis", *TRANSCRIBED, analyse, gives=_analysis, **_SHARED)
CLIPS = Pipeline("job.clip_generation", *TRANSCRIBED, choose_clips, CUT_JOB_CLIPS, gives=_clips, **_SHARED)
EVERYTHING = Pipeline(
    "job.full_processing",
    *(*TRANSCRIBED, encode_job_audio, analyse, choose_clips, CUT_JOB_CLIPS),
    gives=_everything,
    **_SHARED,
)

JOB_PIPELINES = {
    JobType(each.name.removeprefix(PREFIX)): each for each in (AUDIO, TRANSCRIPTION, ANALYSIS, CLIPS, EVERYTHING)
}
