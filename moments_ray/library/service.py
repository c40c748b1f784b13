"""What the library does on request: makes videos of sources and transcripts of speech, unless they are stored."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from moments_ray.database.tables import Run, Video
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.service import RunService, StartedRun
from moments_ray.http.orders import checked_webhook, order_of
from moments_ray.http.schemas.options import BaseRunOptions
from moments_ray.library.options import TranscriptOptions
from moments_ray.library.pipelines import IMPORT, TRANSCRIPT
from moments_ray.library.queries.videos import Videos, get_or_create_video
from moments_ray.library.requests import source_of
from moments_ray.library.roles import TRANSCRIBER
from moments_ray.library.values import Source, SpeechOptions, TranscriptRequest, VideoRequest
from moments_ray.media.downloaded import clean_title, file_name
from moments_ray.media.guard import canonical_url, check_url
from moments_ray.models.registry import ModelRegistry
from moments_ray.speech.recognisers import recognisers
from moments_ray.states import RunStatus, VideoStatus

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")


@dataclass(frozen=True)
class Address:
    """Where a video is: at a URL, in a file here, or in the store; ``canonical`` makes two addresses one video's.

    ``warnings`` say what is wrong with a file that can be used all the same.
    """

    canonical: str
    url: str | None = None
    path: str | None = None
    stored: str | None = None
    warnings: tuple[str, ...] = ()

    def source(self, video: str) -> Source:
        """Return it as the source of a video of the library."""
        return Source(video=video, url=self.url, path=self.path, stored=self.stored)


@dataclass(frozen=True)
class Started:
    """A video and the run that a request came to; ``known`` where both were there and nothing was started."""

    video: Video
    run: Run | None
    known: bool = False


class LibraryService:
    """Where videos are added and transcribed, and where products that work on videos find what they share."""

    def __init__(self, environment: Environment, run_service: RunService, models: ModelRegistry) -> None:
        self.database = environment.database
        self.models = models
        self._settings = environment.settings
        self.run_service = run_service

    async def add(
        self, found: Address, start: Callable[[Source], Awaitable[StartedRun]], *, title: str | None, key: str | None
    ) -> Started:
        """Make what is at an address a video and ``start`` a run of it, or find the video that it is already.

        Raises:
            InvalidRequest: the idempotency key was used for something else, or the options make no sense.
        """
        video, _ = await get_or_create_video(
            self.database.row, found.canonical, source_url=found.url, title=clean_title(title or "")
        )
        async with self.database.read() as session:
            newest = (await RunLists(session).runs(None, 1, subject=video.identifier)).rows
            repeated = await Runs(session).by_idempotency_key(key) if key else None
        if newest and repeated is None and not _never_came(video, newest[0]):
            return Started(video, newest[0], known=True)
        return started(video, await start(found.source(video.identifier)))

    async def fetch(self, source: Source, options: BaseRunOptions, key: str | None) -> StartedRun:
        """Fetch a video's bytes, and do nothing more with it."""
        request = VideoRequest(source=source, **await self.common(options))
        return await self.run_service.start(IMPORT, request, order_of(options, key))

    async def transcript(self, video_id: str, options: TranscriptOptions, key: str | None) -> Started:
        """Transcribe a video.

        Raises:
            NotFound: there is no such video.
            RunActive: it has an active run.
        """
        video = await self.video(video_id)
        speech = await self.speech(video, options)
        request = TranscriptRequest(source=await self.source(video), speech=speech, **await self.common(options))
        return started(video, await self.run_service.start(TRANSCRIPT, request, order_of(options, key)))

    async def checked_speech(self, options: TranscriptOptions) -> SpeechOptions:
        """Return how speech becomes words by the transcriber that was asked for, or by the deployment's choice.

        Raises:
            UnknownModel: there is no such transcriber.
        """
        key = options.transcriber or self._settings.speech.transcriber
        if key is not None and key not in {recogniser.key for recogniser in recognisers()}:
            await self.models.resolve(key, TRANSCRIBER)
        return SpeechOptions(transcriber=key, language=options.language, hot_words=options.hot_words)

    async def speech(self, video: Video, options: TranscriptOptions) -> SpeechOptions:
        """Return how a video's speech becomes words: as it did before, unless something is asked of it."""
        if options.transcriber is None and options.language is None and options.hot_words is None:
            async with self.database.read() as session:
                before = await RunLists(session).newest_config(video.identifier, "speech")
            if before is not None:
                return SpeechOptions.model_validate(before)
        return await self.checked_speech(options)

    async def source(self, video: Video) -> Source:
        """Return a video's source as its first run named it, so that what was made of it still counts."""
        async with self.database.read() as session:
            before = await RunLists(session).newest_config(video.identifier, "source")
        return source_of(video.identifier, video.source_url, before)

    async def video(self, identifier: str) -> Video:
        """Return a video.

        Raises:
            NotFound: there is none of this identifier.
        """
        async with self.database.read() as session:
            return await Videos(session).get(identifier)

    async def common(self, options: BaseRunOptions) -> dict[str, Any]:
        """Return what every request has, once the address of its webhook is found to be one that may be called."""
        await self.check_webhook(options)
        return {"force": options.force, "metadata": options.metadata}

    async def check_webhook(self, options: BaseRunOptions) -> None:
        """Refuse a webhook whose address may not be called; raises as ``checked_url``."""
        await checked_webhook(options, self._settings.download)

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


def started(video: Video, outcome: StartedRun) -> Started:
    """Return a video with the run that a request of it came to."""
    return Started(video, outcome.run, known=outcome.reused)


def media_file_name(video: Video) -> str:
    """Return what a video's bytes are called where they are saved, and where timelines look for them."""
    suffix = PurePath(video.cloud_url or "").suffix
    return file_name(video.title or "video", suffix if _SUFFIX.fullmatch(suffix) else ".mp4")
