"""What is done with ads on request: made, made again from a stage or a scene on, edited, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from moments_ray.ads.options import AdOptions, RegenerateScene, RetryAd, StageName
from moments_ray.ads.pipelines import ADS, PIPELINES
from moments_ray.ads.queries.ads import Ads
from moments_ray.ads.requests import AdRequests, Uploads
from moments_ray.ads.stages.script import require_sayable
from moments_ray.ads.values import (
    AdRequest,
    Numbers,
    Scripts,
    Takes,
)
from moments_ray.database.tables import AdRow, Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunOrder, RunService
from moments_ray.errors import Conflict, InvalidRequest, RunActive
from moments_ray.http.orders import checked_webhook, order_of
from moments_ray.ids import derived_identifier, new_identifier
from moments_ray.models.registry import ModelRegistry
from moments_ray.states import RunStatus


@dataclass(frozen=True)
class StartedAd:
    """An ad and its newest run."""

    ad: AdRow
    run: Run


class AdService:
    """Starts the runs of ads."""

    def __init__(self, environment: Environment, run_service: RunService, registry: ModelRegistry) -> None:
        self._environment = environment
        self._database = environment.database
        self._runs = run_service
        self.requests = AdRequests(environment, registry)

    async def create(
        self, options: AdOptions, uploads: Uploads, key: str | None, *, identifier: str | None = None
    ) -> StartedAd:
        """Make an ad, with an identifier of its caller's own; the same idempotency key again gives the same one.

        Raises:
            InvalidRequest: the options contradict each other, or the key was used for something else.
            PictureUnusable: a picture is none.
            UnknownModel: nobody of this key can do it.
        """
        await checked_webhook(options, self._environment.settings.download)
        identifier = identifier or (derived_identifier("ad", key) if key else new_identifier())
        request = await self.requests.of_new(identifier, options, uploads)
        return await self._start(request, order_of(options, key), options.stop_after)

    async def cancel(self, identifier: str) -> Run:
        """Ask an ad's run to stop.

        Raises:
            NotFound: there is no such ad.
            Conflict: nothing of it is under way.
        """
        _, run = await self._newest(identifier)
        if run is None or RunStatus(run.status).finished:
            raise Conflict(f"Nothing of ad {identifier} is under way: there is nothing to cancel.")
        return await self._runs.cancel(run.identifier)

    async def retry(self, identifier: str, asked: RetryAd) -> StartedAd:
        """Go on with an ad where it stopped, or make it again from a stage on.

        Raises:
            NotFound: there is no such ad.
            RunActive: a run of it is under way.
        """
        ad, run = await self._newest(identifier)
        _require_quiet(run)
        request = AdRequest.model_validate(ad.request)
        if asked.from_stage is not None:
            request = made_again_from(asked.from_stage, request)
        async with self._database.begin() as session:
            row = await Ads(session).get(identifier, lock=True)
            row.request, row.stop_after = request.model_dump(mode="json"), None
            if asked.max_cost_usd is not None:
                row.budget_usd = Decimal(str(asked.max_cost_usd))
        if run is not None and _goes_on(run, request):
            return StartedAd(row, await self._runs.retry(run.identifier))
        return await self._start(request, RunOrder(force=True, metadata=request.metadata), None)

    async def edit_scripts(self, identifier: str, scripts: Scripts) -> AdRow:
        """Have an ad say other words from its next run on.

        Raises:
            NotFound: there is no such ad.
            RunActive: a run of it is under way.
            ScriptInvalid: a script says what it may not; there is another number of them.
        """
        ad, run = await self._newest(identifier)
        _require_quiet(run)
        request = AdRequest.model_validate(ad.request)
        if len(scripts.items) != request.brief.variants:
            raise InvalidRequest(f"The ad has {request.brief.variants} variants: give a script for each.")
        for script in scripts.items:
            require_sayable(script, request.brief, request.makers.speaker)
        edited = request.model_copy(update={"brief": request.brief.model_copy(update={"scripts": scripts.items})})
        async with self._database.begin() as session:
            row = await Ads(session).get(identifier, lock=True)
            row.request = edited.model_dump(mode="json")
        return row

    async def regenerate(self, identifier: str, scene: int, asked: RegenerateScene) -> StartedAd:
        """Make one scene again, and the film with it; raises as ``retry``."""
        ad, run = await self._newest(identifier)
        _require_quiet(run)
        request = AdRequest.model_validate(ad.request)
        takes = request.takes
        index = scene - 1
        takes = Takes(
            voices=_raised(takes.voices, index) if asked.voice else takes.voices,
            films=_raised(takes.films, index) if asked.picture else takes.films,
        )
        request = request.model_copy(update={"takes": takes})
        async with self._database.begin() as session:
            row = await Ads(session).get(identifier, lock=True)
            row.request = request.model_dump(mode="json")
        return await self._start(request, RunOrder(force=True, metadata=request.metadata), None)

    async def delete(self, identifier: str) -> None:
        """Delete an ad with its runs and objects.

        Raises:
            NotFound: there is no such ad.
            Conflict: a run of it is under way.
        """
        _, run = await self._newest(identifier)
        if run is not None and not RunStatus(run.status).finished:
            raise Conflict(f"A run of ad {identifier} is under way: cancel it first.")
        await self._environment.store.delete_prefix(f"{ADS.folder(identifier)}/")
        async with self._database.begin() as session:
            runs = await Ads(session).delete(await Ads(session).get(identifier, lock=True))
        await LiveStatus(self._environment.redis).forget(identifier, runs)

    async def _newest(self, identifier: str) -> tuple[AdRow, Run | None]:
        async with self._database.read() as session:
            ad = await Ads(session).get(identifier)
            return ad, (await Ads(session).newest_runs([ad])).get(identifier)

    async def _start(self, request: AdRequest, order: RunOrder, stop_after: StageName | None) -> StartedAd:
        started = await self._runs.start(PIPELINES[stop_after or "compositing"], request, order)
        async with self._database.begin() as session:
            ad = await Ads(session).get(request.ad, lock=True)
            ad.run_id = started.run.id
        return StartedAd(ad, started.run)


def made_again_from(stage: StageName, request: AdRequest) -> AdRequest:
    """Return a request of which nothing from a stage on is taken from earlier runs."""
    takes, brief = request.takes, request.brief
    if stage == "script_gen":
        brief = brief.model_copy(update={"take": brief.take + 1, "scripts": ()})
    if stage in {"script_gen", "voice_gen"}:
        takes = takes.model_copy(update={"voices": _all_raised(takes.voices)})
    if stage != "compositing":
        takes = takes.model_copy(update={"films": _all_raised(takes.films)})
    return request.model_copy(update={"brief": brief, "takes": takes})


def _all_raised(numbers: Numbers) -> Numbers:
    one, two, three, four = numbers
    return one + 1, two + 1, three + 1, four + 1


def _raised(numbers: Numbers, index: int) -> Numbers:
    one, two, three, four = (number + (place == index) for place, number in enumerate(numbers))
    return one, two, three, four


def _goes_on(run: Run, request: AdRequest) -> bool:
    """Tell whether a run that ended early was asked for just this."""
    ended_early = run.status in {RunStatus.FAILED, RunStatus.CANCELLED}
    return ended_early and run.pipeline == ADS.name and run.config == request.model_dump(mode="json")


def _require_quiet(run: Run | None) -> None:
    if run is not None and not RunStatus(run.status).finished:
        raise RunActive("A run of this ad is under way: wait for its end, or cancel it.", {"run": run.identifier})
