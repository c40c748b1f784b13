"""Whether the service works, for load balancers and people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from moments_ray.http.health import HealthReport, ShortHealth

router = APIRouter(tags=["health"])


_ANSWERS: dict[str, Any] = {
    "response_model_exclude_none": True,
    "responses": {503: {"model": HealthReport, "description": "A part is down."}},
}


@router.get("/readyz", name="read_readiness", **_ANSWERS)
@router.get("/health", **_ANSWERS)
async def read_health(request: Request, response: Response) -> HealthReport:
    """Ask the database, Redis and Ray, and answer within two seconds; 503 when one of them is down."""
    report: HealthReport = await request.app.state.health.report()
    response.status_code = 200 if report.works else 503
    response.headers["Cache-Control"] = "no-store"
    return report


@router.get("/api/healthz", responses={503: {"model": ShortHealth, "description": "PostgreSQL does not answer."}})
async def read_short_health(request: Request, response: Response) -> ShortHealth:
    """Ask PostgreSQL and Redis; 200 while PostgreSQL answers, for without Redis nothing is lost."""
    report: ShortHealth
    report, served = await request.app.state.health.short()
    response.status_code = 200 if served else 503
    response.headers["Cache-Control"] = "no-store"
    return report


@router.get("/livez")
async def read_liveness() -> dict[str, str]:
    """Answer: this process is alive, whatever state its dependencies are in."""
    return {"status": "ok"}
