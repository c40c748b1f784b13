"""Video jobs from outside to their end: through the API, a real queue, a real worker, real media."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import text

from moments_ray.http.container import Container
from moments_ray.media.probe import probe
from moments_ray.models.gateway import Gateway
from moments_ray.testing.media import run_ffmpeg
from moments_ray.testing.model_server import completion, model_server
from serve_app.factory import create_app
from tests.ray.conftest import Engine, StartWorker
from tests.ray.talk import Talk

FINISHED = {"completed", "failed", "cancelled"}


def media_processes() -> list[str]:
    """The media programs that work for this test's Ray, dead ones that are still listed not among them."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            if each.status() != psutil.STATUS_ZOMBIE:
                found.append(each.name())
    return [name for name in found if "ffmpeg" in name]


class Api:
    """What a caller of the API does."""

    def __init__(self, client: httpx.AsyncClient, video: bytes) -> None:
        self.client = client
        self.video = video

    async def create(self, job_type: str, **options: Any) -> str:
        """Create a job on the talk."""
        body = httpx.Request("POST", "http://x", json={"job_type": job_type, "options": options}).read().decode()
        answer = await self.client.post(
            "/api/v1/jobs/upload", files={"file": ("talk.mp4", self.video)}, data={"job": body}
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["status"] == "pending"
        return str(answer.json()["id"])

    async def create_of(self, url: str, job_type: str) -> str:
        """Create a job on the video at a URL."""
        answer = await self.client.post("/api/v1/jobs/", json={"youtube_url": url, "job_type": job_type})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def job(self, identifier: str) -> dict[str, Any]:
        answer = await self.client.get(f"/api/v1/jobs/{identifier}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def ended(self, identifier: str) -> dict[str, Any]:
        """Wait until a job is finished, and see that its progress never falls."""
        progress = 0.0
        async with asyncio.timeout(240):
            while (job := await self.job(identifier))["status"] not in FINISHED:
                assert job["progress"] >= progress
                progress = job["progress"]
                await asyncio.sleep(0.1)
        return job

    async def bytes_of(self, path: str) -> bytes:
        answer = await self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.content


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Where the talk is, on a web server of this machine."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/talk.mp4"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def api(engine: Engine, talk: Talk, tmp_path: Path) -> AsyncIterator[Api]:
    """The API over the engine's database and queue, and the talk with its captions in it."""
    path = tmp_path / "talk.mp4"
    run_ffmpeg(["-i", talk.path, "-i", talk.captions, "-c", "copy", "-c:s", "mov_text", path])
    container = Container(engine.environment, engine.redis, lambda: [{"CPU": 8.0}])
    transport = httpx.ASGITransport(create_app(container))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Api(client, path.read_bytes())
    await container.sockets.close()
    await container.feed.close()
    await container.notifier.close()


async def test_one_job_gives_all_there_is_of_a_video(
    api: Api, engine: Engine, worker: object, talk: Talk, tmp_path: Path
) -> None:
    identifier = await api.create(
        "full_processing",
        audio_format="flac",
        max_clips=3,
        clip_duration=12.0,
        output_format="mov",
        resolution="360p",
        min_confidence=0.1,
    )
    job = await api.ended(identifier)
    assert (job["status"], job["progress"], job["error"], job["attempt"]) == ("completed", 100.0, None, 1)
    assert job["video_title"] == "talk"
    assert "river" in job["transcript"].lower()
    analysis = job["analysis_results"]
    assert analysis["sentiment"] in {"positive", "neutral", "negative", "mixed"}
    assert analysis["topics"]
    assert all(topic in job["transcript"].lower() for topic in analysis["topics"])
    assert abs(job["audio"]["duration"] - talk.duration) < 0.05
    assert 1 <= len(job["generated_clips"]) <= 3
    for number, clip in enumerate(job["generated_clips"], 1):
        assert 0 <= clip["start"] < clip["end"] <= talk.duration + 0.05
        path = tmp_path / f"{number}.mov"
        path.write_bytes(await api.bytes_of(clip["url"]))
        cut = await probe(path, engine.settings.media)
        assert abs(cut.duration - clip["duration"]) < 0.1
        assert (await api.bytes_of(clip["thumbnail_url"])).startswith(b"\xff\xd8")
    assert (await api.bytes_of(job["audio"]["url"])).startswith(b"fLaC")
    assert "-->" in (await api.bytes_of(f"/api/v1/jobs/{identifier}/transcript?format=srt")).decode()
    assert (await api.client.delete(f"/api/v1/jobs/{identifier}")).status_code == 204
    assert (await api.client.get(job["audio"]["url"])).status_code == 404


async def test_jobs_on_one_video_share_its_transcript(api: Api, engine: Engine, worker: object) -> None:
    first = await api.ended(await api.create("transcription"))
    others = [await api.create(kind) for kind in ("analysis", "transcription", "analysis")]
    jobs = [first, *[await api.ended(each) for each in others]]
    assert {job["status"] for job in jobs} == {"completed"}
    assert len({job["video_id"] for job in jobs}) == 1
    async with engine.environment.database.read() as session:
        query = "SELECT count(*) FROM transcripts t JOIN videos v ON v.id = t.video_id WHERE v.identifier = :video"
        assert await session.scalar(text(query), {"video": first["video_id"]}) == 1


async def test_ten_jobs_on_one_address_at_once_all_complete_and_share_one_transcript(
    api: Api, engine: Engine, start: StartWorker, site: str
) -> None:
    await start("many", runs_at_once=4)
    kinds = ["transcription", "analysis", "audio_extraction", "transcription", "analysis"] * 2
    jobs = [await api.ended(job) for job in await asyncio.gather(*(api.create_of(site, kind) for kind in kinds))]
    assert [(job["status"], job["error"]) for job in jobs] == [("completed", None)] * 10
    assert {(job["video_id"], job["youtube_url"]) for job in jobs} == {(jobs[0]["video_id"], site)}
    assert all("river" in job["transcript"].lower() for job in jobs if job["job_type"] != "audio_extraction")
    async with engine.environment.database.read() as session:
        query = "SELECT count(*) FROM transcripts t JOIN videos v ON v.id = t.video_id WHERE v.identifier = :video"
        assert await session.scalar(text(query), {"video": jobs[0]["video_id"]}) == 1


async def test_a_job_that_is_worked_on_is_cancelled_and_leaves_no_process(
    api: Api, engine: Engine, worker: object
) -> None:
    identifier = await api.create("clip_generation", clip_strategy="windows", clip_duration=20.0, output_format="webm")
    async with asyncio.timeout(120):
        while not media_processes():
            assert (await api.job(identifier))["status"] not in FINISHED
            await asyncio.sleep(0.02)
    answer = await api.client.post(f"/api/v1/jobs/{identifier}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")
    assert (await api.ended(identifier))["status"] == "cancelled"
    await engine.until(lambda: not media_processes())  # what a stage killed by force had started is ended by the kernel
    assert (await api.client.post(f"/api/v1/jobs/{identifier}/cancel")).json()["status"] == "cancelled"


async def test_a_chat_model_that_is_asked_for_analyses_what_was_said(api: Api, engine: Engine, worker: object) -> None:
    said = {
        "topics": [{"label": "river", "words": ["delta", "helicopter"], "passages": [1]}],
        "keywords": ["yeast", "bees", "nothing of it"],
        "feelings": [{"passage": 1, "feels": "positive"}],
    }
    registry = engine.environment.service(Gateway).registry
    with model_server(lambda _: completion(json.dumps(said))) as server:
        await registry.put("analyst", {"kind": "llm", "base_url": server.url})
        try:
            job = await api.ended(await api.create("analysis", analysis_model="analyst", min_confidence=0.0))
        finally:
            await registry.delete("analyst")
    assert (job["status"], job["error"]) == ("completed", None)
    results = job["analysis_results"]
    assert (results["method"], results["sentiment"]) == ("analyst", "positive")
    assert results["topics"] == ["river"]
    assert results["topic_details"][0]["words"] == ["river", "delta"]
    assert [(each["text"], each["count"]) for each in results["keywords"]] == [("yeast", 2), ("bees", 2)]


async def test_the_result_says_who_heard_and_why_it_is_not_the_size_that_was_asked(api: Api, worker: object) -> None:
    job = await api.ended(await api.create("transcription", model_size="small"))
    assert (job["status"], job["transcriber"]["engine"]) == ("completed", "captions")
    (warning,) = job["warnings"]
    assert warning.startswith("The transcript is not by Whisper in size small. Transcribing by captions: ")


async def test_windows_are_cut_by_the_clock(api: Api, worker: object) -> None:
    windows = {"clip_strategy": "windows", "clip_duration": 10.0, "overlap_duration": 2.0, "max_clips": 3}
    job = await api.ended(await api.create("clip_generation", **windows))
    assert job["status"] == "completed"
    assert [round(clip["start"]) for clip in job["generated_clips"]] == [0, 8, 16]


async def test_a_video_without_sound_fails_where_sound_is_asked_and_else_is_a_warning(
    api: Api, worker: object, tmp_path: Path
) -> None:
    path = tmp_path / "mute.mp4"
    run_ffmpeg(["-i", tmp_path / "talk.mp4", "-map", "0:v", "-c", "copy", path])
    api.video = path.read_bytes()
    kinds = ("audio_extraction", "transcription", "full_processing")
    sound, words, everything = [await api.ended(await api.create(kind)) for kind in kinds]
    assert (sound["status"], sound["error"]["code"], sound["error"]["retryable"]) == (
        "failed",
        "media.unsupported",
        False,
    )
    assert "has no sound" in sound["error_message"]
    assert (words["status"], words["transcript"]) == ("completed", "")
    assert (everything["status"], everything["audio"]) == ("completed", None)
    assert any("sound" in warning for warning in everything["warnings"])


async def test_a_job_over_its_time_fails_with_its_own_code_and_can_be_retried(api: Api, worker: object) -> None:
    identifier = await api.create("transcription", timeout=0.01)
    job = await api.ended(identifier)
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("failed", "job.timeout", True)
    answer = await api.client.post(f"/api/v1/jobs/{identifier}/retry")
    assert (answer.status_code, answer.json()["retry_count"]) == (202, 1)
    again = await api.ended(identifier)
    assert again["created_at"] == job["created_at"]
    assert again["error"]["code"] == "job.timeout"


async def test_a_higher_priority_is_taken_first(api: Api, start: Any) -> None:
    jobs = {}
    for priority in (1, 9):
        body = f'{{"job_type": "audio_extraction", "priority": {priority}}}'
        answer = await api.client.post(
            "/api/v1/jobs/upload", files={"file": ("talk.mp4", api.video)}, data={"job": body}
        )
        jobs[priority] = answer.json()["id"]
    await start("one", runs_at_once=1)
    low, high = await api.ended(jobs[1]), await api.ended(jobs[9])
    assert high["started_at"] < low["started_at"]


async def test_the_worker_is_shown_with_what_it_did(api: Api, worker: object) -> None:
    await api.ended(await api.create("audio_extraction", audio_format="mp3"))
    queue = (await api.client.get("/api/v1/queue/status")).json()
    assert queue["queue_running"] is True
    (shown,) = [each for each in queue["workers"] if each["id"] == "worker-test"]
    assert shown["jobs_done"] >= 1
    assert shown["status"] in {"idle", "busy"}
