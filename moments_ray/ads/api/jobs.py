"""Ads: made, listed, looked at, followed, stopped, gone on with, deleted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from moments_ray.ads.api.dependencies import Scene, Service, Variant
from moments_ray.ads.api.schemas import AdDetail, AdPage, AdStageView, AdView
from moments_ray.ads.api.views import ad_detail, ad_views
from moments_ray.ads.options import JobStatus, RetryAd
from moments_ray.ads.queries.ads import AdFilter, Ads
from moments_ray.ads.script.styles import StyleName
from moments_ray.ads.service import StartedAd
from moments_ray.ads.status import job_status
from moments_ray.ads.values import AdResult, SceneFilms, scene_key
from moments_ray.database.tables import Run
from moments_ray.engine.queries.runs import Runs
from moments_ray.errors import NotFound
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies, Identifier
from moments_ray.http.event_stream import EventStream, events_of_run
from moments_ray.http.paging import SSE, After, AfterEvent, Limit, cursor_of
from moments_ray.http.problems import problems
from moments_ray.http.redirects import SIGNED, DownloadQuery, RedirectQuery, signed_answer
from moments_ray.states import RunStatus

router = APIRouter(prefix="/api/ads/jobs", tags=["ads"])

_NO_RETRY = RetryAd()


@router.get("")
async def list_ads(
    dependencies: Dependencies,
    after: After,
    *,
    limit: Limit = 50,
    status: Annotated[list[JobStatus], Query(max_length=5, description="any of these")] = [],  # noqa: B006 - FastAPI copies it
    style: Annotated[list[StyleName], Query(max_length=4, description="any of these")] = [],  # noqa: B006
) -> AdPage:
    """List ads, the newest first."""
    wanted = AdFilter(statuses=[each for each in RunStatus if job_status(each) in status], styles=style)
    async with dependencies.environment.database.read() as session:
        page, total = await Ads(session).page(wanted, after, limit), await Ads(session).total(wanted)
        items = await ad_views(dependencies, session, page.rows)
    return AdPage(
        items=items,
        next_cursor=cursor_of(page.next_key),
        total=total.count,
        total_is_exact=total.exact,
        limit=limit,
        offset=0,
    )


@router.get("/{ad_id}", responses=problems(404))
async def read_ad(dependencies: Dependencies, ad_id: Identifier) -> AdDetail:
    """Return an ad with its stages, films and receipts."""
    async with dependencies.environment.database.read() as session:
        return await ad_detail(dependencies, session, await Ads(session).get(ad_id))


@router.get("/{ad_id}/stages", responses=problems(404))
async def list_ad_stages(dependencies: Dependencies, ad_id: Identifier) -> list[AdStageView]:
    """Return how the four stages of an ad stand."""
    async with dependencies.environment.database.read() as session:
        return (await ad_detail(dependencies, session, await Ads(session).get(ad_id))).stages


@router.get(
    "/{ad_id}/events",
    response_class=Response,
    responses={200: {"content": {SSE: {"schema": {"type": "string"}}}}, **problems(404)},
)
async def follow_ad(dependencies: Dependencies, ad_id: Identifier, *, after: AfterEvent = None) -> Response:
    """Follow the newest run of an ad as ``text/event-stream`` until it is finished."""
    run = await newest_run(dependencies, ad_id)
    return EventStream(events_of_run(dependencies, run.identifier, after or 0))


@router.get("/{ad_id}/video", response_class=Response, responses=SIGNED)
async def watch_ad(
    dependencies: Dependencies,
    ad_id: Identifier,
    *,
    variant: Variant = 1,
    redirect: RedirectQuery = True,
    download: DownloadQuery = False,
) -> Response:
    """Redirect to an ad's film, which can be read by ranges."""
    run = await newest_run(dependencies, ad_id)
    films = AdResult.model_validate(run.result).films if run.result else ()
    uri = dependencies.environment.store.uri(films[variant - 1]) if len(films) >= variant else None
    filename = f"ad-{ad_id[:8]}-{variant}.mp4" if download else None
    return await signed_answer(dependencies, uri, "The film", redirect=redirect, filename=filename)


@router.get("/{ad_id}/scenes/{scene}/picture", response_class=Response, responses=SIGNED)
async def look_at_ad_scene(
    dependencies: Dependencies, ad_id: Identifier, scene: Scene, *, variant: Variant = 1, redirect: RedirectQuery = True
) -> Response:
    """Redirect to the picture of a scene as it was made last: a film without sound, or a still."""
    async with dependencies.environment.database.read() as session:
        output = await Ads(session).newest_output((await Ads(session).get(ad_id)).identifier, "VIDEO_GEN")
    films = SceneFilms.model_validate(output or {"items": ()}).items
    name = next((film.name for film in films if film.key == scene_key(variant, scene)), None)
    uri = None if name is None else dependencies.environment.store.uri(name)
    return await signed_answer(dependencies, uri, "The scene", redirect=redirect)


@router.delete("/{ad_id}", status_code=204, response_class=Response, responses=problems(404, 409))
async def delete_ad(service: Service, ad_id: Identifier) -> Response:
    """Delete an ad whose run is finished, with everything that belongs to it."""
    await service.delete(ad_id)
    return Response(status_code=204)


@router.post("/{ad_id}/cancel", status_code=202, responses=problems(404, 409))
async def cancel_ad(dependencies: Dependencies, service: Service, ad_id: Identifier) -> AdView:
    """Stop an ad's run; what was charged stays charged."""
    await service.cancel(ad_id)
    async with dependencies.environment.database.read() as session:
        return (await ad_views(dependencies, session, [await Ads(session).get(ad_id)]))[0]


@router.post("/{ad_id}/retry", status_code=202, responses=problems(404, 409))
async def retry_ad(
    dependencies: Dependencies, service: Service, ad_id: Identifier, response: Response, asked: RetryAd = _NO_RETRY
) -> AdView:
    """Go on with an ad where it stopped, or make it again from a stage on."""
    return await shown_start(dependencies, await service.retry(ad_id, asked), response)


async def shown_start(dependencies: Container, started: StartedAd, response: Response) -> AdView:
    """Show an ad that was started, and where it is."""
    response.headers["Location"] = f"/api/ads/jobs/{started.ad.identifier}"
    async with dependencies.environment.database.read() as session:
        return (await ad_views(dependencies, session, [await Ads(session).get(started.ad.identifier)]))[0]


async def newest_run(dependencies: Container, ad_id: str) -> Run:
    """Return the newest run of an ad.

    Raises:
        NotFound: there is no such ad, or it has had none.
    """
    async with dependencies.environment.database.read() as session:
        ad = await Ads(session).get(ad_id)
        run = (await Ads(session).newest_runs([ad])).get(ad_id)
        if run is None:
            raise NotFound(f"Ad {ad_id} has had no run yet.")
        return await Runs(session).get(run.identifier)
