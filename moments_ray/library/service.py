"""What is asked of the library: a source made a video, its speech made words, without doing again what stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moments_ray.database.tables import Run, Video
from moments_ray.engine.environment import Environment
from moments_ray.engine.pipeline import Pipeline
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.service import Desk
from moments_ray.errors import InvalidRequest
from moments_ray.http.schemas.asked import AskedRun
from moments_ray.http.webhooks import checked_webhook, webhook_of
from moments_ray.ids import fingerprint
from moments_ray.library.options import TranscriptAsked
from moments_ray.library.pipelines import IMPORT, TRANSCRIPT
from moments_ray.library.queries.videos import Videos
from moments_ray.library.roles import TRANSCRIBER
from moments_ray.library.values import Source, SpeechOptions, TranscriptRequest, VideoRequest
from moments_ray.media.downloaded import clean_title
from moments_ray.media.guard import canonical_url, check_url
from moments_ray.models.registry import ModelRegistry
from moments_ray.speech.recognisers import recognisers
from moments_ray.states import RunStatus, VideoStatus


@dataclass(frozen=True)
class Started:
    """A video and the run that a request came to; ``known`` where both were there and nothing was started."""

    video: Video
    run: Run | None
    known: bool = False


class LibraryService:
    """Where videos are added and transcribed, and where products that work on videos find what they share."""

    def __init__(self, environment: Environment, desk: Desk, models: ModelRegistry) -> None:
        self.database = environment.database
        self.models = models
        self._settings = environment.settings
        self._desk = desk

    async def add(
        self,
        canonical: str,
        source: Source,
        asked: AskedRun,
        *,
        title: str | None,
        key: str | None,
        processing: tuple[Pipeline, VideoRequest] | None = None,
    ) -> Started:
        """Make a source a video and fetch it, or find the video that it is already.

        ``processing`` is what to run on it beyond fetching.

        Raises:
            InvalidRequest: the idempotency key was used for something else, or the options make no sense.
        """
        pipeline, request = processing or (IMPORT, VideoRequest(source=source, **await self.common(asked)))
        async with self.database.begin() as session:
            video, _ = await Videos(session).get_or_create(
                canonical, source_url=source.url, title=clean_title(title or "")
            )
            newest = (await RunLists(session).runs(None, 1, subject=video.identifier)).rows
            repeated = await Runs(session).by_idempotency_key(key) if key else None
        if newest and repeated is None and not _never_came(video, newest[0]):
            return Started(video, newest[0], known=True)
        return await self.run(pipeline, request, video, asked, key)

    async def transcript(self, video_id: str, asked: TranscriptAsked, key: str | None) -> Started:
        """Transcribe a video.

        Raises:
            NotFound: there is no such video.
            RunActive: it has an active run.
        """
        video = await self.video(video_id)
        speech = await self.speech(video, asked)
        request = TranscriptRequest(source=await self.source(video), speech=speech, **await self.common(asked))
        return await self.run(TRANSCRIPT, request, video, asked, key)

    async def run(
        self, pipeline: Pipeline, request: VideoRequest, video: Video, asked: AskedRun, key: str | None
    ) -> Started:
        """Return the run that did exactly this, or go on with the one that did not come through, or begin one."""
        webhook = webhook_of(asked)
        async with self.database.read() as session:
            runs = Runs(session)
            repeated = await runs.by_idempotency_key(key) if key else None
            made_of = fingerprint({"pipeline": pipeline.name, "config": request.model_dump(mode="json")})
            standing = await runs.newest(video.identifier, pipeline.name, made_of)
        if repeated is None and not request.fresh and standing is not None:
            status = RunStatus(standing.status)
            if status is RunStatus.COMPLETED:
                if webhook is not None:
                    await self._desk.tell(standing, webhook)
                return Started(video, standing, known=True)
            if status.finished:
                return Started(video, await self._desk.retry(standing.identifier, webhook=webhook))
        run = await self._desk.submit(
            pipeline,
            request,
            subject=video.identifier,
            video_key=video.id,
            priority=asked.priority,
            idempotency_key=key,
            webhook=webhook,
        )
        return Started(video, run)

    async def checked_speech(self, asked: TranscriptAsked) -> SpeechOptions:
        """Return how speech becomes words by the transcriber that is asked for, or by the deployment's choice.

        Raises:
            UnknownModel: there is no such transcriber.
        """
        key = asked.transcriber or self._settings.speech.transcriber
        if key is not None and key not in {recogniser.key for recogniser in recognisers()}:
            await self.models.resolve(key, TRANSCRIBER)
        return SpeechOptions(transcriber=key, language=asked.language)

    async def speech(self, video: Video, asked: TranscriptAsked) -> SpeechOptions:
        """Return how a video's speech becomes words: as it did before, unless transcriber or language are named."""
        if asked.transcriber is None and asked.language is None:
            async with self.database.read() as session:
                before = await RunLists(session).newest_config(video.identifier, "speech")
            if before is not None:
                return SpeechOptions.model_validate(before)
        return await self.checked_speech(asked)

    async def source(self, video: Video) -> Source:
        """Return a video's source as its first run named it, so that what was made of it still counts."""
        async with self.database.read() as session:
            before = await RunLists(session).newest_config(video.identifier, "source")
        if before is not None:
            return Source.model_validate(before)
        if video.source_url is None:
            raise InvalidRequest("the upload of this video was never finished; upload it again")
        return Source(url=video.source_url)

    async def video(self, identifier: str) -> Video:
        """Return a video.

        Raises:
            NotFound: there is none of this identifier.
        """
        async with self.database.read() as session:
            return await Videos(session).get(identifier)

    async def common(self, asked: AskedRun) -> dict[str, Any]:
        """Return what every request has, once the address of its webhook is found to be one that may be called."""
        await self.check_webhook(asked)
        return {"fresh": asked.force, "metadata": asked.metadata}

    async def check_webhook(self, asked: AskedRun) -> None:
        """Refuse a webhook whose address may not be called; raises as ``checked_url``."""
        await checked_webhook(asked, self._settings.download)

    async def checked_url(self, url: str) -> str:
        """Return a URL's canonical form.

        Raises:
            UrlNotAllowed: it may not be fetched.
            DownloadUnavailable: its host does not exist.
        """
        await check_url(url, self._settings.download)
        return canonical_url(url)


def _never_came(video: Video, newest: Run) -> bool:
    """Tell whether a video's bytes are not here and nobody is fetching them: whoever asks again may do better."""
    given_up = {RunStatus.FAILED, RunStatus.CANCELLED}
    return video.status == VideoStatus.PENDING and RunStatus(newest.status) in given_up
