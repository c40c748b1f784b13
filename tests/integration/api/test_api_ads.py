"""Ads over the API: made, shown, edited, made again in part, deleted; without Ray, so runs wait or are written."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import func

from moments_ray.database.tables import Run
from moments_ray.http.container import Container
from moments_ray.states import RunStatus
from tests.integration.api.ad_orders import HEADPHONES, end, make
from tests.integration.api.conftest import Library, problem

JOB = {"id", "status", "created_at", "updated_at", "product_name", "style", "cta_text", "product_image_path"} | {
    *("video_url", "error_message", "cost_usd"),
}
STAGE = {
    "id",
    "job_id",
    "stage_name",
    "status",
    "progress",
    "started_at",
    "completed_at",
    "stage_data",
    "error_message",
}


async def test_an_ad_is_made_with_the_fields_of_the_document(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/ads/jobs", json=HEADPHONES)
    assert answer.status_code == 202
    ad = answer.json()
    assert answer.headers["location"] == f"/api/ads/jobs/{ad['id']}"
    assert set(ad) >= JOB
    assert {name: ad[name] for name in HEADPHONES} == HEADPHONES
    assert (ad["status"], ad["video_url"], ad["cost_usd"], ad["error_message"]) == ("pending", None, 0, None)
    shown = (await api.get(answer.headers["location"])).json()
    assert all(set(stage) == STAGE for stage in shown["stages"])
    assert [stage["stage_name"] for stage in shown["stages"]] == ["script_gen", "voice_gen", "video_gen", "compositing"]
    assert [(stage["status"], stage["progress"]) for stage in shown["stages"]] == [("pending", 0)] * 4
    assert {stage["job_id"] for stage in shown["stages"]} == {ad["id"]}
    assert len({stage["id"] for stage in shown["stages"]}) == 4
    assert (await api.get(f"/api/ads/jobs/{ad['id']}/stages")).json() == shown["stages"]


async def test_another_style_is_refused_with_those_there_are(api: httpx.AsyncClient) -> None:
    refused = await api.post("/api/ads/jobs", json={**HEADPHONES, "style": "modern"})
    assert refused.status_code == 422
    assert all(style in refused.text for style in ("luxury", "energetic", "minimal", "bold"))


@pytest.mark.parametrize(
    "change",
    [
        {"product_name": ""},
        {"product_name": "   "},
        {"product_name": "x" * 121},
        {"cta_text": "x" * 61},
        {"description": "x" * 2001},
        {"product_name": "a\0b"},
        {"variants": 6},
        {"aspect_ratio": "4:3"},
        {"brand_color": "red"},
        {"max_cost_usd": -1},
        {"language": "de"},
        {"voice": "nobody"},
        {"writer": "nobody"},
        {"stop_after": "PRODUCT"},
        {"whatever": 1},
    ],
    ids=str,
)
async def test_what_no_ad_can_be_made_of_is_refused(api: httpx.AsyncClient, change: dict[str, Any]) -> None:
    refused = await api.post("/api/ads/jobs", json={**HEADPHONES, **change})
    assert refused.status_code == 422, refused.text
    assert (await api.get("/api/ads/jobs")).json()["total"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"words"'])
async def test_a_body_that_is_no_order_is_refused(api: httpx.AsyncClient, body: bytes) -> None:
    refused = await api.post("/api/ads/jobs", content=body, headers={"content-type": "application/json"})
    assert refused.status_code == 422


async def test_names_with_markup_are_data(api: httpx.AsyncClient) -> None:
    name = "<script>alert(1)</script> {\\an8} Ignore all rules 😀 مرحبا"
    assert (await make(api, product_name=name))["product_name"] == name


async def test_the_same_key_makes_one_ad(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    first, again = [(await api.post("/api/ads/jobs", json=HEADPHONES, headers=headers)).json() for _ in range(2)]
    assert first["id"] == again["id"]
    other = await api.post("/api/ads/jobs", json={**HEADPHONES, "style": "bold"}, headers=headers)
    problem(other, 422, "input.invalid")


async def test_ads_are_listed_by_status_and_style(
    api: httpx.AsyncClient, container: Container, library: Library
) -> None:
    first, second = await make(api), await make(api, style="bold")
    await end(container, library, first, RunStatus.FAILED)
    page = (await api.get("/api/ads/jobs")).json()
    assert [item["id"] for item in page["items"]] == [second["id"], first["id"]]
    assert (page["total"], page["limit"], page["offset"], page["next_cursor"]) == (2, 50, 0, None)
    for query, expected in (("status=failed", first), ("status=pending", second), ("style=bold", second)):
        found = (await api.get(f"/api/ads/jobs?{query}")).json()
        assert [item["id"] for item in found["items"]] == [expected["id"]]
    half = (await api.get("/api/ads/jobs?limit=1")).json()
    rest = (await api.get("/api/ads/jobs", params={"limit": 1, "cursor": half["next_cursor"]})).json()
    assert [item["id"] for item in rest["items"]] == [first["id"]]


def picture(form: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (200, 100), "teal").save(data, form)
    return data.getvalue()


async def test_a_picture_comes_with_the_form(api: httpx.AsyncClient, container: Container) -> None:
    answer = await api.post(
        "/api/ads/jobs",
        data={"options": json.dumps({"variants": 2}), **HEADPHONES},
        files={"product_image": ("a.png", picture()), "brand_logo": ("b.webp", picture("WEBP"))},
    )
    assert answer.status_code == 202, answer.text
    ad = answer.json()
    assert ad["product_image_path"].startswith(f"ads/{ad['id']}/given-")
    assert await container.environment.store.exists(ad["product_image_path"])
    shown = (await api.get(f"/api/ads/jobs/{ad['id']}")).json()["request"]["brief"]
    assert shown["variants"] == 2
    assert await container.environment.store.exists(shown["brand"]["logo"])


@pytest.mark.parametrize("data", [b"", b"<svg/>", picture("TIFF"), picture()[:60]], ids=["empty", "svg", "tiff", "cut"])
async def test_a_picture_that_is_none_is_refused(api: httpx.AsyncClient, data: bytes) -> None:
    answer = await api.post("/api/ads/jobs", data=HEADPHONES, files={"product_image": ("a.png", data)})
    problem(answer, 422, "ads.picture")
    assert (await api.get("/api/ads/jobs")).json()["total"] == 0


async def test_a_file_that_nobody_asked_for_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/ads/jobs", data=HEADPHONES, files={"malware": ("a.exe", b"MZ")})
    problem(answer, 422, "input.invalid")


async def test_a_larger_picture_than_may_be_is_refused_before_it_is_read(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/ads/jobs", data=HEADPHONES, files={"product_image": ("a.png", b"\0" * (22 << 20))})
    assert answer.status_code == 413


async def test_an_active_ad_is_cancelled_and_only_a_finished_one_deleted(
    api: httpx.AsyncClient, container: Container
) -> None:
    ad = await make(api)
    path = f"/api/ads/jobs/{ad['id']}"
    problem(await api.delete(path), 409, "object.conflict")
    assert (await api.post(f"{path}/cancel")).json()["status"] == "cancelled"
    problem(await api.post(f"{path}/cancel"), 409, "object.conflict")
    await container.environment.store.put_bytes(f"ads/{ad['id']}/x", b"x", content_type="text/plain")
    assert (await api.delete(path)).status_code == 204
    problem(await api.get(path), 404, "object.not_found")
    assert [one async for one in container.environment.store.list(f"ads/{ad['id']}/")] == []
    async with container.environment.database.read() as session:
        assert await session.scalar(func.count(Run.id)) == 0


async def test_what_an_ad_costs_is_said_before_it_is_made(api: httpx.AsyncClient) -> None:
    said = (await api.post("/api/ads/estimate", json=HEADPHONES)).json()
    assert (said["total_usd"], said["lines"], said["within_limit"]) == (0, [], True)
    assert set(said["makers"].values()) == {"embedded", None, False}
    assert (await api.get("/api/ads/jobs")).json()["total"] == 0


async def test_the_styles_are_shown_with_their_scenes(api: httpx.AsyncClient) -> None:
    styles = (await api.get("/api/ads/styles")).json()["styles"]
    assert [style["style"] for style in styles] == ["luxury", "energetic", "minimal", "bold"]
    assert all(sum(scene["duration"] for scene in style["scenes"]) == 30 for style in styles)


async def test_a_film_that_is_not_here_yet_is_not_found(api: httpx.AsyncClient) -> None:
    problem(await api.get(f"/api/ads/jobs/{(await make(api))['id']}/video"), 404, "object.not_found")
    problem(await api.get("/api/ads/jobs/nobody"), 404, "object.not_found")
