"""Jobs put together for the API from their run, its journal, their video and its transcript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from moments_ray.database.tables import Run, RunStage, TranscriptRow, Video
from moments_ray.http.container import Container
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.stages.transcription import transcribe_speech
from moments_ray.library.values import TranscriptRef
from moments_ray.speech.whisper_models import is_of_size
from moments_ray.states import RunStatus, StageStatus
from moments_ray.video_jobs.api.schemas import (
    JobAudio,
    JobClipView,
    JobEntry,
    JobError,
    JobLinks,
    JobStage,
    JobTranscriber,
    JobView,
    SpokenSegment,
)
from moments_ray.video_jobs.options import JobStatus, JobType
from moments_ray.video_jobs.pipelines import PREFIX
from moments_ray.video_jobs.queries.jobs import JobHistory, Jobs
from moments_ray.video_jobs.stages.analysis import analyse
from moments_ray.video_jobs.stages.audio import NO_SOUND, encode_job_audio
from moments_ray.video_jobs.stages.choice import choose_clips
from moments_ray.video_jobs.stages.clips import CUT_JOB_CLIPS
from moments_ray.video_jobs.status import progress_of, status_of
from moments_ray.video_jobs.values import Analysis, ChosenClips, EncodedAudio, JobClips

ROOT = "/api/v1/jobs"


async def entries(container: Container, rows: Sequence[tuple[Run, Video | None]]) -> list[JobEntry]:
    """Show jobs without their results."""
    runs = [run for run, _ in rows]
    async with container.environment.database.read() as session:
        stages, histories = await Jobs(session).stages(runs), await Jobs(session).histories(runs)
    return [
        JobEntry(**_fields(container, run, video, stages[run.id], history=histories[run.id])) for run, video in rows
    ]


async def whole_job(container: Container, run: Run, video: Video | None) -> JobView:
    """Show a job with its results."""
    async with container.environment.database.read() as session:
        stages = (await Jobs(session).stages([run]))[run.id]
        history = (await Jobs(session).histories([run]))[run.id]
        transcript = None
        if (heard := _heard(stages)) is not None and run.video_id is not None:
            transcript = await Transcripts(session).get(run.video_id, heard.engine)
        waits = run.status == RunStatus.QUEUED
        place = await Jobs(session).place_in_queue(run) if waits else None
    live = await container.live.stage_progress(run)
    return JobView(
        **_fields(container, run, video, stages, history=history, live=live),
        **_results(run, stages, transcript),
        warnings=_warnings(run, stages, transcript),
        waiting_for="a worker that is free" if waits else None,
        queue_position=place,
        links=_links(run, video),
    )


def created(container: Container, run: Run, video: Video) -> JobView:
    """Show a job that was made just now: nothing of it is there yet."""
    empty: dict[str, Any] = dict.fromkeys(
        (
            *("transcript", "transcript_segments", "words_url", "analysis_results", "generated_clips", "audio"),
            *("transcriber", "waiting_for", "queue_position"),
        )
    )
    fields = _fields(container, run, video, {}, history=JobHistory(run.queued_at, 0))
    return JobView(**fields, **empty, warnings=[], links=_links(run, video))


def _fields(
    container: Container,
    run: Run,
    video: Video | None,
    stages: Mapping[str, RunStage],
    *,
    history: JobHistory,
    live: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    names = container.environment.registry.get(run.pipeline).stage_names
    done = _progress(names, stages, live or {})
    error = None
    if run.error is not None:
        said: dict[str, Any] = {"code": "internal", "message": "", "retryable": False}
        said |= {name: run.error[name] for name in said if name in run.error}
        error = JobError(**said, stage=run.error_stage)
    return {
        **standing(container, run, stages, live),
        "youtube_url": run.options.get("youtube_url"),
        "job_type": JobType(run.pipeline.removeprefix(PREFIX)),
        "created_at": history.created_at,
        "updated_at": _updated(run, stages),
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "priority": run.priority,
        "video_title": None if video is None else video.title,
        "video_id": None if video is None else video.identifier,
        "run_id": run.identifier,
        "options": run.options.get("options") or {},
        "metadata": run.config.get("metadata") or {},
        "stages": [_stage(name, stages.get(name), done[name]) for name in names],
        "retry_count": history.retries,
        "max_retries": None if run.tries is None else run.tries - 1,
        "attempt": run.attempt,
        "error_message": None if error is None else error.message,
        "error": error,
        "errors": run.errors,
    }


def standing(
    container: Container, run: Run, stages: Mapping[str, RunStage], live: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return where a job stands; ``live`` is how far stages are, 0 to 1, where that is known better."""
    names = container.environment.registry.get(run.pipeline).stage_names
    done, status = _progress(names, stages, live or {}), status_of(run)
    unfinished = (name for name in names if done[name] < 1.0)
    return {
        "id": run.identifier,
        "status": status,
        "progress": progress_of(status, names, done),
        "current_stage": next(unfinished, None) if status is JobStatus.PROCESSING else None,
    }


def _progress(names: Sequence[str], stages: Mapping[str, RunStage], live: Mapping[str, float]) -> dict[str, float]:
    return {name: _done(stages.get(name), live.get(name, 0.0)) for name in names}


def _done(stage: RunStage | None, live: float) -> float:
    if stage is None:
        return 0.0
    if StageStatus(stage.status).has_output:
        return 1.0
    return min(max(stage.progress, live), 0.999)


