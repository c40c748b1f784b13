"""What is done with jobs on request: made, cancelled, retried, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from moments_ray.database.tables import Run, Video
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import Conflict
from moments_ray.http.orders import order_of
from moments_ray.library.deletion import Deletion
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.service import Address, LibraryService
from moments_ray.library.values import Source, SpeechOptions
from moments_ray.models.registry import LOCAL
from moments_ray.moments.finding.options import MOST_ASKED, find_options
from moments_ray.moments.roles import MOMENT_GENERATOR
from moments_ray.moments.values import GenerationOptions
from moments_ray.states import RunStatus, VideoStatus
from moments_ray.video_jobs.options import CreateJob, JobOptions, JobType, NewJob
from moments_ray.video_jobs.pipelines import JOB_PIPELINES
from moments_ray.video_jobs.queries.jobs import Jobs
from moments_ray.video_jobs.status import status_of
from moments_ray.video_jobs.values import (
    EMBEDDED,
    AnalysisOptions,
    AudioOptions,
    ClipChoiceOptions,
    ClipFileOptions,
    JobRequest,
    Segment,
)

log = structlog.get_logger()

# A clip of a moment may be that much shorter or longer than was asked for, so that it begins and ends on sentences.
_SHORTEST_SHARE, _LONGEST_SHARE = 0.5, 1.75


class JobsService:
    """Starts, stops and removes jobs."""

    def __init__(
        self, environment: Environment, client: redis.Redis, run_service: RunService, library: LibraryService
    ) -> None:
        self._environment = environment
        self._database = environment.database
        self._redis = client
        self._run_service = run_service
        self._library = library

    async def create(self, asked: CreateJob, key: str | None) -> tuple[Run, Video, bool]:
        """Start a job on the video at a URL, or on one of the library.

        Return its run, its video and whether the idempotency key had made it before.

        Raises:
            NotFound: there is no such video.
            UrlNotAllowed: it may not be fetched.
            DownloadUnavailable: its host does not exist.
            InvalidRequest: the key was used for another request.
        """
        await self.check(asked)
        if (url := asked.youtube_url) is None:
            video = await self._library.video(asked.video_id or "")
            return await self._start(asked, await self._library.source(video), video, key)
        canonical = await self._library.checked_url(url)
        video, _ = await get_or_create_video(self._database.row, canonical, source_url=url)
        # Another spelling of the same address: the stages know the first one. One that never came may have expired.
        first = video.source_url if video.source_url and video.status == VideoStatus.READY else url
        source = Source(video=video.identifier, url=first)
        return await self._start(asked, source, video, key)

    async def create_of(
        self, asked: NewJob, found: Address, title: str | None, key: str | None
    ) -> tuple[Run, Video, bool]:
        """Start a job on what was uploaded; else as ``create``."""
        video, _ = await get_or_create_video(self._database.row, found.canonical, title=title)
        return await self._start(asked, found.source(video.identifier), video, key)

    async def check(self, asked: NewJob) -> None:
        """Refuse a job whose webhook may not be called, before anything is stored; raises as ``checked_url``."""
        await self._library.check_webhook(asked)

    async def _start(self, asked: NewJob, source: Source, video: Video, key: str | None) -> tuple[Run, Video, bool]:
        known = None
        if key is not None:
            async with self._database.read() as session:
                known = await Runs(session).by_idempotency_key(key)
        options, pipeline = asked.options, JOB_PIPELINES[asked.job_type]
        generation = GenerationOptions(find=_find(options))
        if any(each.type is GenerationOptions for step in pipeline.steps for each in step.inputs):
            finder = await self._library.models.resolve(None, MOMENT_GENERATOR)
            generation = generation.model_copy(update={"model": finder.key})
        if options.analysis_model is not None:
            await self._library.models.resolve(options.analysis_model, MOMENT_GENERATOR)
        request = JobRequest(
            source=source, force=asked.force, metadata=asked.metadata, generation=generation, **_parts(asked)
        )
        order = order_of(
            asked,
            key,
            deadline_seconds=options.timeout or self._environment.settings.job_timeout,
            tries=asked.max_retries + 1,
        )
        started = await self._run_service.start(pipeline, request, order)
        return started.run, video, known is not None

    async def cancel(self, identifier: str) -> Run:
        """Stop a job: one that waits at once, one that is worked on within seconds.

        Raises:
            NotFound: there is no such job.
            Conflict: it is finished.
        """
        async with self._database.read() as session:
            await Jobs(session).get(identifier)
        run = await self._run_service.cancel(identifier)
        if RunStatus(run.status).finished and run.status != RunStatus.CANCELLED:
            raise Conflict(f"Job {identifier} is {status_of(run)}: there is nothing to cancel.")
        return run

    async def retry(self, identifier: str) -> Run:
        """Go on with a job at the stage, or the clips, that failed.

        Raises:
            NotFound: there is no such job.
            Conflict: it is active, or completed without errors.
        """
        async with self._database.read() as session:
            run, _ = await Jobs(session).get(identifier)
        try:
            return await self._run_service.retry(identifier)
        except Conflict as error:
            raise Conflict(f"Job {identifier} is {status_of(run)}: there is nothing to retry.") from error

    async def delete(self, identifier: str, *, with_video: bool = False) -> None:
        """Delete a finished job with its objects, and its video where that is asked for.

        Raises:
            NotFound: there is no such job.
            Conflict: it is active.
        """
        async with self._database.begin() as session:
            run, video = await Jobs(session).get(identifier)
            if not await Jobs(session).delete(identifier):
                raise Conflict(f"Job {identifier} is {status_of(run)}: cancel it first.")
        await self._environment.store.delete_prefix(f"jobs/{identifier}/")  # what a crash leaves is reaped
        try:
            await LiveStatus(self._redis).forget(identifier, [identifier])
        except RedisError as error:
            log.warning("job.status_kept", job=identifier, error=str(error))  # it expires
        if with_video and video is not None:
            await Deletion(self._environment, self._redis).delete(video.identifier)

    async def clear(self) -> int:
        """Cancel every job that waits, and return how many there were."""
        async with self._database.begin() as session:
            runs = await Jobs(session).clear()
        live = LiveStatus(self._redis)
        registry = self._environment.registry
        try:
            await asyncio.gather(*(live.whole(run, registry.get(run.pipeline).stage_names, {}) for run in runs))
        except RedisError as error:
            log.warning("jobs.status_not_shown", error=str(error))
        return len(runs)


def _find(options: JobOptions) -> Any:
    return find_options(
        count=min(options.max_clips, MOST_ASKED),
        min_seconds=options.clip_duration * _SHORTEST_SHARE,
        max_seconds=options.clip_duration * _LONGEST_SHARE,
    )


def _parts(asked: NewJob) -> Mapping[str, Any]:
    """Return what a job's stages take, from its options."""
    options = asked.options
    # The default is shown, and not believed: a recogniser that is told a wrong language hears nothing right.
    said = options.model_fields_set
    language = options.language if "language" in said else None
    model_size = options.model_size if "model_size" in said else None
    return {
        "speech": SpeechOptions(language=language, model_size=model_size),
        "audio": AudioOptions(
            audio_format=options.audio_format,
            quality=options.audio_quality,
            required=asked.job_type is JobType.AUDIO_EXTRACTION,
        ),
        "analysis": AnalysisOptions(
            sentiment=options.sentiment_analysis,
            topics=options.topic_modeling,
            keywords=options.keyword_extraction,
            min_confidence=options.min_confidence,
            model=EMBEDDED if options.analysis_model in {None, LOCAL} else options.analysis_model,
        ),
        "choice": ClipChoiceOptions(
            strategy=options.clip_strategy,
            duration=options.clip_duration,
            overlap=options.overlap_duration,
            most=options.max_clips,
            min_confidence=options.min_confidence,
            segments=tuple(Segment(**segment.model_dump()) for segment in options.segments or ()),
        ),
        "files": ClipFileOptions(
            clip_format=options.output_format,
            resolution=options.resolution,
            preset=options.preset,
            burn_captions=options.burn_captions,
        ),
    }
