"""Ads that are ordered and brought to an end by hand."""

from __future__ import annotations

import json
from typing import Any

import httpx
from sqlalchemy import text

from moments_ray.ads.pipelines import ADS
from moments_ray.ads.script import grammar
from moments_ray.ads.script.styles import template
from moments_ray.ads.values import Scripts
from moments_ray.database.tables import Run
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library

HEADPHONES: dict[str, Any] = {"product_name": "Premium Headphones", "style": "luxury", "cta_text": "Shop Now"}


async def make(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await api.post("/api/ads/jobs", json={**HEADPHONES, **more})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def run_of(container: Container, ad: dict[str, Any]) -> Run:
    async with container.environment.database.read() as session:
        return await Runs(session).get(ad["run_id"])


async def end(container: Container, library: Library, ad: dict[str, Any], status: RunStatus, **stages: Any) -> Run:
    """End an ad's run as a worker would, with outputs of stages."""
    run = await run_of(container, ad)
    await library.finish(run, status)
    async with container.environment.database.begin() as session:
        for ordinal, name in enumerate(ADS.stage_names):
            if name in stages:
                await session.execute(
                    text(
                        "INSERT INTO run_stages"
                        " (run_id, name, ordinal, status, output, progress, started_at, completed_at)"
                        " VALUES (:run, :name, :ordinal, 'completed', CAST(:output AS jsonb), 1, now(), now())"
                    ),
                    {"run": run.id, "name": name, "ordinal": ordinal, "output": json.dumps(stages[name])},
                )
    return run


def scripts(style: str = "luxury", seed: int = 0) -> dict[str, Any]:
    script = grammar.write(
        template(style), product_name="Premium Headphones", cta_text="Shop Now", description="", seed=seed
    )
    found: dict[str, Any] = Scripts(items=(script,)).model_dump(mode="json")
    return found