def _updated(run: Run, stages: Mapping[str, RunStage]) -> datetime:
    times = [run.queued_at, run.started_at, run.completed_at]
    times += [at for stage in stages.values() for at in (stage.started_at, stage.completed_at)]
    return max(at for at in times if at is not None)


def _stage(name: str, stage: RunStage | None, done: float) -> JobStage:
    if stage is None:
        return JobStage(name=name, status=StageStatus.PENDING, progress=0.0, seconds=None)
    return JobStage(name=name, status=StageStatus(stage.status), progress=round(done, 3), seconds=stage.seconds)


def _output(stages: Mapping[str, RunStage], name: str) -> dict[str, Any] | None:
    stage = stages.get(name)
    return stage.output if stage is not None and stage.status == StageStatus.COMPLETED else None


def _results(run: Run, stages: Mapping[str, RunStage], transcript: TranscriptRow | None) -> dict[str, Any]:
    sound = _output(stages, encode_job_audio.name)
    clips = _output(stages, CUT_JOB_CLIPS.name)
    analysis, heard = _output(stages, analyse.name), _heard(stages)
    here = f"{ROOT}/{run.identifier}"
    return {
        "transcript": None if transcript is None else transcript.full_text,
        "transcript_segments": None
        if transcript is None
        else [SpokenSegment.model_validate(each) for each in transcript.segment_timestamps],
        "transcriber": None if heard is None else JobTranscriber.model_validate(_transcriber(heard)),
        "words_url": None if transcript is None else f"{here}/transcript?format=json",
        "analysis_results": None if analysis is None else analysis_results(Analysis.model_validate(analysis)),
        "generated_clips": None if clips is None else _clips(here, JobClips.model_validate(clips)),
        "audio": None if sound is None else _audio(here, EncodedAudio.model_validate(sound)),
    }


def _heard(stages: Mapping[str, RunStage]) -> TranscriptRef | None:
    output = _output(stages, transcribe_speech.name)
    return None if output is None else TranscriptRef.model_validate(output)


def _transcriber(heard: TranscriptRef) -> dict[str, str]:
    return {"engine": heard.engine, "model": heard.model or heard.engine, "why": heard.why}


def analysis_results(analysis: Analysis) -> dict[str, Any]:
    """Return an analysis by the documented names; what was not asked for is absent."""
    shown: dict[str, Any] = {}
    if analysis.sentiment is not None:
        shown |= {
            "sentiment": analysis.sentiment,
            "sentiment_score": analysis.sentiment_score,
            "sentiment_timeline": [point.model_dump() for point in analysis.sentiment_timeline],
        }
    if analysis.topics is not None:
        details = [topic.model_dump(mode="json") for topic in analysis.topics]
        shown |= {"topics": [topic.label for topic in analysis.topics], "topic_details": details}
    if analysis.keywords is not None:
        shown["keywords"] = [keyword.model_dump() for keyword in analysis.keywords]
    return shown | analysis.model_dump(include={"language", "method", "words_counted"})


def _clips(here: str, clips: JobClips) -> list[JobClipView]:
    return [
        JobClipView(
            **clip.model_dump(include={"start", "end", "title", "score", "reason", "bytes"}),
            url=f"{here}/clips/{clip.number}",
            thumbnail_url=f"{here}/clips/{clip.number}/thumbnail",
            duration=round(clip.end - clip.start, 3),
            format=clip.clip_format,
            resolution=f"{clip.width}x{clip.height}",
        )
        for clip in clips.items
    ]


def _audio(here: str, sound: EncodedAudio) -> JobAudio:
    fields = sound.model_dump(include={"duration", "bytes", "sample_rate", "channels"})
    return JobAudio(url=f"{here}/audio", format=sound.audio_format, **fields)


def _warnings(run: Run, stages: Mapping[str, RunStage], transcript: TranscriptRow | None) -> list[str]:
    """Return what did not go as a caller may think."""
    said: list[str] = []
    options = run.options.get("options") or {}
    sound = stages.get(encode_job_audio.name)
    if sound is not None and sound.status == StageStatus.SKIPPED:
        said.append(NO_SOUND)
    asked = str(options.get("language", "en") or "").split("-")[0]
    if transcript is not None and transcript.language and asked and transcript.language.split("-")[0] != asked:
        said.append(f"The language is {transcript.language}, not {asked}; the transcript is kept.")
    size = options.get("model_size")
    if size is not None and (heard := _heard(stages)) is not None and not is_of_size(heard.model or heard.engine, size):
        said.append(f"The transcript is not by Whisper in size {size}. {heard.why}")
    if (analysis := _output(stages, analyse.name)) is not None:
        said += Analysis.model_validate(analysis).warnings
    if (chosen := _output(stages, choose_clips.name)) is not None:
        said += ChosenClips.model_validate(chosen).warnings
    if (clips := _output(stages, CUT_JOB_CLIPS.name)) is not None:
        said += [f"{each.key} was not made: {each.message}" for each in JobClips.model_validate(clips).failed]
    return said


def _links(run: Run, video: Video | None) -> JobLinks:
    here = f"{ROOT}/{run.identifier}"
    return JobLinks(
        self=here,
        events=f"{here}/events",
        socket=f"/ws/{run.identifier}",
        run=f"/api/runs/{run.identifier}",
        video=None if video is None else f"/api/videos/{video.identifier}",
    )
