"""The run of an item: which options each pipeline takes, and how it is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moments_ray.corpus.queries.items import LedgerEntry
from moments_ray.database.tables import Backfill
from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import InvalidRequest
from moments_ray.http.schemas.options import BaseRunOptions, checked
from moments_ray.library.options import TranscriptOptions
from moments_ray.library.queries.videos import get_or_create_video
from moments_ray.library.service import LibraryService, Started, started
from moments_ray.models.registry import ModelRegistry
from moments_ray.moments.options import ExtractClipsOptions, RunOptions
from moments_ray.moments.service import MomentsService

OPTIONS: Mapping[str, type[BaseRunOptions]] = {
    "moments": RunOptions,
    "generation": RunOptions,
    "transcript": TranscriptOptions,
    "import": BaseRunOptions,
    "clips": ExtractClipsOptions,
}
# What a backfill says itself, of all its runs or in place of them; and moments of one video are no option of many.
_NOT_OF_ITEMS = {"priority": "beside options", "webhook": "beside options", "moment_ids": "with one video"}


class ItemRuns:
    """Starts the runs of items."""

    def __init__(self, environment: Environment, run_service: RunService) -> None:
        self._database = environment.database
        self._library = LibraryService(
            environment, run_service, ModelRegistry(environment.database, environment.redis, environment.settings)
        )
        self._moments = MomentsService(self._library)

    async def check(self, pipeline: str, options: Mapping[str, Any]) -> None:
        """Refuse options that no run can be made with.

        Raises:
            InputError: naming the first that is not valid, or a model that there is not.
        """
        for name, place in _NOT_OF_ITEMS.items():
            if name in options:
                raise InvalidRequest(f"The option {name} of a backfill's runs is not given here, but {place}.")
        given = _options(pipeline, options, 1)
        if isinstance(given, RunOptions):
            await self._moments.check(given)
        elif isinstance(given, TranscriptOptions):
            await self._library.checked_speech(given)

    async def start(self, backfill: Backfill, entry: LedgerEntry) -> tuple[int, int]:
        """Start an item's run, or go on with the one that it had, and return its key and that of its video.

        The same try again gives the same run.

        Raises:
            RunActive: somebody else works on its video; ``detail["run"]`` names the run.
            MomentsError: it cannot be started.
        """
        outcome = await self._started(backfill, entry)
        assert outcome.run is not None  # noqa: S101 - every one of these starts a run, or finds one
        return outcome.run.id, outcome.video.id

    async def _started(self, backfill: Backfill, entry: LedgerEntry) -> Started:
        options = _options(backfill.pipeline, backfill.options, backfill.priority)
        key = f"backfill-{backfill.identifier}-{entry.item.id}-{entry.item.tries + 1}"
        if backfill.pipeline == "moments" and entry.video is None and isinstance(options, RunOptions):
            url, candidate = entry.item.source, backfill.candidate
            return await self._moments.moments_of_url(url, options, key, candidate=candidate)
        video = entry.video or await self._video_of(entry.item.source)
        match options:
            case RunOptions() if backfill.pipeline == "generation":
                return await self._moments.generation(video, options, key, candidate=backfill.candidate)
            case RunOptions():
                return await self._moments.moments(video, options, key, candidate=backfill.candidate)
            case TranscriptOptions():
                return await self._library.transcript(video, options, key)
            case ExtractClipsOptions():
                return await self._moments.clips(video, options, key)
            case _:
                row = await self._library.video(video)
                return started(row, await self._library.fetch(await self._library.source(row), options, key))

    async def _video_of(self, url: str) -> str:
        """Return the video at a URL, made known if it is not."""
        canonical = await self._library.checked_url(url)
        video, _ = await get_or_create_video(self._database.row, canonical, source_url=url)
        return video.identifier


def _options(pipeline: str, options: Mapping[str, Any], priority: int) -> BaseRunOptions:
    return checked(OPTIONS[pipeline], {**options, "priority": priority}, shown=lambda name: f"options.{name}")
