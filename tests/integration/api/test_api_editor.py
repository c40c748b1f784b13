"""The editor's routes on real rows: timelines and versions, consent, media names, tools, chat, exports, bad input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pysubs2
import pytest

from moments_ray.database.tables import Video
from moments_ray.http.container import Container
from serve_app.factory import create_app
from tests.integration.api.conftest import Library, problem
from tests.integration.api.timelines import INTRO, save


async def test_keys_that_are_left_out_keep_their_value(api: httpx.AsyncClient, project: dict[str, Any]) -> None:
    await save(api, project, beats=[0.5, 1.0], tempo=120.0)
    body = (await save(api, project, segments=[INTRO], asset={"path": "/etc/passwd", "url": "x"})).json()
    assert body["timeline"]["beats"] == [0.5, 1.0]
    assert body["timeline"]["segments"] == [INTRO]
    assert body["timeline"]["asset"] == {"path": body["asset"]["path"], "url": body["asset"]["ingest_url"]}
    assert (body["status"], body["version"]) == ("analyzed", 2)
    again = (await api.get(f"/api/timeline/{project['identifier']}")).json()
    assert (again["timeline"], again["version"]) == (body["timeline"], 2)


async def test_what_somebody_else_saved_is_not_overwritten(api: httpx.AsyncClient, project: dict[str, Any]) -> None:
    tag = (await api.get(f"/api/timeline/{project['id']}")).headers["etag"]
    assert (await save(api, project, {"If-Match": tag}, segments=[INTRO])).status_code == 200
    body = problem(await save(api, project, {"If-Match": tag}, segments=[]), 409, "object.conflict")
    assert body["version"] == 1
    problem(await save(api, project, segments=[], version=0), 409, "object.conflict")
    problem(await save(api, project, {"If-Match": "nonsense"}, segments=[]), 422, "input.invalid")


async def test_a_project_that_changed_without_its_timeline_is_sent_again(
    api: httpx.AsyncClient, project: dict[str, Any]
) -> None:
    address = f"/api/timeline/{project['id']}"
    tag = (await api.get(address)).headers["etag"]
    assert (await api.get(address, headers={"If-None-Match": tag})).status_code == 304
    await api.post(f"/api/consent/{project['asset']['id']}/checkbox", json={"accepted": True})
    changed = await api.get(address, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["consent"]["has_checkbox"]) == (200, True)
    assert (await save(api, project, {"If-Match": tag}, segments=[INTRO])).status_code == 200


async def test_warnings_stand_as_long_as_what_they_mean(api: httpx.AsyncClient, project: dict[str, Any]) -> None:
    outside = INTRO | {"captions": [{"text": "Later", "start": 3.2, "end": 3.6}]}
    await save(api, project, segments=[outside])
    found = (await api.get(f"/api/timeline/{project['id']}")).json()
    assert [one["code"] for one in found["timeline"]["warnings"]] == ["caption.outside_segment"]
    assert found["asset"]["video"] == (await api.get("/api/videos")).json()["items"][0]["identifier"]
    await save(api, project, segments=[INTRO])
    assert (await api.get(f"/api/timeline/{project['id']}")).json()["timeline"]["warnings"] == []


async def test_earlier_timelines_are_kept_and_come_back(api: httpx.AsyncClient, project: dict[str, Any]) -> None:
    await save(api, project, segments=[INTRO])
    await save(api, project, segments=[])
    back = await api.post(f"/api/timeline/{project['id']}/revert", json={"version": 1})
    assert back.json()["timeline"]["segments"] == [INTRO]
    versions = (await api.get(f"/api/timeline/{project['id']}/versions")).json()
    assert [(each["version"], each["segments"], each["made_by"]) for each in versions] == [
        (3, 1, "version 1"),
        (2, 0, "a person"),
        (1, 1, "a person"),
    ]
    problem(await api.post(f"/api/timeline/{project['id']}/revert", json={"version": 9}), 404, "object.not_found")


@pytest.mark.parametrize(
    ("segment", "code"),
    [
        ({"start": 2, "end": 1}, "input.invalid"),
        ({"start": 0, "end": 5}, "input.invalid"),
        ({"start": 0, "end": 1, "effects": ["explode"]}, "input.invalid"),
        ({"start": 0, "end": 1, "effects": ["slowmo", "speedup"]}, "input.invalid"),
        ({"start": 0, "end": 1, "sfx": {"name": "boom"}}, "input.invalid"),
        ({"start": 0, "end": 1, "sfx": {"name": "pop", "path": "/etc/passwd"}}, "media.not_ours"),
        ({"start": 0, "end": 1, "captions": [{"text": "\ue000", "start": 0, "end": 1}]}, "text.no_glyph"),
        ({"start": 0, "end": 1, "captions": [{"text": "x" * 5000, "start": 0, "end": 1}]}, "input.invalid"),
    ],
)
async def test_a_segment_that_cannot_be_rendered_is_refused(
    api: httpx.AsyncClient, project: dict[str, Any], segment: dict[str, Any], code: str
) -> None:
    problem(await save(api, project, segments=[INTRO, {"name": "bad", **segment}]), 422, code)


async def test_a_render_waits_for_consent_and_says_what_is_missing(
    api: httpx.AsyncClient, project: dict[str, Any]
) -> None:
    await save(api, project, segments=[INTRO])
    asset = project["asset"]["id"]
    before = (await api.get(f"/api/consent/{asset}")).json()
    assert (before["has_checkbox"], before["document_url"], before["missing"]) == (False, None, ["checkbox"])
    body = problem(await api.post(f"/api/render/{project['id']}", json={}), 403, "consent.required")
    assert "checkbox missing" in body["detail"]
    await api.post(f"/api/consent/{asset}/checkbox", json={"accepted": True})
    started = await api.post(f"/api/render/{project['id']}", json={"watermark": True})
    assert (started.status_code, started.json()["status_url"]) == (
        202,
        f"/api/render/status/{started.json()['job_id']}",
    )
    status = (await api.get(started.json()["status_url"])).json()
    assert (status["status"], status["progress"], status["logs"], status["result"], status["error"]) == (
        "queued",
        0,
        [],
        None,
        None,
    )
    again = await api.post(f"/api/render/{project['id']}", json={"watermark": True})
    assert (again.status_code, again.json()["job_id"]) == (200, started.json()["job_id"])
    problem(await api.post(f"/api/render/{project['id']}", json={"watermark": False}), 409, "run.active")
    problem(await api.delete(f"/api/projects/{project['id']}"), 409, "object.conflict")
    await api.post(f"/api/consent/{asset}/checkbox", json={"accepted": False})
    ended = (await api.get(started.json()["status_url"])).json()
    assert (ended["status"], ended["run_status"], ended["output_url"]) == ("failed", "cancelled", None)
    assert ended["error"] == "consent.revoked: Consent was taken back while the film was rendered."
    assert (ended["problem"]["code"], ended["problem"]["retryable"]) == ("consent.revoked", False)
    assert (await api.delete(f"/api/projects/{project['id']}")).status_code == 204
    problem(await api.get(f"/api/projects/{project['id']}"), 404, "object.not_found")


async def test_who_follows_a_film_hears_that_its_video_was_deleted_under_it(
    api: httpx.AsyncClient, project: dict[str, Any]
) -> None:
    await save(api, project, segments=[INTRO])
    await api.post(f"/api/consent/{project['asset']['id']}/checkbox", json={"accepted": True})
    started = (await api.post(f"/api/render/{project['id']}", json={})).json()
    assert (await api.delete(f"/api/videos/{project['asset']['video']}")).status_code == 204
    ended = (await api.get(started["status_url"])).json()
    assert (ended["id"], ended["status"], ended["run_status"]) == (started["job_id"], "failed", "cancelled")
    assert ended["error"] == "storage.not_found: Segment intro: its video was deleted while the film was rendered."
    assert (ended["problem"]["code"], ended["problem"]["retryable"]) == ("storage.not_found", False)
    assert (ended["progress"], ended["logs"], ended["result"], ended["output_url"]) == (0, [], None, None)
    problem(await api.get(f"/api/runs/{started['job_id']}"), 404, "object.not_found")
    problem(await api.get("/api/render/status/no-such-render"), 404, "object.not_found")


async def test_an_empty_timeline_is_neither_exported_nor_shown(api: httpx.AsyncClient, project: dict[str, Any]) -> None:
    problem(await api.get(f"/api/timeline/{project['id']}/export"), 422, "timeline.empty")
    problem(await api.get(f"/api/timeline/{project['id']}/preview"), 422, "timeline.empty")


async def test_a_preview_is_a_picture_of_the_film(
    api: httpx.AsyncClient, project: dict[str, Any], tmp_path: Path
) -> None:
    await save(api, project, segments=[INTRO], aspect="wide")
    with_caption, without = [
        (await api.get(f"/api/timeline/{project['id']}/preview", params={"at": at})) for at in (1.0, 2.0)
    ]
    assert with_caption.headers["content-type"] == "image/jpeg"
    assert with_caption.content[:3] == without.content[:3] == b"\xff\xd8\xff"
    assert with_caption.content != without.content


async def test_tools_answer_by_name(
    api: httpx.AsyncClient, project: dict[str, Any], library: Library, film: Video
) -> None:
    async def use(tool: str, **args: Any) -> httpx.Response:
        return await api.post("/api/tools", json={"tool": tool, "args": args}, params={"wait": 0})

    captions = [{"text": "two", "start": 1, "end": 3}, {"text": "one", "start": 0, "end": 2}]
    srt = (await use("caption_srt", segments=captions)).json()["result"]["srt"]
    assert [event.plaintext for event in pysubs2.SSAFile.from_string(srt)] == ["one", "two"]
    suggested = (await use("suggest_effects", transcript="Why? There were 12 of them.", beats=[1, 2, 3, 4])).json()
    assert [each["effects"] for each in suggested["result"]["suggestions"]][:2] == [["punch_in"], ["zoom"]]
    assert suggested["result"]["backend"] == "stub"
    picture = (await use("thumbnail", path=project["asset"]["path"], time=99)).json()["result"]
    assert picture["time"] < 4
    assert (await api.get(picture["url"])).content[:2] == b"\xff\xd8"
    await library.transcript(film)
    heard = (await use("transcribe", path=f"asset:{project['asset']['id']}", model="small.en")).json()["result"]
    assert (heard["text"], heard["engine"]) == ("Hello there. Moments are found.", "captions")
    assert heard["segments"][0]["words"][0]["text"] == "Hello"
    waiting = await use("beats", path=project["asset"]["ingest_url"])
    assert (waiting.status_code, "run" in waiting.json()["result"]) == (202, True)
    for path in ("/etc/passwd", "../../etc/passwd", "http://169.254.169.254/", "file:///etc/passwd", "asset:999"):
        problem(await use("beats", path=path), 422, "media.not_ours")
    unknown = problem(await use("dance"), 422, "input.invalid")
    assert "caption_srt" in unknown["detail"]
    problem(await use("suggest_effects", backend="openai"), 503, "model.not_configured")


async def test_a_conversation_keeps_what_was_said(
    api: httpx.AsyncClient, project: dict[str, Any], library: Library, film: Video
) -> None:
    await library.transcript(film)
    made = (await api.post("/api/chat/sessions", json={"project_id": project["id"]})).json()
    assert (made["title"], made["backend"], made["messages"]) == ("New Chat", "stub", [])
    path = f"/api/chat/sessions/{made['id']}"
    asked = {"message": "Suggest a hook for my video about cooking"}
    first, second = [(await api.post(f"{path}/messages", json=asked)).json() for _ in range(2)]
    assert first["reply"]["content"] == second["reply"]["content"]
    assert "cooking" in first["reply"]["content"]
    assert "Hello there." in first["reply"]["content"]
    shown = (await api.get(f"/api/chat/sessions/{made['identifier']}")).json()
    assert shown == (await api.get(path)).json()
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"] * 2
    listed = (await api.get("/api/chat/sessions")).json()["sessions"]
    assert (listed[0]["id"], listed[0]["message_count"], listed[0]["messages"]) == (made["id"], 4, None)


async def test_a_backend_that_is_not_there_says_so_and_the_message_is_kept(api: httpx.AsyncClient) -> None:
    made = (await api.post("/api/chat/sessions", json={"backend": "hf", "hf_model": "distilgpt2"})).json()
    path = f"/api/chat/sessions/{made['id']}"
    problem(await api.post(f"{path}/messages", json={"message": "Hello"}), 503, "model.not_configured")
    assert [message["content"] for message in (await api.get(path)).json()["messages"]] == ["Hello"]
    for reference in (999999, "9" * 30, "3f0c6a4e-0000-4000-8000-000000000000"):
        problem(await api.get(f"/api/chat/sessions/{reference}"), 404, "object.not_found")
    for blank in ("", "  \n"):
        problem(await api.post(f"{path}/messages", json={"message": blank}), 422, "input.invalid")


async def test_lists_of_what_timelines_are_made_of(api: httpx.AsyncClient, project: dict[str, Any]) -> None:
    templates = (await api.get("/api/templates")).json()
    assert [each["name"] for each in templates] == ["realistic_chaos", "clean", "beat_cut", "podcast", "highlights"]
    assert "zoom" in (await api.get("/api/effects")).json()["effects"]
    assert (await api.get("/api/sfx")).json() == {"sfx": ["whoosh", "pop", "hit", "riser", "click", "ding"]}
    projects = await api.get("/api/projects")
    assert (projects.headers["x-total-count"], projects.json()[0]["id"]) == ("1", project["id"])
    assert projects.json()[0]["last_render"] is None
    problem(await api.get("/api/timeline/123456789012345678901234567890"), 404, "object.not_found")


async def test_links_beside_urls_are_read_without_a_key(api: httpx.AsyncClient, project: dict[str, Any]) -> None:
    asset = (await api.get(f"/api/timeline/{project['id']}")).json()["asset"]
    assert (await api.get(asset["thumbnail_signed_url"])).content == b"jpg"
    assert (await api.get(asset["ingest_signed_url"], headers={"Range": "bytes=4-7"})).content == b"ftyp"
    assert asset["expires_at"] is not None


@pytest.mark.parametrize(
    "change",
    [
        {"segments": [{**INTRO, "transition": {"name": "star"}}]},
        {"segments": [{**INTRO, "transition": {"name": "circle", "duration": 3}}]},
        {"segments": [{**INTRO, "crop": {"x": 1.5}}]},
        {"segments": [{**INTRO, "crop": "up"}]},
        {"segments": [{**INTRO, "captions": [{"text": "Hi", "start": 0, "end": 1, "style": "comic"}]}]},
        {"segments": [{**INTRO, "effects": ["zoom", "zoom_out"]}]},
        {"template_name": "chaos"},
        {"aspect": "round"},
    ],
)
async def test_what_no_list_has_is_refused(
    api: httpx.AsyncClient, project: dict[str, Any], change: dict[str, Any]
) -> None:
    problem(await save(api, project, **change), 422, "input.invalid")


async def test_an_unknown_name_is_refused_with_the_names_that_there_are(
    api: httpx.AsyncClient, project: dict[str, Any]
) -> None:
    template = await api.post(f"/api/timeline/{project['id']}/analyze", json={"template": "chaos"})
    effect = await save(api, project, segments=[{**INTRO, "effects": ["explode"]}])
    sound = await save(api, project, segments=[{**INTRO, "sfx": {"name": "boom"}}])
    for answer, names in ((template, "realistic_chaos"), (effect, "punch_in"), (sound, "whoosh, pop, hit")):
        assert names in problem(answer, 422, "input.invalid")["detail"]


@pytest.mark.parametrize("enabled", [True, False])
async def test_the_deployment_says_whether_films_are_marked_where_nobody_else_does(
    container: Container, api: httpx.AsyncClient, project: dict[str, Any], enabled: bool
) -> None:
    await save(api, project, segments=[INTRO])
    await api.post(f"/api/consent/{project['asset']['id']}/checkbox", json={"accepted": True})
    settings = container.environment.settings.model_copy(update={"watermark_enabled": enabled})
    app = create_app(replace(container, environment=replace(container.environment, settings=settings)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        shown = (await client.get(f"/api/timeline/{project['id']}")).json()["watermark"]
        started = (await client.post(f"/api/render/{project['id']}", json={})).json()
    request = (await api.get(f"/api/runs/{started['job_id']}")).json()["request"]
    assert request["render"]["watermark"] == shown == ("ai-video-editor" if enabled else None)
