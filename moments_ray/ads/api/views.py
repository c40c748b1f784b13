"""Ads as they are shown: their rows, newest runs, stages and receipts put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from moments_ray.ads.api.schemas import AdDetail, AdError, AdStageView, AdView, FilmView, ReceiptView, SceneView
from moments_ray.ads.money import Receipt, charged
from moments_ray.ads.queries.ads import Ads
from moments_ray.ads.queries.costs import AdCosts
from moments_ray.ads.status import PARTS, STAGES, StageState, job_progress, job_status, stage_of, stage_states
from moments_ray.ads.values import AdResult, SceneFilms, Voices
from moments_ray.database.session import ReadSession
from moments_ray.database.tables import AdRow, Run, RunStage
from moments_ray.engine.queries.run_lists import RunLists
from moments_ray.errors import ItemsFailed
from moments_ray.http.container import Container
from moments_ray.http.redirects import signed_link
from moments_ray.states import RunStatus


async def ad_views(container: Container, session: ReadSession, ads: Sequence[AdRow]) -> list[AdView]:
    """Show ads as lists have them."""
    identifiers = [ad.identifier for ad in ads]
    runs = await Ads(session).newest_runs(ads)
    receipts = await AdCosts(session).receipts(identifiers)
    stages = await Ads(session).newest_stages(identifiers)
    return [
        AdView(
            **await _fields(
                container,
                ad,
                run,
                stages[ad.identifier],
                receipts[ad.identifier],
                failures=await _failures(session, run),
            )
        )
        for ad in ads
        for run in [runs.get(ad.identifier)]
    ]


async def ad_detail(container: Container, session: ReadSession, ad: AdRow) -> AdDetail:
    """Show an ad with its stages, films, scenes and receipts."""
    run = (await Ads(session).newest_runs([ad])).get(ad.identifier)
    receipts = (await AdCosts(session).receipts([ad.identifier]))[ad.identifier]
    stages = (await Ads(session).newest_stages([ad.identifier]))[ad.identifier]
    result = _result(run)
    return AdDetail(
        **await _fields(container, ad, run, stages, receipts, failures=await _failures(session, run)),
        stages=stage_views(ad, run, stages, await _live(container, run), receipts),
        films=await _films(container, ad.identifier, result) if result is not None else [],
        scenes=await scene_views(session, ad.identifier),
        receipts=[ReceiptView(**one.model_dump(include=set(ReceiptView.model_fields))) for one in receipts],
        request=ad.request,
    )


async def _films(container: Container, ad: str, result: AdResult) -> list[FilmView]:
    posters = [(await signed_link(container, container.environment.store.uri(name))).url for name in result.posters]
    return [
        FilmView(variant=number, video_url=f"/api/ads/jobs/{ad}/video?variant={number}", poster_signed_url=poster)
        for number, (_, poster) in enumerate(zip_longest(result.films, posters), 1)
    ]


async def scene_views(session: ReadSession, ad: str) -> list[SceneView]:
    """Show the scenes of an ad as they were made last."""
    films = SceneFilms.model_validate(await Ads(session).newest_output(ad, "VIDEO_GEN") or {"items": ()})
    voices = Voices.model_validate(await Ads(session).newest_output(ad, "VOICE_GEN") or {"items": ()})
    spoken = {one.key: one for one in voices.items}
    shown = []
    for film in films.items:
        variant, scene = (int(part[1:]) for part in film.key.split("-"))
        voice = spoken.get(film.key)
        shown.append(
            SceneView(
                variant=variant,
                scene=scene,
                still=film.still,
                backend=film.backend,
                voice_backend=voice.backend if voice else None,
                voice_seconds=voice.seconds if voice else None,
                warning=film.warning or (voice.warning if voice else None),
                picture_url=f"/api/ads/jobs/{ad}/scenes/{scene}/picture?variant={variant}",
            )
        )
    return shown


def stage_views(
    ad: AdRow,
    run: Run | None,
    stages: Mapping[str, RunStage],
    live: Mapping[str, float],
    receipts: Sequence[Receipt],
) -> list[AdStageView]:
    """Show the four stages of an ad; their ids are four a row of ads, in order."""
    return [
        AdStageView.of(
            ad.identifier,
            (ad.id - 1) * len(STAGES) + number,
            state,
            _stage_data(state, run, stages, receipts),
            _stage_error(state, run),
        )
        for number, state in enumerate(_states(run, stages, live), 1)
    ]


async def _fields(
    container: Container,
    ad: AdRow,
    run: Run | None,
    stages: Mapping[str, RunStage],
    receipts: Sequence[Receipt],
    *,
    failures: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    result = _result(run)
    error = _error(run, failures) if run is not None else None
    fields: dict[str, Any] = {
        "id": ad.identifier,
        "status": job_status(RunStatus(run.status) if run else None),
        "created_at": ad.created_at,
        "updated_at": _updated_at(ad, run, stages),
        "product_name": ad.product_name,
        "style": ad.style,
        "cta_text": ad.cta_text,
        "product_image_path": ad.product_image_name,
        "video_url": None,
        "error_message": error.message if error else None,
        "error": error,
        "cost_usd": float(charged(receipts)),
        "max_cost_usd": float(ad.budget_usd),
        "progress": job_progress(_states(run, stages, await _live(container, run))),
        "stop_after": ad.stop_after,
        "run_id": run.identifier if run else None,
        "warnings": list(result.warnings) if result else [],
        "metadata": ad.request.get("metadata") or {},
    }
    if result is not None and result.video is not None and result.poster is not None:
        video = await signed_link(container, container.environment.store.uri(result.video))
        poster = await signed_link(container, container.environment.store.uri(result.poster))
        fields |= {"video_url": f"/api/ads/jobs/{ad.identifier}/video", "video_signed_url": video.url}
        fields |= {"poster_signed_url": poster.url, "expires_at": video.expires_at}
    return fields


def _error(run: Run, failures: Mapping[str, dict[str, Any]]) -> AdError | None:
    """Return what a run failed with: of many items, what the first failed with says more than that they did."""
    if run.status != RunStatus.FAILED or not run.error:
        return None
    said = {"code": "internal", "message": "", "retryable": False, **run.error}
    if said["code"] == ItemsFailed.code and failures:
        said |= failures[min(failures)]
    return AdError.model_validate({name: said[name] for name in AdError.model_fields})


async def _failures(session: ReadSession, run: Run | None) -> Mapping[str, dict[str, Any]]:
    """Return what items of a failed run failed with, by their keys."""
    if run is None or run.status != RunStatus.FAILED or run.error_stage is None:
        return {}
    return await RunLists(session).item_errors(run.subject, [run.error_stage])


def _result(run: Run | None) -> AdResult | None:
    return None if run is None or run.result is None else AdResult.model_validate(run.result)


def _states(run: Run | None, stages: Mapping[str, RunStage], live: Mapping[str, float]) -> list[StageState]:
    return stage_states(stages, live, finished=run is None or RunStatus(run.status).finished)


async def _live(container: Container, run: Run | None) -> dict[str, float]:
    return {} if run is None else await container.live.stage_progress(run)


def _updated_at(ad: AdRow, run: Run | None, stages: Mapping[str, RunStage]) -> datetime:
    times = [ad.updated_at]
    times += [at for stage in stages.values() for at in (stage.started_at, stage.completed_at) if at is not None]
    if run is not None:
        times += [at for at in (run.queued_at, run.started_at, run.completed_at) if at is not None]
    return max(times)


def _stage_data(
    state: StageState, run: Run | None, stages: Mapping[str, RunStage], receipts: Sequence[Receipt]
) -> dict[str, Any]:
    """Return what is known of a stage beside its times: whose work it is, of which run, and what it cost."""
    names = [name for name, _ in PARTS[state.name]]
    own = [stages[name] for name in names if name in stages]
    data: dict[str, Any] = {"cost_usd": float(charged(one for one in receipts if one.stage in names))}
    if run is not None and own and all(stage.run_id != run.id for stage in own):
        data["reused"] = True
    outputs = [stage.output for stage in own if stage.output is not None]
    items = [item for output in outputs for item in output.get("items", []) if isinstance(item, dict)]
    backends = sorted({str(item["backend"]) for item in items if item.get("backend")})
    if backends:
        data["backend"] = ", ".join(backends)
    if state.name == "script_gen" and items:
        data |= {
            "model": items[0]["model"],
            "usage": items[0]["usage"],
            "hook": items[0]["hook"],
            "cta": items[0]["cta"],
        }
    if state.name == "compositing" and items and "frames" in items[-1]:
        data |= {"seconds": items[-1].get("seconds"), "frames": items[-1]["frames"]}
    return data


def _stage_error(state: StageState, run: Run | None) -> str | None:
    if run is None or not run.error or run.error_stage is None or stage_of(run.error_stage) != state.name:
        return None
    return str(run.error.get("message", ""))
