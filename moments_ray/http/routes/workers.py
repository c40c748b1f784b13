"""Which workers there are, for those who run the deployment."""

from __future__ import annotations

from fastapi import APIRouter

from moments_ray.http.dependencies import Dependencies
from moments_ray.http.schemas.workers import WorkersView, WorkerView
from moments_ray.http.workers import seen_workers

router = APIRouter(prefix="/api/admin/workers", tags=["admin"])


@router.get("")
async def list_workers(dependencies: Dependencies) -> WorkersView:
    """List who works, at what, and last heard of when; while Redis is away, only those that hold runs."""
    items = [
        WorkerView(
            id=worker.name,
            node=worker.node,
            status=worker.status,
            runs=list(worker.runs),
            last_heartbeat=worker.last_heartbeat,
        )
        for worker in await seen_workers(dependencies)
    ]
    return WorkersView(runs_at_once=dependencies.environment.settings.worker.runs_at_once, items=items)
