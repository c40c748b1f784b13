"""Text that means something to somebody: to the API it is text in every field, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.integration.api.conftest import Library

_CODES = range(0x110000)
_TEXT = st.text(st.integers(min(_CODES), max(_CODES)).map(chr), max_size=40)  # surrogates and NUL among them


def bodies(text: str, video: str) -> list[tuple[str, dict[str, Any]]]:
    """The requests with a body that a text can be put into, field by field."""
    url, start = "http://127.0.0.1:1/talk.mp4", f"/api/pipeline/{video}/start"
    options = ("prompt", "topic", "generation_model", "refinement_model", "transcriber", "preset", "time_range")
    return [
        ("/api/videos", {"url": url, "title": text}),
        ("/api/videos", {"url": text}),
        ("/api/videos", {"url": f"http://127.0.0.1:1/{text}"}),
        ("/api/generate_moments", {"video_id": text}),
        *((start, {name: text}) for name in options),
        (start, {"metadata": {text: [text, {"deep": text}]}}),
        (start, {"webhook": {"url": text}}),
        (start, {"webhook": {"url": "https://example.org/", "secret": text}}),
        (start, {text: text}),
        (f"/api/videos/{video}/moments", {"title": text, "start_time": 1, "end_time": 2}),
        (f"/api/videos/{video}/moments", {"title": "t", "reason": text, "start_time": 1, "end_time": 2}),
    ]


@settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
@given(text=_TEXT)
@example(text="\x00")
@example(text="\ud800 a lone half")
@example(text="\u202egnp.exe")
@example(text="../../etc/passwd' OR 1=1; -- %(x)s ${HOME} -i")
@example(text="🎬" * 50_000)
async def test_no_text_in_any_field_is_more_than_text(api: httpx.AsyncClient, library: Library, text: str) -> None:
    video = await library.video()
    moment = await library.moment(video, 10, 30)
    one = f"/api/videos/{video.identifier}/moments/{moment.identifier}"
    answers = []
    for path, body in bodies(text, video.identifier):
        answers.append(await sent(api.post, path, body))
        if run := answers[-1].is_success and answers[-1].json().get("run"):
            assert (await api.post(f"/api/runs/{run['identifier']}/cancel")).status_code == 202
    answers.append(await sent(api.patch, one, {"title": text}))
    if answers[-1].status_code == 200:
        kept = (await api.get(one)).json()["title"]
        assert kept == answers[-1].json()["title"]
        assert "\x00" not in kept
        kept.encode()
    said = quote(text, errors="surrogatepass")[:8000]
    asked = (f"search?q={said}", f"videos/{said}", f"runs?subject={said}", f"videos?cursor={said}")
    answers += [await api.get(f"/api/{path}") for path in asked]
    key = text.encode(errors="replace")[:200].replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")
    start = f"/api/pipeline/{video.identifier}/start"
    answers.append(await api.post(start, headers={b"Idempotency-Key": key, b"X-Request-ID": key}))
    for answer in answers:
        assert answer.status_code < 500, (answer.request.url, answer.text)
        if answer.is_error:
            assert answer.headers["content-type"] == "application/problem+json"


async def sent(send: Callable[..., Any], path: str, body: dict[str, Any]) -> httpx.Response:
    """Send JSON whose every character beyond ASCII is escaped, so that lone halves of surrogates get through."""
    answer: httpx.Response = await send(path, content=json.dumps(body), headers={"content-type": "application/json"})
    return answer


@pytest.mark.parametrize("size", [1_000, 10_000_000])
async def test_a_title_is_as_long_as_a_title(api: httpx.AsyncClient, size: int) -> None:
    answer = await sent(api.post, "/api/videos", {"url": "http://127.0.0.1:1/talk.mp4", "title": "T" * size})
    assert answer.status_code in {202, 413, 422}
    if answer.is_success:
        assert len(answer.json()["video"]["title"]) <= size
