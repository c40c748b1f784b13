"""What is done with moments on request: found, refined and cut; what is stored is not made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moments_ray.database.tables import ClipRow, MomentRow, Video
from moments_ray.engine.pipeline import Pipeline
from moments_ray.engine.runs.service import StartedRun
from moments_ray.errors import InvalidRequest, NothingToDo
from moments_ray.http.orders import order_of
from moments_ray.http.schemas.options import BaseRunOptions
from moments_ray.library.options import TranscriptOptions
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.service import Address, LibraryService, Started, started
from moments_ray.library.values import Source, SpeechOptions, VideoRequest
from moments_ray.models.conversation import Sampling
from moments_ray.models.entry import ModelEntry
from moments_ray.moments.finding.options import MAX_SECONDS, MIN_SECONDS, find_options
from moments_ray.moments.options import ExtractClipsOptions, RefineMomentOptions, RunOptions
from moments_ray.moments.pipelines import CLIPS, GENERATION, MOMENTS, REFINEMENT
from moments_ray.moments.queries.clips import ClipQueries, is_stale
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.queries.sets import MomentSets
from moments_ray.moments.requests import selected_moments
from moments_ray.moments.roles import MOMENT_GENERATOR, REFINER
from moments_ray.moments.values import (
    ClipOptions,
    ClipsRequest,
    DeliveryOptions,
    GenerationOptions,
    GenerationRequest,
    MomentsRequest,
    RefinementOptions,
    RefinementRequest,
)
from moments_ray.states import SetStatus, VideoStatus


class MomentsService:
    """Starts runs that find, refine and cut moments."""

    def __init__(self, library: LibraryService) -> None:
        self._library = library
        self._runs = library.run_service
        self._database = library.database
        self._models = library.models

    async def check(self, options: RunOptions) -> None:
        """Refuse options that no run can be made with, before anything is stored; raises as ``add``."""
        await self._parts(options)

    async def add(
        self, found: Address, options: RunOptions, *, title: str | None, process: bool, key: str | None
    ) -> Started:
        """Make what is at an address a video, with ``process`` find its moments; raises as the library's ``add``."""
        parts = await self._parts(options) if process else None

        async def start(source: Source) -> StartedRun:
            if parts is None:
                return await self._library.fetch(source, options, key)
            return await self._runs.start(MOMENTS, MomentsRequest(source=source, **parts), order_of(options, key))

        return await self._library.add(found, start, title=title, key=key)

    async def add_url(
        self, url: str, options: RunOptions, *, title: str | None, process: bool, key: str | None
    ) -> Started:
        """Make the video at a URL known; else as ``add``.

        Raises:
            UrlNotAllowed: it may not be fetched.
            DownloadUnavailable: its host does not exist.
        """
        found = Address(await self._library.checked_url(url), url=url)
        return await self.add(found, options, title=title, process=process, key=key)

    async def moments_of_url(
        self, url: str, options: RunOptions, key: str | None, *, candidate: bool = False
    ) -> Started:
        """Bring the video at a URL, known or not, to its moments; raises as ``add_url``, and RunActive."""
        canonical = await self._library.checked_url(url)
        parts = await self._parts(options, candidate=candidate)
        video, _ = await get_or_create_video(self._database.row, canonical, source_url=url)
        known = video.source_url not in {None, url} and video.status == VideoStatus.READY
        # Another spelling of the same address: the stages know the first one. One that never came may have expired.
        source = await self._library.source(video) if known else Source(video=video.identifier, url=url)
        request = MomentsRequest(source=source, **parts)
        return await self._show(started(video, await self._runs.start(MOMENTS, request, order_of(options, key))), parts)

    async def moments(self, video_id: str, options: RunOptions, key: str | None, *, candidate: bool = False) -> Started:
        """Bring a video to its moments; those of a ``candidate`` set are not shown until it is promoted.

        Raises:
            NotFound: there is no such video.
            RunActive: it has an active run.
        """
        video = await self._library.video(video_id)
        parts = await self._parts(options, candidate=candidate)
        return await self._start(MOMENTS, MomentsRequest, video, parts, options, key=key)

    async def generation(
        self, video_id: str, options: RunOptions, key: str | None, *, candidate: bool = False
    ) -> Started:
        """Find a video's moments, and neither refine nor cut them; raises as ``moments``."""
        video = await self._library.video(video_id)
        whole = await self._parts(options, candidate=candidate)
        parts = {name: value for name, value in whole.items() if name in GenerationRequest.model_fields}
        parts["speech"] = await self._library.speech(video, options)
        return await self._start(GENERATION, GenerationRequest, video, parts, options, key=key)

    async def refinement(self, video_id: str, moment_id: str, options: RefineMomentOptions, key: str | None) -> Started:
        """Refine a moment into a child of it; raises as ``moments``."""
        video = await self._library.video(video_id)
        async with self._database.read() as session:
            moment = await Moments(session).get(moment_id, video.id)
        model = await self._models.resolve(options.refinement_model, REFINER)
        seconds = moment.end_time - moment.start_time
        find = find_options(min_seconds=min(MIN_SECONDS, seconds / 2), max_seconds=max(MAX_SECONDS, seconds * 2))
        parts = {
            "speech": await self._library.speech(video, TranscriptOptions()),
            "generation": GenerationOptions(find=find),
            "refinement": _refinement(model, Sampling(), options.prompt),
            "delivery": DeliveryOptions(preset=options.preset, burn_captions=options.burn_captions),
            "selected": selected_moments([moment]),
            **await self._library.common(options),
        }
        return await self._start(REFINEMENT, RefinementRequest, video, parts, options, key=key)

    async def clips(self, video_id: str, options: ExtractClipsOptions, key: str | None) -> Started:
        """Cut clips of moments; raises as ``moments``, and InvalidRequest where they or their words are not there."""
        video = await self._library.video(video_id)
        async with self._database.read() as session:
            if options.moment_ids is None:
                moments = await Moments(session).of_video(video.id)
            else:
                moments = [await Moments(session).get(each, video.id) for each in dict.fromkeys(options.moment_ids)]
            transcript = await Transcripts(session).get(video.id) if options.burn_captions else None
            clips_of = await ClipQueries(session).clips_of([moment.id for moment in moments])
        if options.only_stale:
            moments = [each for each in moments if _has_stale_clip(each, clips_of[each.id], options.preset)]
        if options.burn_captions and transcript is None:
            raise InvalidRequest("There is no transcript to draw captions from yet; ask for one first.")
        if options.only_stale and not moments:
            raise NothingToDo(f"No clip of preset {options.preset} is out of date: there is nothing to cut again.")
        if not moments:
            raise NothingToDo("The video has no moments to cut; find some first, or add them.")
        clips = ClipOptions(
            preset=options.preset,
            captions_by=None if transcript is None else transcript.engine,
            padding_left=options.padding,
            padding_right=options.padding,
        )
        parts = {"selected": selected_moments(moments), "clips": clips, **await self._library.common(options)}
        return await self._start(CLIPS, ClipsRequest, video, parts, options, key=key)

    async def recut(self, video_id: str, moment_id: str) -> Started | None:
        """Cut the newest clip of a moment again; None where it shows the moment's edges. Raises as ``moments``."""
        video = await self._library.video(video_id)
        async with self._database.read() as session:
            moment = await Moments(session).get(moment_id, video.id)
            clips = (await ClipQueries(session).clips_of([moment.id]))[moment.id]
        if not clips or not is_stale(clips[-1], moment):
            return None
        options = ExtractClipsOptions.model_validate({"moment_ids": [moment_id], "preset": clips[-1].preset})
        return await self.clips(video_id, options, None)

    async def _show(self, outcome: Started, parts: Mapping[str, Any]) -> Started:
        """Have users see what a run found that did exactly what is asked for, and was not started again."""
        generation = parts.get("generation")
        candidate = isinstance(generation, GenerationOptions) and generation.candidate
        if outcome.known and outcome.run is not None and not candidate:
            async with self._database.begin() as session:
                found = await MomentSets(session).made_by(outcome.run.id)
                if found is not None and found.status != SetStatus.CURRENT:
                    await MomentSets(session).promote(found)
        return outcome

    async def _start(
        self,
        pipeline: Pipeline,
        takes: type[VideoRequest],
        video: Video,
        parts: Mapping[str, Any],
        options: BaseRunOptions,
        *,
        key: str | None,
    ) -> Started:
        request = takes(source=await self._library.source(video), **parts)
        outcome = started(video, await self._runs.start(pipeline, request, order_of(options, key)))
        return await self._show(outcome, parts)

    async def _parts(self, options: RunOptions, *, candidate: bool = False) -> dict[str, Any]:
        """Return what a request for moments has beside its source."""
        generator = await self._models.resolve(options.generation_model, MOMENT_GENERATOR)
        refiner = await self._models.resolve(options.refinement_model, REFINER)
        speech = await self._library.checked_speech(options)
        await self._library.check_webhook(options)
        return moments_parts(speech, generator, refiner, options, candidate=candidate)


def moments_parts(
    speech: SpeechOptions, generator: ModelEntry, refiner: ModelEntry, options: RunOptions, *, candidate: bool = False
) -> dict[str, Any]:
    """Return what a request for moments has beside its source."""
    delivery = DeliveryOptions(
        deliver_clips=options.deliver_clips, preset=options.preset, burn_captions=options.burn_captions
    )
    generation = GenerationOptions(
        model=generator.key,
        find=options.find(),
        sampling=options.sampling(),
        site_signals=options.site_signals,
        chapters=options.chapters,
        candidate=candidate,
    )
    return {
        "speech": speech,
        "generation": generation,
        "refinement": _refinement(refiner, options.sampling()),
        "delivery": delivery,
        "force": options.force,
        "metadata": options.metadata,
    }


def _refinement(model: ModelEntry, sampling: Sampling, prompt: str | None = None) -> RefinementOptions:
    return RefinementOptions(model=model.key, sampling=sampling, watches_video=model.supports_video, prompt=prompt)


def _has_stale_clip(moment: MomentRow, clips: Sequence[ClipRow], preset: str) -> bool:
    return any(is_stale(clip, moment) for clip in clips if clip.preset == preset)
