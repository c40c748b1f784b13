"""What a video's page draws and saves, what its form offers, and what is done to many at once."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from moments_ray.library.queries.references import VideoReferences
from moments_ray.library.queries.videos import Videos
from moments_ray.library.signals import signals_name
from moments_ray.media.signals import Signals
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem


async def test_loudness_and_boundaries_are_read_back_from_what_was_measured(
    api: httpx.AsyncClient, library: Library
) -> None:
    video = await library.video()
    address = f"/api/videos/{video.identifier}"
    problem(await api.get(f"{address}/waveform"), 404, "object.not_found")
    problem(await api.get(f"{address}/boundaries"), 404, "object.not_found")
    signals = Signals(shots=(2.5, 40.0), silences=((1.8, 2.2),), loudness=(-60.0, 0.0, -30.0, -90.0))
    name = signals_name(video.identifier, video.checksum or "")
    await library.store.put_bytes(name, signals.model_dump_json().encode(), content_type="application/json")
    await library.transcript(video)
    drawn = (await api.get(f"{address}/waveform", params={"points": 2})).json()
    assert (drawn["step"], drawn["mean"], drawn["peak"]) == (0.2, [128, 64], [255, 128])
    near = (await api.get(f"{address}/boundaries", params={"from": 1.9, "to": 3.5})).json()
    assert near == {
        "words": [[2.0, 2.8], [3.0, 3.8]],
        "sentences": [[2.0, 4.8]],
        "silences": [[1.8, 2.2]],
        "shots": [2.5],
    }


async def test_a_transcript_comes_by_columns(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    await library.transcript(video)
    answer = await api.get(f"/api/videos/{video.identifier}/transcript", params={"format": "columns"})
    columns = answer.json()
    assert columns["words"] == ["Hello", "there.", "Moments", "are", "found."]
    assert (columns["starts"][2], columns["ends"][2], columns["sentences"]) == (2.0, 2.8, [0, 2])
    headers = {"If-None-Match": answer.headers["etag"]}
    same = await api.get(f"/api/videos/{video.identifier}/transcript?format=columns", headers=headers)
    assert same.status_code == 304


async def test_media_is_saved_under_the_names_that_people_gave(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    renamed = await api.patch(f"/api/videos/{video.identifier}", json={"title": " Bread: a/talk "})
    assert renamed.json()["title"] == "Bread: a/talk"
    problem(await api.patch(f"/api/videos/{video.identifier}", json={"title": "\n"}), 422, "input.invalid")
    first, second = [await library.moment(video, at, at + 5, title="Rye?") for at in (10, 20)]
    await library.clip(video, first)
    await library.clip(video, second)
    source = await api.get(f"/api/videos/{video.identifier}/stream", params={"download": True, "redirect": False})
    saved = await api.get(source.json()["url"])
    assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''Bread%20a%20talk.mp4"
    whole = await api.get(f"/api/videos/{video.identifier}/clips.zip")
    assert "clips.zip" in whole.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["01 Rye.mp4", "02 Rye.mp4"]
        assert archive.read("02 Rye.mp4") == b"clip"
    one = await api.get(f"/api/videos/{video.identifier}/clips.zip", params={"moment": second.identifier})
    with zipfile.ZipFile(io.BytesIO(one.content)) as archive:
        assert archive.namelist() == ["01 Rye.mp4"]
    problem(await api.get(f"/api/videos/{video.identifier}/clips.zip?preset=web"), 404, "object.not_found")


async def test_a_form_is_told_what_can_be_asked(api: httpx.AsyncClient) -> None:
    offered = (await api.get("/api/options")).json()
    assert {"key": "local", "kind": "llm", "supports_video": True, "embedded": True} in offered["models"]
    assert offered["defaults"]["generation_model"] == "local"
    assert {"source", "web", "vertical"} == {preset["key"] for preset in offered["presets"]}
    assert offered["schema"]["properties"]["count"]["anyOf"][0]["maximum"] == 100
    assert "captions" in offered["transcribers"]


async def test_many_are_handled_at_once_each_with_its_own_answer(api: httpx.AsyncClient, library: Library) -> None:
    videos = [await library.video(title) for title in ("Bread", "Butter")]
    asked = {"action": "start", "ids": [videos[0].identifier, "nobody"], "options": {"count": 2}}
    answer = (await api.post("/api/videos/bulk", json=asked)).json()
    assert [(each["done"], each["code"]) for each in answer["items"]] == [(True, None), (False, "object.not_found")]
    run = answer["items"][0]["run"]
    cancelled = (await api.post("/api/runs/bulk", json={"action": "cancel", "ids": [run]})).json()
    assert (cancelled["done"], (await api.get(f"/api/runs/{run}")).json()["status"]) == (1, RunStatus.CANCELLED)
    again = (await api.post("/api/runs/bulk", json={"action": "retry", "ids": [run, run]})).json()
    assert (again["done"], again["failed"]) == (1, 0)
    await api.post("/api/runs/bulk", json={"action": "cancel", "ids": [run]})
    gone = (await api.post("/api/videos/bulk", json={"action": "delete", "filter": {"q": "bread"}})).json()
    assert [each["identifier"] for each in gone["items"]] == [videos[0].identifier]
    assert (await api.get("/api/videos")).json()["total"] == 1
    problem(await api.post("/api/videos/bulk", json={"action": "delete"}), 422, "input.invalid")


async def test_figures_are_of_what_there_is_and_of_the_last_day(api: httpx.AsyncClient, library: Library) -> None:
    empty = (await api.get("/api/statistics")).json()
    assert (empty["videos"], empty["video_hours"], empty["seconds_a_minute"], empty["runs"]) == (0, 0.0, None, {})
    first, second = await library.video(), await library.video("Another")
    parent = await library.moment(first, 1, 9)
    child = await library.moment(first, 2, 8, parent=parent)
    await library.clip(first, child)
    await library.finish(await library.run(first))
    error = {"code": "media.failed", "message": "It broke.", "retryable": False}
    await library.finish(await library.run(second), RunStatus.FAILED, error=error, error_stage="VIDEO_DOWNLOAD")
    waiting = await library.run(first)
    found = (await api.get("/api/statistics")).json()
    assert (found["videos"], found["moments"], found["clips"]) == (2, 1, 1)
    assert found["video_hours"] == 240 / 3600
    assert found["runs"] == {"completed": 1, "failed": 1, "queued": 1}
    assert found["waiting_by_priority"] == {str(waiting.priority): 1}
    assert sum(hour["completed"] for hour in found["last_day"]) == 1
    assert found["last_day"][-1]["failed"] + found["last_day"][-2]["failed"] == 1
    assert found["seconds_a_minute"] >= 0


async def test_a_storyboard_is_read_by_a_link_and_said_how_to_read(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    address = f"/api/videos/{video.identifier}/storyboard"
    problem(await api.get(address), 404, "object.not_found")
    name = f"videos/{video.identifier}/storyboard-1.jpg"
    stored = await library.store.put_bytes(name, b"jpg", content_type="image/jpeg")
    laid = {"count": 24, "columns": 10, "step": 5.0, "width": 160, "height": 90}
    async with library.database.begin() as session:
        await Videos(session).set_source(video.identifier, None, storyboard={"uri": stored.uri, **laid})
    answer = (await api.get(address)).json()
    assert {key: answer[key] for key in laid} == laid
    assert (await api.get(answer["url"].removeprefix("http://localhost"))).content == b"jpg"
    async with library.database.begin() as session:
        assert await VideoReferences(session).unreferenced(video.identifier, [name, f"{name}.part"]) == [f"{name}.part"]


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """The files of a directory, at an address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(directory))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_an_address_is_looked_at_before_anything_is_started(
    api: httpx.AsyncClient, library: Library, tmp_path: Path
) -> None:
    assert library is not None
    (tmp_path / "talk.mp4").write_bytes(b"0123456789")
    problem(await api.post("/api/urls/inspect", json={"url": "ftp://example.org/x"}), 422, "url.not_allowed")
    with served(tmp_path) as host:
        address = f"{host}/talk.mp4"
        found = (await api.post("/api/urls/inspect", json={"url": f"{address}?utm_source=letter#t=10"})).json()
        assert (found["url"], found["video"], found["title"], found["bytes"]) == (address, None, "talk", 10)
        begun = (await api.post("/api/videos", json={"url": address})).json()
        again = (await api.post("/api/urls/inspect", json={"url": f"{address}?utm_medium=mail"})).json()
    assert again["video"]["identifier"] == begun["video"]["identifier"]
    assert (await api.get("/api/runs")).json()["total"] == 1
