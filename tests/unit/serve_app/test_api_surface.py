"""What holds of every route: HEAD, compression, fields that nobody knows, and pages that describe the API offline."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, File, Form, Query, UploadFile
from fastapi.responses import Response, StreamingResponse

from moments_ray.http.compression import Compression
from moments_ray.http.head import HeadAsGet
from moments_ray.http.known_fields import refuse_unknown_fields
from moments_ray.http.problems import render_problems
from moments_ray.http.request_scope import RequestScope

TEXT = "words and words, " * 500


async def page(cursor: str | None = None) -> str | None:
    return cursor


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    """Routes of every kind, behind what the factory puts before them."""
    app = FastAPI(dependencies=[Depends(refuse_unknown_fields)])
    router = APIRouter(prefix="/things")

    @router.get("")
    async def list_things(after: Annotated[str | None, Depends(page)], limit: Annotated[int, Query(ge=1)] = 50) -> str:
        return f"{TEXT}{after}{limit}"

    @router.post("")
    async def add_thing(file: Annotated[UploadFile, File()], title: Annotated[str, Form()] = "") -> str:
        return f"{title}{len(await file.read())}"

    @router.api_route("/own", methods=["GET", "HEAD"])
    async def own_head() -> Response:
        return Response(headers={"own": "yes"})

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b"more\n"
                await asyncio.sleep(0.01)

        return StreamingResponse(endless(), media_type="text/event-stream")

    @app.get("/objects/{name}")
    async def read_object(name: str) -> Response:
        return Response(TEXT[100:], 206, {"Content-Range": f"bytes 100-{len(TEXT) - 1}/{len(TEXT)}"})

    app.include_router(router)
    render_problems(app)
    app.add_middleware(Compression)
    app.add_middleware(HeadAsGet, routes=app.routes)
    app.add_middleware(RequestScope)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        yield client


async def test_head_is_get_without_a_body(api: httpx.AsyncClient) -> None:
    plain = {"accept-encoding": "identity"}
    get, head = await api.get("/things", headers=plain), await api.head("/things", headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["content-type"] == get.headers["content-type"]
    assert (await api.head("/nowhere")).status_code == 404
    assert (await api.head("/things/own")).headers["own"] == "yes"
    refused = await api.delete("/things/own")
    assert (refused.status_code, sorted(refused.headers["allow"].split(", "))) == (405, ["GET", "HEAD"])


async def test_head_of_a_stream_ends(api: httpx.AsyncClient) -> None:
    answer = await api.head("/things/stream")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_text_is_compressed_for_whoever_takes_that_and_ranges_of_objects_never(api: httpx.AsyncClient) -> None:
    async with api.stream("GET", "/things", headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join([piece async for piece in answer.aiter_raw()])
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert len(packed) < len(TEXT) / 10
    assert TEXT in gzip.decompress(packed).decode()
    for path, accepted in (("/things", "identity"), ("/objects/a", "gzip")):
        assert "content-encoding" not in (await api.get(path, headers={"accept-encoding": accepted})).headers


@pytest.mark.parametrize(
    ("query", "form", "told"),
    [
        ({"limt": "3"}, None, "'limt' here: did you mean limit?"),
        ({"_": "3"}, None, "'_' here: known are cursor, limit."),
        ({"cursor": "3", "limit": "5"}, None, None),
        (None, {"titel": "x"}, "'titel' here: did you mean title?"),
        (None, {"count": "3"}, "'count' here: known are file, title."),
        (None, {"title": "x"}, None),
    ],
)
async def test_a_field_that_nobody_knows_is_refused_by_name(
    api: httpx.AsyncClient, query: dict[str, str] | None, form: dict[str, str] | None, told: str | None
) -> None:
    sent: dict[str, Any] = {"files": {"file": ("a", b"123")}, "data": form}
    answer = await api.get("/things", params=query) if form is None else await api.post("/things", **sent)
    assert answer.status_code == (200 if told is None else 422)
    if told is not None:
        assert answer.json()["code"] == "input.invalid"
        assert answer.json()["detail"].endswith(told)


async def test_the_root_says_what_this_is(abandoned: httpx.AsyncClient) -> None:
    answer = await abandoned.get("/")
    body = answer.json()
    assert body.pop("version")
    assert body == {"message": "AI Video Generator API", "docs": "/docs", "health": "/health"}
    assert "Accept" in answer.headers["vary"]


async def test_the_root_leads_a_browser_to_the_page(abandoned: httpx.AsyncClient) -> None:
    for accept, status in (
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 307),
        ("application/json;q=0.5, text/html;q=0.9", 307),
        ("text/html;q=0.2, application/json", 200),
        ("text/html;q=x", 200),
        ("*/*", 200),
        ("", 200),
    ):
        answer = await abandoned.get("/", headers={"accept": accept})
        assert answer.status_code == status, accept
    assert (await abandoned.get("/", headers={"accept": "text/html"})).headers["location"] == "/ui/"


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_pages_of_the_api_need_no_other_host_and_run_no_script_of_their_own(
    abandoned: httpx.AsyncClient, page: str
) -> None:
    answer = await abandoned.get(page)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    links = re.findall(r"(?:src|href|spec-url)=\"([^\"]+)\"", answer.text)
    assert len(links) >= 3
    assert not re.search(r"<script(?![^>]* src=)", answer.text)
    for link in links:
        assert "//" not in link
        found = await abandoned.get(f"/{link}")
        assert found.status_code == 200, link
        assert found.content
    assert (await abandoned.get("/docs/../../etc/passwd")).status_code != 200
    assert (await abandoned.get("/docs/core.py")).status_code in {401, 422, 503}


async def test_the_description_says_what_each_group_of_routes_is_for(abandoned: httpx.AsyncClient) -> None:
    document = (await abandoned.get("/openapi.json")).json()
    used = {tag for path in document["paths"].values() for operation in path.values() for tag in operation["tags"]}
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert used <= described.keys()
    assert all(text.endswith(".") for text in described.values())
    assert "problem" in document["info"]["description"]
    assert document["servers"] == [{"url": "/"}]


async def test_short_health_tells_whether_requests_are_served(abandoned: httpx.AsyncClient) -> None:
    answer = await abandoned.get("/api/healthz")
    body = answer.json()
    assert answer.status_code == 503
    assert body.pop("timestamp").endswith(("Z", "+00:00"))
    assert body == {"status": "degraded", "redis": False}
