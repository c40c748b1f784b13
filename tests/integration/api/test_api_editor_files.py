"""What comes to the editor as a file, and leaves it as one: consent, sounds, cuts of other editors, media."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
import opentimelineio
import pytest

from moments_ray.database.tables import Video
from tests.integration.api.conftest import problem
from tests.integration.api.timelines import INTRO, save


def docx() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "suffix"),
    [(b"%PDF-1.7 signed", ".pdf"), (b"\xff\xd8\xff\xe0 jpg", ".jpg"), (docx(), ".docx"), (b"I agree.", ".txt")],
)
async def test_a_signed_document_is_kept_by_its_content(
    api: httpx.AsyncClient, project: dict[str, Any], data: bytes, suffix: str
) -> None:
    path = f"/api/consent/{project['asset']['id']}/upload"
    body = (await api.post(path, files={"file": ("form.exe", data)})).json()
    assert body["document_url"].endswith(suffix)
    kept = await api.get(body["document_url"], follow_redirects=True)
    assert kept.content == data
    assert kept.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "data", [b"<svg onload=alert(1)>", b"<!doctype html><script>1</script>", b"MZ\0\0", b"", b"PK\x03\x04zip"]
)
async def test_what_could_run_in_a_browser_is_no_document(
    api: httpx.AsyncClient, project: dict[str, Any], data: bytes
) -> None:
    path = f"/api/consent/{project['asset']['id']}/upload"
    problem(await api.post(path, files={"file": ("form.pdf", data)}), 422, "media.unsupported")


async def test_media_has_the_names_that_rows_give_and_no_others(
    api: httpx.AsyncClient, project: dict[str, Any], film: Video
) -> None:
    picture = await api.get(project["asset"]["thumbnail_url"], follow_redirects=True)
    assert picture.content == b"jpg"
    part = await api.get(project["asset"]["ingest_url"], headers={"Range": "bytes=4-7"}, follow_redirects=True)
    assert (part.status_code, part.content) == (206, b"ftyp")
    name = project["asset"]["ingest_url"].rpartition("/")[2]
    for path in (
        f"/media/thumbnails/{name}",
        f"/media/final/{name}",
        "/media/ingest/../../etc/passwd",
        "/media/ingest/..%2F..%2Fetc%2Fpasswd",
        f"/media/videos/{film.identifier}",
        "/media/ingest/nothing.mp4",
    ):
        assert (await api.get(path)).status_code in {404, 422}, path


@pytest.mark.parametrize(("kind", "count"), [("otio", 2), ("fcpxml", 2)])
async def test_a_timeline_opens_in_other_editors(
    api: httpx.AsyncClient, project: dict[str, Any], kind: str, count: int
) -> None:
    await save(api, project, segments=[INTRO, {"name": "outro", "start": 1, "end": 2}])
    written = await api.get(f"/api/timeline/{project['id']}/export", params={"format": kind})
    adapter = {"otio": "otio_json", "fcpxml": "fcpx_xml"}[kind]
    clips = list(opentimelineio.adapters.read_from_string(written.text, adapter).find_clips())
    assert len(clips) == count
    assert "my-cool-video" in written.headers["content-disposition"]


async def test_what_is_no_video_is_refused_by_its_bytes(api: httpx.AsyncClient) -> None:
    refused = await api.post("/api/ingest", files={"file": ("film.mp4", b"PK\x03\x04 not a film")})
    problem(refused, 422, "media.unsupported")
    problem(await api.post("/api/ingest", data={"title": "nothing"}), 422, "input.invalid")
    assert (await api.get("/api/projects")).json() == []


async def test_cuts_of_another_editor_are_taken_over_and_all_else_stays(
    api: httpx.AsyncClient, project: dict[str, Any]
) -> None:
    await save(api, project, segments=[INTRO, {"name": "outro", "start": 1, "end": 2}], beats=[0.5])
    path = f"/api/timeline/{project['id']}"
    written = (await api.get(f"{path}/export", params={"format": "otio"})).content
    await save(api, project, segments=[])
    body = (await api.post(f"{path}/import", files={"file": ("cuts.otio", written)})).json()
    cuts = [(each["name"], each["start"], each["end"]) for each in body["timeline"]["segments"]]
    assert cuts == [("intro", 0.0, 3.0), ("outro", 1.0, 2.0)]
    assert body["timeline"]["segments"][0]["captions"][0]["text"] == "Welcome!"
    assert (body["timeline"]["beats"], body["timeline"]["warnings"]) == ([0.5], [])
    for data in (b"nonsense", b"\xff\xfe", b"[" * 100_000):
        problem(await api.post(f"{path}/import", files={"file": ("cuts.otio", data)}), 422, "input.invalid")


async def test_sounds_of_ones_own_are_those_of_assets(api: httpx.AsyncClient, project: dict[str, Any]) -> None:
    asset = f"asset:{project['asset']['id']}"
    own = {**INTRO, "sfx": {"name": "mine", "path": asset}}
    music = {"name": "calm", "volume": 0.5}
    saved = (await save(api, project, segments=[own], music=music)).json()["timeline"]
    assert (saved["segments"][0]["sfx"], saved["music"]) == ({"name": "mine", "path": asset}, music)
    for path in ("asset:999", "/etc/passwd", "http://169.254.169.254/a.mp3", "/media/ingest/../a.mp4"):
        bad = {**INTRO, "sfx": {"name": "mine", "path": path}}
        problem(await save(api, project, segments=[bad]), 422, "media.not_ours")
        problem(await save(api, project, music={"path": path}), 422, "media.not_ours")
    problem(await save(api, project, music={"name": "calm", "path": asset}), 422, "input.invalid")
    problem(await save(api, project, music={"name": "jazz"}), 422, "input.invalid")
