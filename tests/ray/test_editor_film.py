"""The editor from an upload to a film, over its API, with a worker: the document's own walk, and what may break it."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import httpx
from PIL import Image
from sqlalchemy import text

from moments_ray.media.probe import probe
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import make_video
from moments_ray.testing.numbered import read_numbers
from tests.ray.conftest import Engine
from tests.ray.editing import DRAFT, consenting, ingested, rendered, saved


async def test_the_walk_of_the_document_ends_with_a_film(api: httpx.AsyncClient, clock: Path, tmp_path: Path) -> None:
    body = await ingested(api, clock, auto_analyze="false")
    assert body["asset"]["resolution"] == "320x180"
    assert (body["project"]["id"], body["project"]["status"]) == (body["id"], "ingested")
    assert (await api.get(body["asset"]["thumbnail_url"])).headers["content-type"] == "image/jpeg"
    project, asset = body["id"], body["asset"]["id"]

    refused = await api.post(f"/api/render/{project}", json={"watermark": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "consent.required")
    await api.post(f"/api/consent/{asset}/checkbox", json={"accepted": True})
    document = await api.post(f"/api/consent/{asset}/upload", files={"file": b"%PDF-1.7 signed"})
    assert document.json()["complete"] is True
    kept = await api.get(document.json()["document_url"])
    assert kept.headers["content-disposition"].startswith("attachment")
    assert kept.headers["x-content-type-options"] == "nosniff"

    caption = {"text": "Welcome!", "start": 0.5, "end": 1.5}
    saving = await saved(
        api, project, {"name": "intro", "start": 0.0, "end": 2.0, "effects": ["zoom"], "captions": [caption]}
    )
    assert saving["timeline"]["segments"][0]["effects"] == ["zoom"]
    status, progress = await rendered(api, project, watermark=True)
    assert (status["status"], status["error"], status["progress"]) == ("finished", None, 100.0)
    assert progress == sorted(progress)
    assert status["logs"][0] == f"Starting render for project {project}"
    assert status["logs"][-1] == f"Render complete -> {status['result']}"
    assert status["result"] == status["output_url"]
    film = tmp_path / "film.mp4"
    film.write_bytes((await api.get(status["result"])).content)
    info = await probe(film, MediaSettings())
    assert (info.width, info.height, info.fps, info.codec) == (1080, 1920, 30.0, "h264")
    assert info.default_audio is not None
    assert (info.default_audio.codec, info.title) == ("aac", "My Cool Video")
    listed = (await api.get("/api/projects")).json()
    assert (listed[0]["id"], listed[0]["status"], listed[0]["last_render"]["status"]) == (
        project,
        "rendered",
        "finished",
    )
    again = await api.post(f"/api/render/{project}", json={"watermark": True})
    assert (again.status_code, again.json()["job_id"]) == (200, status["id"])


async def test_segments_come_in_their_order_and_one_changed_caption_renders_one_piece_and_no_sound(
    engine: Engine, api: httpx.AsyncClient, clock: Path, tmp_path: Path
) -> None:
    project, _ = await consenting(api, clock)
    ranges = [(2, 4), (7, 8), (2, 4)]
    segments = [{"name": f"part_{n}", "start": start, "end": end} for n, (start, end) in enumerate(ranges)]
    await saved(api, project, *segments)
    status, _ = await rendered(api, project, **DRAFT)
    assert status["status"] == "finished", status
    film = tmp_path / "film.mp4"
    film.write_bytes((await api.get(status["result"])).content)
    assert [number for _, number in read_numbers(film)] == [*range(60, 120), *range(210, 240), *range(60, 120)]

    segments[1]["captions"] = [{"text": "Seven", "start": 7.0, "end": 8.0}]
    await saved(api, project, *segments)
    status, _ = await rendered(api, project, **DRAFT)
    assert [line for line in status["logs"] if line.startswith("Processed")] == [
        "Processed segment part_0 (reused)",
        "Processed segment part_1",
        "Processed segment part_2 (reused)",
    ]
    folder = f"projects/{(await api.get(f'/api/projects/{project}')).json()['identifier']}"
    assert len([one.name async for one in engine.environment.store.list(f"{folder}/sounds/")]) == 1


async def test_a_timeline_is_made_where_there_is_none(api: httpx.AsyncClient, clock: Path) -> None:
    project, _ = await consenting(api, clock)
    status, _ = await rendered(api, project, **DRAFT)
    assert status["status"] == "finished", status
    timeline = (await api.get(f"/api/timeline/{project}")).json()["timeline"]
    assert timeline["template_name"] == "realistic_chaos"
    assert timeline["segments"][0]["name"] == "intro"


async def test_an_analysed_upload_has_a_timeline_and_renders(api: httpx.AsyncClient, clock: Path) -> None:
    body = await ingested(api, clock, wait="120")
    assert (body["status"], body["timeline"]["template_name"]) == ("analyzed", "realistic_chaos")
    assert body["timeline"]["segments"][0]["start"] == 0
    await api.post(f"/api/consent/{body['asset']['id']}/checkbox", json={"accepted": True})
    await saved(api, body["id"], {"name": "intro", "start": 1.0, "end": 2.0, "sfx": {"name": "whoosh"}})
    status, _ = await rendered(api, body["id"], **DRAFT)
    assert (status["status"], status["error"]) == ("finished", None)
    again = await api.post(f"/api/timeline/{body['id']}/analyze", json={"seed": 3, "template": "clean"})
    assert (again.json()["version"], again.json()["timeline"]["template_name"]) == (3, "clean")
    assert (await api.delete(f"/api/projects/{body['id']}")).status_code == 204
    other = await api.post("/api/projects", json={"video": (await video_of(api, body["title"]))})
    made = await api.post(f"/api/timeline/{other.json()['id']}/analyze", json={})
    assert made.json()["status"] == "analyzed"


async def video_of(api: httpx.AsyncClient, title: str) -> str:
    """The newest video of a title, by its identifier."""
    found = (await api.get("/api/videos", params={"q": title})).json()["items"]
    return str(found[0]["identifier"])


async def test_consent_that_is_taken_back_stops_the_film(engine: Engine, api: httpx.AsyncClient, clock: Path) -> None:
    project, asset = await consenting(api, clock)
    await saved(api, project, *({"name": f"s{n}", "start": n, "end": n + 3} for n in range(6)))
    started = (await api.post(f"/api/render/{project}", json={})).json()
    async with asyncio.timeout(60):
        while (await api.get(started["status_url"])).json()["progress"] < 20:
            await asyncio.sleep(0.1)
    await api.post(f"/api/consent/{asset}/checkbox", json={"accepted": False})
    async with asyncio.timeout(20):
        while (status := (await api.get(started["status_url"])).json())["status"] != "failed":
            await asyncio.sleep(0.1)
    assert status["error"] == "consent.revoked: Consent was taken back while the film was rendered."
    assert status["output_url"] is None
    async with engine.environment.database.read() as session:
        said = await session.scalars(
            text("SELECT what FROM consent_events WHERE asset_id = :asset ORDER BY id"), {"asset": asset}
        )
    assert list(said)[-2:] == ["accepted", "revoked"]  # the same bytes are one asset in all of these tests
    finals = [one.name async for one in engine.environment.store.list("projects/") if "/final/" in one.name]
    assert [name for name in finals if started["job_id"] in name] == []


async def test_words_become_a_film_and_change_a_picture_without_a_model(
    api: httpx.AsyncClient, clock: Path, tmp_path: Path
) -> None:
    asked = {"prompt": "Bread rises. It rests.", "duration": 3, "width": 180, "height": 320}
    made = (await api.post("/api/tools/generate_video", json=asked, params={"wait": 120})).json()
    assert (made["backend"], made["cost_usd"]) == ("embedded", 0.0)
    film = tmp_path / "film.mp4"
    film.write_bytes((await api.get(made["url"])).content)
    info = await probe(film, MediaSettings())
    assert (info.width, info.height, info.fps, info.duration) == (180, 320, 30.0, 3.0)

    body = await ingested(api, clock, auto_analyze="false")
    edit = {"prompt": "Black and white, cropped to a square", "image": body["asset"]["thumbnail_url"]}
    changed = (await api.post("/api/tools/edit_image", json=edit, params={"wait": 120})).json()
    assert (changed["applied"], changed["backend"]) == (["square", "grayscale"], "embedded")
    picture = Image.open(io.BytesIO((await api.get(changed["path"])).content))
    assert (picture.format, picture.width) == ("PNG", picture.height)
    again = {"prompt": "blurred", "image": changed["path"]}
    assert (await api.post("/api/tools/edit_image", json=again, params={"wait": 120})).status_code == 200


async def test_a_film_has_its_music_its_sounds_its_transitions_and_looks_where_something_is(
    api: httpx.AsyncClient, clock: Path, tmp_path: Path
) -> None:
    project, asset = await consenting(api, clock)
    segments = [
        {"name": "intro", "start": 1, "end": 2, "sfx": {"name": "own", "path": f"asset:{asset}", "duration": 0.5}},
        {"name": "outro", "start": 5, "end": 6, "transition": {"name": "crossfade", "duration": 0.3}},
    ]
    timeline = {"segments": segments, "music": {"name": "drive", "volume": 2}, "aspect": "vertical"}
    assert (await api.post(f"/api/timeline/{project}", json={"timeline": timeline})).status_code == 200
    status, _ = await rendered(api, project, quality="draft", watermark=False)
    assert (status["status"], status["error"]) == ("finished", None)
    assert [crop["method"] for crop in status["crops"]] == ["attention", "attention"]
    film = tmp_path / "film.mp4"
    film.write_bytes((await api.get(status["output_signed_url"])).content)
    info = await probe(film, MediaSettings())
    assert (info.width, info.height, info.duration) == (540, 960, 2.0)
    preview = await api.get(f"/api/timeline/{project}/preview", params={"at": 1.1})
    assert preview.content[:2] == b"\xff\xd8"


async def test_a_film_whose_video_is_gone_names_the_segment_that_wanted_it(
    engine: Engine, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    project, _ = await consenting(api, make_video(tmp_path / "own.mp4", seconds=4))
    await saved(api, project, {"name": "intro", "start": 0.0, "end": 1.0})
    video = (await api.get(f"/api/timeline/{project}")).json()["asset"]["video"]
    async with engine.environment.database.read() as session:
        uri = await session.scalar(text("SELECT cloud_url FROM videos WHERE identifier = :video"), {"video": video})
    await engine.environment.store.delete(engine.environment.store.name_of(uri))
    status, _ = await rendered(api, project, **DRAFT)
    assert (status["status"], status["run_status"], status["output_url"]) == ("failed", "failed", None)
    assert status["error"].startswith("storage.not_found: Segment intro: ")
    assert (status["problem"]["code"], status["problem"]["retryable"]) == ("storage.not_found", False)
