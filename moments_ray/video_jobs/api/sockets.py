"""Jobs over WebSockets: one job, all jobs, and how the sockets are."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, WebSocket
from starlette.requests import HTTPConnection

from moments_ray.engine.queries.event_log import EventFilter, LoggedEvent
from moments_ray.errors import MomentsError, NotFound
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.sockets import converse, message, refuse, send
from moments_ray.video_jobs.api.channel import JobChannel, JobChannels
from moments_ray.video_jobs.api.queue import queue_running
from moments_ray.video_jobs.api.schemas import ConnectionsStatus
from moments_ray.video_jobs.api.views import entries, standing
from moments_ray.video_jobs.options import JobStatus
from moments_ray.video_jobs.pipelines import JOB_PIPELINES
from moments_ray.video_jobs.queries.jobs import Jobs

router = APIRouter(tags=["jobs"])

BROADCAST, HEALTH = "broadcast", "health"
_HEALTH_SECONDS = 5.0
_BATCH = 100
_OF_JOBS = EventFilter(pipelines=frozenset(pipeline.name for pipeline in JOB_PIPELINES.values()))

# What is no number counts as none: a socket cannot be answered as a request is.
AfterMessage = Annotated[str | None, Query(description="`seq` of the last message that is known")]


async def _channels(connection: HTTPConnection) -> JobChannels:
    state = connection.app.state
    if not hasattr(state, "job_channels"):
        state.job_channels = JobChannels(state.container)
    channels: JobChannels = state.job_channels
    return channels


@router.get("/ws/connections/status")
@router.get("/connections/status", name="read_connections_by_short_path")
async def read_connections(dependencies: Dependencies) -> ConnectionsStatus:
    """Tell how many sockets are open, on all replicas together."""
    counts, replicas = await dependencies.sockets.count()
    return ConnectionsStatus(
        total=counts.total(),
        broadcast=counts.pop(BROADCAST, 0),
        health=counts.pop(HEALTH, 0),
        jobs=dict(counts),
        replicas=replicas,
    )


@router.websocket("/ws/jobs/broadcast")
async def follow_all_jobs(socket: WebSocket, dependencies: Dependencies, after: AfterMessage = None) -> None:
    """Tell of all jobs."""
    async with dependencies.sockets.accepted(socket, BROADCAST) as accepted:
        if accepted:
            await converse(socket, _broadcast(socket, dependencies, _number(after)))


@router.websocket("/ws/health")
async def follow_sockets(socket: WebSocket, dependencies: Dependencies) -> None:
    """Tell how the sockets are, at once and every five seconds."""
    async with dependencies.sockets.accepted(socket, HEALTH) as accepted:
        if accepted:
            await converse(socket, _tell_health(socket, dependencies))


@router.websocket("/ws/{job_id}")
async def follow_job(
    socket: WebSocket,
    dependencies: Dependencies,
    job_id: str,
    channels: Annotated[JobChannels, Depends(_channels)],
    after: AfterMessage = None,
) -> None:
    """Tell of one job, from its status on to its end."""
    async with dependencies.sockets.accepted(socket, job_id) as accepted:
        if not accepted:
            return
        try:
            entry = await _entry(dependencies, job_id)
        except MomentsError as error:
            await refuse(socket, error)
            return
        async with channels.follow(job_id, lambda: [stage["name"] for stage in entry["stages"]]) as channel:
            await converse(socket, _tell_job(socket, channel, entry, _number(after)))


def _number(after: str | None) -> int | None:
    return int(after) if after is not None and after.isascii() and after.isdecimal() and len(after) < 19 else None


async def _entry(container: Container, job: str) -> dict[str, Any]:
    """Return a job as lists show it.

    Raises:
        NotFound: there is no such job.
    """
    try:
        identifier = str(uuid.UUID(job))
    except ValueError as error:
        raise NotFound(f"There is no job {job[:64]!r}: identifiers of jobs are UUIDs.") from error
    async with container.environment.database.read() as session:
        row = await Jobs(session).get(identifier)
    (entry,) = await entries(container, [row])
    return entry.model_dump(mode="json")


async def _tell_job(socket: WebSocket, channel: JobChannel, entry: dict[str, Any], after: int | None) -> None:
    there = len(channel.updates)
    position = there if after is None else min(after, there)
    stood = channel.updates[position - 1] if position else None
    entry |= {
        "status": JobStatus.PENDING if stood is None else stood.status,
        "progress": 0.0 if stood is None else stood.progress,
        "current_stage": None if stood is None else stood.stage,
    }
    live = channel.live if position == there else None
    await send(socket, message("initial_status", entry, seq=position))
    while True:
        for update in channel.updates[position:]:
            await send(socket, update.text)
            position = update.seq
        if channel.live is not live:
            live = channel.live
            if live is not None:
                await send(socket, live)
        if channel.over and position >= len(channel.updates):
            await socket.close()
            return
        await channel.news(position, live)


async def _broadcast(socket: WebSocket, container: Container, after: int | None) -> None:
    feed = container.feed
    with feed.listener() as heard:
        end = await feed.position()
        position = end if after is None else min(after, end)  # one beyond is of a database that is no more
        await send(socket, message("system", {"queue_running": await queue_running(container)}, seq=position))
        while True:
            heard.moved.clear()
            heard.progress = {}
            events, reached = await feed.after(position, _BATCH, _OF_JOBS)
            for text in await _news(container, events):
                await send(socket, text)
            if not events:
                await heard.moved.wait()
            position = reached


async def _news(container: Container, events: Sequence[LoggedEvent]) -> list[str]:
    """Return the messages of some events, and how the queue is where they changed it."""
    if not events:
        return []
    async with container.environment.database.read() as session:
        runs = await Jobs(session).of_identifiers({event.run for event in events})
        stages = await Jobs(session).stages(list(runs.values()))
        active = await Jobs(session).active()
    shown = {name: standing(container, run, stages[run.id]) for name, run in runs.items()}
    texts = [
        message(
            "job_created" if event.type == "run.queued" and event.seq == 1 else "job_update",
            {**shown[event.run], "event": event.type},
            seq=event.position,
            at=event.created_at,
        )
        for event in events
        if event.run in shown  # a job that was deleted has nothing to say any more
    ]
    if any(event.type.startswith("run.") for event in events):
        counts = {"pending": active.pending, "queued": active.queued, "processing": active.processing}
        texts.append(message("queue_update", counts, seq=events[-1].position))
    return texts


async def _tell_health(socket: WebSocket, container: Container) -> None:
    sockets = container.sockets
    while True:
        counts, _ = await sockets.count()
        data = {
            "connections": counts.total(),
            "uptime_seconds": round(sockets.uptime_seconds, 1),
            "queue_running": await queue_running(container),
        }
        await send(socket, message("health", data))
        await asyncio.sleep(_HEALTH_SECONDS)
