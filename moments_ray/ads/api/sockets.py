"""An ad over a WebSocket: how it stands, each time that changes, until it is finished."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from moments_ray.ads.api.jobs import newest_run
from moments_ray.ads.api.schemas import AdDetail
from moments_ray.ads.api.views import ad_detail
from moments_ray.ads.queries.ads import Ads
from moments_ray.errors import MomentsError
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.sockets import converse, message, refuse, send

router = APIRouter(tags=["ads"])

_UNDER_WAY = frozenset({"pending", "processing"})
_TOLD = {"id", "status", "progress", "video_url", "error_message", "cost_usd"}
_TOLD_OF_STAGES = {"stage_name", "status", "progress"}


@router.websocket("/ws/ads/{ad_id}")
async def follow_ad_by_socket(socket: WebSocket, dependencies: Dependencies, ad_id: str) -> None:
    """Tell of one ad, from its status on to its end."""
    async with dependencies.sockets.accepted(socket, f"ads/{ad_id[:64]}") as accepted:
        if not accepted:
            return
        try:
            run = await newest_run(dependencies, ad_id)
        except MomentsError as error:
            await refuse(socket, error)
            return
        await converse(socket, _tell(socket, dependencies, ad_id, run.identifier))


async def _tell(socket: WebSocket, container: Container, ad_id: str, run: str) -> None:
    told = None
    with container.notifier.listener(run) as heard:
        while True:
            heard.moved.clear()
            heard.take_progress()
            ad = await _detail(container, ad_id)
            stages = [one.model_dump(mode="json", include=_TOLD_OF_STAGES) for one in ad.stages]
            telling = {**ad.model_dump(mode="json", include=_TOLD), "job_id": ad.id, "stages": stages}
            if telling != told:
                await send(socket, message("status", telling))
                told = telling
            if ad.status not in _UNDER_WAY:
                await socket.close()
                return
            await heard.moved.wait()


async def _detail(container: Container, ad_id: str) -> AdDetail:
    async with container.environment.database.read() as session:
        return await ad_detail(container, session, await Ads(session).get(ad_id))
