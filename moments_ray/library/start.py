"""Starting work on videos: which run a request comes to, without doing again what stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moments_ray.database.repositories.listing import Listing
from moments_ray.database.repositories.moments import Moments
from moments_ray.database.repositories.runs import Runs
from moments_ray.database.repositories.transcripts import Transcripts
from moments_ray.database.repositories.videos import Videos
from moments_ray.database.tables import MomentRow, Run, Video
from moments_ray.errors import InvalidRequest
from moments_ray.ids import fingerprint
from moments_ray.library.options import AskedRun, ClipsAsked, RefinementAsked, RunOptions, TranscriptAsked
from moments_ray.media.downloaded import clean_title
from moments_ray.media.guard import canonical_url, check_url
from moments_ray.models.conversation import Sampling
from moments_ray.models.entry import ModelEntry, ModelKind
from moments_ray.models.registry import ModelRegistry
from moments_ray.moments.moment import Step
from moments_ray.moments.options import MAX_SECONDS, MIN_SECONDS, find_options
from moments_ray.pipeline.definition import Pipeline
from moments_ray.pipeline.environment import Environment
from moments_ray.pipelines.moments import CLIPS, GENERATION, IMPORT, MOMENTS, REFINEMENT, TRANSCRIPT
from moments_ray.runs.submit import Desk
from moments_ray.speech.recognisers import recognisers
from moments_ray.stages.request import (
    ChosenMoments,
    ClipOptions,
    ClipsRequest,
    GenerationOptions,
    GenerationRequest,
    MomentsRequest,
    RefinementOptions,
    RefinementRequest,
    Source,
    SpeechOptions,
    TranscriptRequest,
    VideoRequest,
)
from moments_ray.stages.values import GeneratedMoment
from moments_ray.states import RunStatus


@dataclass(frozen=True)
class Started:
    """A video and the run that a request came to; ``known`` where the video was there and nothing was started."""

    video: Video
    run: Run | None
    known: bool = False


class Starter:
    """Where work on videos is asked for."""

    def __init__(self, environment: Environment, desk: Desk, models: ModelRegistry) -> None:
        self._database = environment.database
        self._settings = environment.settings
        self._desk = desk
        self._models = models

    async def check(self, options: RunOptions) -> None:
        """Refuse options that no run can be made with, before anything is stored; raises as ``add``."""
        await self._moments(Source(stored="nothing yet"), options)

    async def add(
        self, canonical: str, source: Source, options: RunOptions, *, title: str | None, process: bool, key: str | None
    ) -> Started:
        """Make a source a video and fetch it, or find the video that it is already.

        Raises:
            InvalidRequest: the idempotency key was used for something else, or the options make no sense.
        """
        common = await self._common(options)
        request = await self._moments(source, options) if process else VideoRequest(source=source, **common)
        async with self._database.begin() as session:
            video, _ = await Videos(session).get_or_create(
                canonical, source_url=source.url, title=clean_title(title or "")
            )
            newest = (await Listing(session).runs(None, 1, subject=video.identifier)).rows
            repeated = await Runs(session).by_idempotency_key(key) if key else None
        if newest and repeated is None:
            return Started(video, newest[0], known=True)
        pipeline = MOMENTS if process else IMPORT
        return Started(video, await self._run(pipeline, request, video, options, key))

    async def add_url(
        self, url: str, options: RunOptions, *, title: str | None, process: bool, key: str | None
    ) -> Started:
        """Make the video at a URL known; else as ``add``.

        Raises:
            UrlNotAllowed: it may not be fetched.
            DownloadUnavailable: its host does not exist.
        """
        canonical = await self._checked_url(url)
        return await self.add(canonical, Source(url=url), options, title=title, process=process, key=key)

    async def moments_of_url(self, url: str, options: RunOptions, key: str | None) -> Started:
        """Bring the video at a URL, known or not, to its moments; raises as ``add_url``, and RunActive."""
        canonical = await self._checked_url(url)
        request = await self._moments(Source(url=url), options)
        async with self._database.begin() as session:
            video, _ = await Videos(session).get_or_create(canonical, source_url=url)
        if video.source_url not in {None, url}:  # another spelling of the same address: the stages know the first one
            request = request.model_copy(update={"source": await self._source(video)})
        return Started(video, await self._run(MOMENTS, request, video, options, key))

    async def moments(self, video_id: str, options: RunOptions, key: str | None) -> Started:
        """Bring a video to its moments.

        Raises:
            NotFound: there is no such video.
            RunActive: it has an active run.
        """
        video = await self._video(video_id)
        request = await self._moments(await self._source(video), options)
        return Started(video, await self._run(MOMENTS, request, video, options, key))

    async def generation(self, video_id: str, options: RunOptions, key: str | None) -> Started:
        """Find a video's moments, and neither refine nor cut them; raises as ``moments``."""
        video = await self._video(video_id)
        whole = await self._moments(await self._source(video), options)
        parts: dict[str, Any] = {name: getattr(whole, name) for name in GenerationRequest.model_fields}
        parts["speech"] = await self._speech(video, options.transcriber)
        return Started(video, await self._run(GENERATION, GenerationRequest(**parts), video, options, key))

    async def transcript(self, video_id: str, asked: TranscriptAsked, key: str | None) -> Started:
        """Transcribe a video; raises as ``moments``."""
        video = await self._video(video_id)
        speech = await self._speech(video, asked.transcriber)
        request = TranscriptRequest(source=await self._source(video), speech=speech, **await self._common(asked))
        return Started(video, await self._run(TRANSCRIPT, request, video, asked, key))

    async def refinement(self, video_id: str, moment_id: str, asked: RefinementAsked, key: str | None) -> Started:
        """Refine a moment into a child of it; raises as ``moments``."""
        video = await self._video(video_id)
        async with self._database.read() as session:
            moment = await Moments(session).get(moment_id, video.id)
        model = await self._models.resolve(asked.refinement_model)
        seconds = moment.end_time - moment.start_time
        find = find_options(min_seconds=min(MIN_SECONDS, seconds / 2), max_seconds=max(MAX_SECONDS, seconds * 2))
        request = RefinementRequest(
            source=await self._source(video),
            speech=await self._speech(video, None),
            generation=GenerationOptions(find=find),
            refinement=_refinement(model, Sampling(), asked.prompt),
            delivery=RunOptions(preset=asked.preset, burn_captions=asked.burn_captions).delivery(),
            chosen=_chosen([moment]),
            **await self._common(asked),
        )
        return Started(video, await self._run(REFINEMENT, request, video, asked, key))

    async def clips(self, video_id: str, asked: ClipsAsked, key: str | None) -> Started:
        """Cut clips of moments; raises as ``moments``, and InvalidRequest where they or their words are not there."""
        video = await self._video(video_id)
        async with self._database.read() as session:
            if asked.moment_ids is None:
                moments = await Moments(session).of_video(video.id)
            else:
                moments = [await Moments(session).get(each, video.id) for each in dict.fromkeys(asked.moment_ids)]
            transcript = await Transcripts(session).get(video.id) if asked.burn_captions else None
        if asked.burn_captions and transcript is None:
            raise InvalidRequest("there is no transcript to draw captions from yet; ask for one first")
        if not moments:
            raise InvalidRequest("the video has no moments to cut; find some first, or add them")
        request = ClipsRequest(
            source=await self._source(video),
            chosen=_chosen(moments),
            clips=ClipOptions(
                preset=asked.preset,
                captions_by=None if transcript is None else transcript.engine,
                padding_left=asked.padding,
                padding_right=asked.padding,
            ),
            **await self._common(asked),
        )
        return Started(video, await self._run(CLIPS, request, video, asked, key))

    async def _run(
        self, pipeline: Pipeline, request: VideoRequest, video: Video, asked: AskedRun, key: str | None
    ) -> Run:
        """Return the run that did exactly this, or go on with the one that did not come through, or begin one."""
        webhook = asked.asked_webhook()
        async with self._database.read() as session:
            runs = Runs(session)
            repeated = await runs.by_idempotency_key(key) if key else None
            made_of = fingerprint({"pipeline": pipeline.name, "config": request.model_dump(mode="json")})
            standing = await runs.newest(video.identifier, pipeline.name, made_of)
        if repeated is None and not request.fresh and standing is not None:
            status = RunStatus(standing.status)
            if status is RunStatus.COMPLETED:
                if webhook is not None:
                    await self._desk.tell(standing, webhook)
                return standing
            if status.finished:
                return await self._desk.retry(standing.identifier, webhook=webhook)
        return await self._desk.submit(
            pipeline,
            request,
            subject=video.identifier,
            video_key=video.id,
            priority=asked.priority,
            idempotency_key=key,
            webhook=webhook,
        )

    async def _moments(self, source: Source, options: RunOptions) -> MomentsRequest:
        generator = await self._models.resolve(options.generation_model)
        refiner = await self._models.resolve(options.refinement_model)
        return MomentsRequest(
            source=source,
            speech=await self._checked_speech(options.transcriber),
            generation=GenerationOptions(model=generator.key, find=options.find(), sampling=options.sampling()),
            refinement=_refinement(refiner, options.sampling()),
            delivery=options.delivery(),
            **await self._common(options),
        )

    async def _checked_speech(self, key: str | None) -> SpeechOptions:
        key = key or self._settings.speech.transcriber
        if key is not None and key not in {recogniser.key for recogniser in recognisers()}:
            await self._models.resolve(key, ModelKind.ASR)
        return SpeechOptions(transcriber=key)

    async def _speech(self, video: Video, key: str | None) -> SpeechOptions:
        """Return how a video's speech becomes words: as it did before, unless another transcriber is named."""
        if key is None:
            async with self._database.read() as session:
                before = await Listing(session).newest_config(video.identifier, "speech")
            if before is not None:
                return SpeechOptions.model_validate(before)
        return await self._checked_speech(key)

    async def _source(self, video: Video) -> Source:
        """Return a video's source as its first run named it, so that what was made of it still counts."""
        async with self._database.read() as session:
            before = await Listing(session).newest_config(video.identifier, "source")
        if before is not None:
            return Source.model_validate(before)
        if video.source_url is None:
            raise InvalidRequest("the upload of this video was never finished; upload it again")
        return Source(url=video.source_url)

    async def _video(self, identifier: str) -> Video:
        async with self._database.read() as session:
            return await Videos(session).get(identifier)

    async def _common(self, asked: AskedRun) -> dict[str, Any]:
        """Return what every request has, once the address of its webhook is found to be one that may be called."""
        webhook = asked.asked_webhook()
        if webhook is not None:
            await check_url(webhook.url, self._settings.download)
        return {"fresh": asked.force, "metadata": asked.metadata}

    async def _checked_url(self, url: str) -> str:
        await check_url(url, self._settings.download)
        return canonical_url(url)


def _refinement(model: ModelEntry, sampling: Sampling, prompt: str | None = None) -> RefinementOptions:
    return RefinementOptions(model=model.key, sampling=sampling, watches_video=model.supports_video, prompt=prompt)


def _chosen(moments: Sequence[MomentRow]) -> ChosenMoments:
    return ChosenMoments(
        moments=tuple(
            GeneratedMoment(
                identifier=moment.identifier,
                title=moment.title,
                start_time=moment.start_time,
                end_time=moment.end_time,
                score=moment.score or 0.0,
                reason=moment.reason or "",
                provenance=tuple(
                    Step.model_validate({name: step[name] for name in Step.model_fields}) for step in moment.provenance
                ),
            )
            for moment in moments
        )
    )
