"""The API has the routes of every product that is registered, and no list of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request

from moments_ray.engine.product import Product, ProductApi
from moments_ray.engine.registry import Registry
from moments_ray.http.body_limit import RouteLimit
from serve_app.factory import create_app
from tests.unit.serve_app.conftest import container

router = APIRouter(prefix="/greetings", tags=["greetings"])


@router.post("")
async def greet(request: Request) -> int:
    return len(await request.body())


def _api() -> ProductApi:
    return ProductApi(
        routers=(router,),
        tags={"greetings": "People greeted."},
        body_limits=lambda _: (RouteLimit("/greetings", 3 * 1024**2, "send fewer greetings"),),
    )


async def test_a_product_brings_its_routes_their_tags_and_their_limits(tmp_path: Path) -> None:
    standing = container(tmp_path, list)
    registry = Registry([], [*standing.environment.registry.products, Product("greetings", api=_api)])
    app = create_app(replace(standing, environment=replace(standing.environment, registry=registry)))
    described = app.openapi()
    assert {"name": "greetings", "description": "People greeted."} in described["tags"]
    assert {"/greetings", "/api/videos/{video_id}", "/api/runs"} <= described["paths"].keys()
    limits: Any = next(each.kwargs["limits"] for each in app.user_middleware if "limits" in each.kwargs)
    assert next(limit.cure for limit in limits if limit.covers("/greetings")) == "send fewer greetings"
    assert any(limit.covers("/api/videos/upload") for limit in limits)
    await standing.close()


async def test_without_products_there_are_runs_alone(tmp_path: Path) -> None:
    standing = container(tmp_path, list)
    bare = replace(standing, environment=replace(standing.environment, registry=Registry([])))
    paths = create_app(bare).openapi()["paths"].keys()
    assert not [path for path in paths if path.startswith(("/api/videos", "/api/search", "/api/clips"))]
    assert "/api/runs" in paths
    await standing.close()


def test_a_process_that_knows_the_products_has_not_imported_their_routes() -> None:
    script = (
        "import sys, moments_ray.products\n"
        "print([name for name in sys.modules if name.startswith('moments_ray.') and '.api' in name])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_process_that_is_connected_has_not_imported_what_only_some_need() -> None:
    script = (
        "import sys, moments_ray.runtime\n"
        "print([name for name in ('alembic', 'fastapi', 'pandas', 'ray.data', 'ray.serve') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
