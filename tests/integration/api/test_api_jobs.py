"""The video jobs API: the document's own examples, the queue, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import func

from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.settings import DownloadSettings
from moments_ray.states import RunStatus
from serve_app.factory import create_app
from tests.integration.api.callers import reached
from tests.integration.api.conftest import Library, problem

URL = "http://127.0.0.1/talk.mp4"
JOBS = "/api/v1/jobs/"


async def create(api: httpx.AsyncClient, job_type: str = "transcription", **more: Any) -> dict[str, Any]:
    answer = await api.post(JOBS, json={"youtube_url": URL, "job_type": job_type, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def end(library: Library, job: str, status: RunStatus, **values: Any) -> None:
    """Bring a job to a verdict, as a worker does."""
    async with library.database.read() as session:
        run = await Runs(session).get(job)
    claim = await library.claim(run)
    async with library.database.begin() as session:
        await Journal(session, claim).event(f"run.{status}", {}, status=status, completed_at=func.now(), **values)


async def test_the_documents_own_test_passes(api: httpx.AsyncClient) -> None:
    response = await api.post(
        "/api/v1/jobs/", json={"youtube_url": URL, "job_type": "transcription", "options": {"language": "en"}}
    )
    job_id = response.json()["id"]
    assert response.status_code == 201
    response = await api.get(f"/api/v1/jobs/{job_id}")
    assert response.status_code == 200
    assert response.json()["status"] in ["pending", "queued", "processing"]


async def test_a_job_is_answered_as_the_document_shows_it(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        "/api/v1/jobs",
        json={
            "youtube_url": URL,
            "job_type": "full_processing",
            "priority": 5,
            "options": {"audio_format": "wav", "language": "en", "max_clips": 10},
        },
    )
    job = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/api/v1/jobs/{job['id']}")
    shown = {name: job[name] for name in ("youtube_url", "job_type", "status", "progress", "priority")}
    assert shown == {
        "youtube_url": URL,
        "job_type": "full_processing",
        "status": "pending",
        "progress": 0.0,
        "priority": 5,
    }
    assert job["options"] == {"audio_format": "wav", "language": "en", "max_clips": 10}
    known = (await api.get(f"/api/v1/jobs/{job['id']}")).json()
    assert (known["status"], known["queue_position"], known["max_retries"]) == ("queued", 1, 3)
    assert known["run_id"] == job["id"]


async def test_jobs_on_one_video_do_not_exclude_each_other(api: httpx.AsyncClient) -> None:
    jobs = [await create(api) for _ in range(3)]
    assert len({job["id"] for job in jobs}) == 3
    assert len({job["video_id"] for job in jobs}) == 1


async def test_the_same_idempotency_key_is_the_same_job(api: httpx.AsyncClient) -> None:
    body = {"youtube_url": URL, "job_type": "analysis"}
    first, again = [await api.post(JOBS, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = await api.post(JOBS, json=body | {"job_type": "transcription"}, headers={"Idempotency-Key": "k"})
    problem(other, 422, "input.invalid")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"youtube_url": None}, "body: give the youtube_url of a video"),
        ({"youtube_url": "x" * 5000}, "body.youtube_url: Value should have at most 4096 characters"),
        ({"video_id": "another"}, "video_id"),
        ({"options": {"model_size": "huge"}}, "model_size"),
        ({"job_type": "nothing"}, "job_type"),
        ({"priority": 11}, "priority"),
        ({"priority": "5"}, "priority"),
        ({"max_retries": -1}, "max_retries"),
        ({"options": {"max_clips": 0}}, "max_clips"),
        ({"options": {"max_clips": "3"}}, "max_clips"),
        ({"options": {"clip_duration": 10, "overlap_duration": 10}}, "overlap_duration"),
        ({"options": {"colour": "red"}}, "body.options.colour: there is no such field."),
        ({"options": {"max_clip": 3}}, "body.options.max_clip: there is no such field; did you mean max_clips?"),
        ({"webhook": {"url": "https://example.org"}}, "body.webhook.secret: Field required."),
        ({"webhook": 5}, "body.webhook: give the URL, or an object with url and secret."),
        ({"options": {"language": "klingon"}}, "language"),
        ({"options": {"clip_strategy": "segments"}}, "segments"),
        ({"options": {"clip_strategy": "segments", "segments": [{"start": 5, "end": 1}]}}, "segments"),
    ],
)
async def test_bad_input_is_refused_by_name(api: httpx.AsyncClient, change: dict[str, Any], names: str) -> None:
    body = {"youtube_url": URL, "job_type": "transcription"} | change
    answer = await api.post(JOBS, json=body)
    assert names in problem(answer, 422, "input.invalid")["detail"]


async def test_a_number_that_is_none_is_refused(api: httpx.AsyncClient) -> None:
    text = '{"youtube_url": "http://127.0.0.1/a.mp4", "job_type": "analysis", "options": {"clip_duration": NaN}}'
    answer = await api.post(JOBS, content=text, headers={"Content-Type": "application/json"})
    assert "clip_duration" in problem(answer, 422, "input.invalid")["detail"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"language": "e" * 2_000_000}, "language"),
        ({"option" * 300_000: 1}, "optionoption"),
        ({f"option{n}": 1 for n in range(120_000)}, "option0"),
    ],
    ids=["one long option", "one long name", "many options"],
)
async def test_two_megabytes_of_options_are_refused_by_name(
    api: httpx.AsyncClient, options: dict[str, Any], names: str
) -> None:
    answer = await api.post(JOBS, json={"youtube_url": URL, "job_type": "transcription", "options": options})
    assert names in problem(answer, 422, "input.invalid")["detail"]
    assert len(answer.content) < 50_000
    far_too_much = {"youtube_url": URL, "job_type": "transcription", "options": {"language": "e" * 5_000_000}}
    problem(await api.post(JOBS, json=far_too_much), 413, "http.request_entity_too_large")


async def test_a_job_is_about_a_video_of_the_library(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video("A talk")
    answer = await api.post(JOBS, json={"video_id": video.identifier, "job_type": "audio_extraction"})
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["video_id"], job["video_title"], job["youtube_url"]) == (video.identifier, "A talk", None)
    answer = await api.post(JOBS, json={"video_id": "nobody", "job_type": "analysis"})
    problem(answer, 404, "object.not_found")


async def test_a_chat_model_that_cannot_be_asked_makes_no_job(api: httpx.AsyncClient) -> None:
    for key, code in (("nobody", "model.unknown"), ("minimax", "model.not_configured")):
        body = {"youtube_url": URL, "job_type": "analysis", "options": {"analysis_model": key}}
        problem(await api.post(JOBS, json=body), 422, code)
    assert (await api.get(JOBS)).json()["total"] == 0
    body = {"youtube_url": URL, "job_type": "analysis", "options": {"analysis_model": "local"}}
    assert (await api.post(JOBS, json=body)).status_code == 201


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://example.org/a.mp4", "nonsense", "javascript:alert(1)", "http://"),
        *("http://127.0.0.1/a.mp4", "http://localhost/a.mp4", "http://[::1]/a.mp4", "http://2130706433/a.mp4"),
        *("http://10.0.0.1/a.mp4", "http://169.254.169.254/latest/", "http://user:secret@example.org/a.mp4"),
    ],
)
async def test_what_may_not_be_fetched_makes_no_job(container: Container, url: str) -> None:
    settings = container.environment.settings.model_copy(update={"download": DownloadSettings()})
    strict = Container(replace(container.environment, settings=settings), container.redis, container.nodes)
    async with reached(create_app(strict)) as api:
        problem(await api.post(JOBS, json={"youtube_url": url, "job_type": "analysis"}), 422, "url.not_allowed")
        assert (await api.get(JOBS)).json()["total"] == 0
        assert (await api.get("/api/videos")).json()["items"] == []


async def test_lists_are_filtered_and_come_by_pages(api: httpx.AsyncClient, library: Library) -> None:
    jobs = [await create(api, priority=n) for n in range(5)]
    await end(library, jobs[0]["id"], RunStatus.COMPLETED_WITH_ERRORS, errors=1)
    await end(library, jobs[1]["id"], RunStatus.FAILED, error={"code": "download.private", "message": "It is private."})
    page = (await api.get("/api/v1/jobs/?status_filter=queued&limit=2&offset=1")).json()
    assert [job["id"] for job in page["items"]] == [jobs[3]["id"], jobs[2]["id"]]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 1)
    assert "transcript" not in page["items"][0]
    ended = (await api.get("/api/v1/jobs?status_filter=completed,failed&fields=full")).json()["items"]
    assert [(job["status"], job["errors"]) for job in ended] == [("failed", 0), ("completed", 1)]
    assert (ended[0]["error_message"], ended[0]["error"]["code"]) == ("It is private.", "download.private")
    assert ended[1]["progress"] == 100.0
    assert "transcript" in ended[0]
    first = (await api.get(f"{JOBS}?limit=3")).json()
    rest = (await api.get(f"{JOBS}?limit=3&cursor={first['next_cursor']}")).json()
    assert [job["id"] for job in first["items"] + rest["items"]] == [job["id"] for job in reversed(jobs)]
    assert (await api.get(f"{JOBS}?q=talk&job_type=transcription")).json()["total"] == 5
    assert (await api.get(f"{JOBS}?q=nothing")).json()["total"] == 0


@pytest.mark.parametrize("query", ["status_filter=bogus", "offset=10001", "limit=0", "job_type=x", "colour=red"])
async def test_a_bad_list_is_refused(api: httpx.AsyncClient, query: str) -> None:
    problem(await api.get(f"{JOBS}?{query}"), 422, "input.invalid")


async def test_a_job_that_waits_is_cancelled_at_once_and_a_working_one_soon(
    api: httpx.AsyncClient, library: Library
) -> None:
    waiting, working, done = [(await create(api))["id"] for _ in range(3)]
    answer = await api.post(f"{JOBS}{waiting}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    async with library.database.read() as session:
        await library.claim(await Runs(session).get(working))
    answer = await api.post(f"{JOBS}{working}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")
    await end(library, done, RunStatus.COMPLETED)
    assert "completed" in problem(await api.post(f"{JOBS}{done}/cancel"), 409, "object.conflict")["detail"]


async def test_a_failed_job_is_retried_as_itself(api: httpx.AsyncClient, library: Library) -> None:
    job = (await create(api))["id"]
    problem(await api.post(f"{JOBS}{job}/retry"), 409, "object.conflict")
    await end(library, job, RunStatus.FAILED)
    answer = await api.post(f"{JOBS}{job}/retry")
    assert (answer.status_code, answer.json()["id"], answer.json()["retry_count"]) == (202, job, 1)
    assert answer.json()["status"] == "queued"


async def test_a_finished_job_is_deleted_with_its_files_and_an_active_one_is_not(
    api: httpx.AsyncClient, library: Library
) -> None:
    job = (await create(api))["id"]
    assert "queued" in problem(await api.delete(f"{JOBS}{job}"), 409, "object.conflict")["detail"]
    await library.store.put_bytes(f"jobs/{job}/audio-1.mp3", b"sound", content_type="audio/mpeg")
    await end(library, job, RunStatus.COMPLETED)
    assert (await api.delete(f"{JOBS}{job}")).status_code == 204
    problem(await api.get(f"{JOBS}{job}"), 404, "object.not_found")
    assert not await library.store.exists(f"jobs/{job}/audio-1.mp3")


async def test_clearing_the_queue_leaves_what_is_worked_on_and_runs_of_other_kinds(
    api: httpx.AsyncClient, library: Library
) -> None:
    waiting, working = [(await create(api))["id"] for _ in range(2)]
    async with library.database.read() as session:
        await library.claim(await Runs(session).get(working))
    other = await library.run(await library.video())
    assert (await api.delete("/api/v1/queue/clear")).json() == {"cleared": 1}
    assert (await api.get(f"{JOBS}{waiting}")).json()["status"] == "cancelled"
    assert (await api.get(f"{JOBS}{working}")).json()["status"] == "processing"
    assert (await api.get(f"/api/runs/{other.identifier}")).json()["status"] == "queued"
    events = (await api.get(f"{JOBS}{waiting}/events")).json()["items"]
    assert (events[-1]["type"], events[-1]["data"]) == ("run.cancelled", {"reason": "cleared"})


@pytest.mark.parametrize("prefix", ["/api/v1/jobs", "/api/v1"])
async def test_the_queue_and_its_statistics_are_shown_at_both_paths(
    api: httpx.AsyncClient, library: Library, prefix: str
) -> None:
    await create(api, priority=9)
    await end(library, (await create(api))["id"], RunStatus.COMPLETED)
    await end(library, (await create(api, "analysis"))["id"], RunStatus.FAILED)
    queue = (await api.get(f"{prefix}/queue/status")).json()
    assert (queue["queued"], queue["processing"], queue["by_priority"]["9"]) == (1, 0, 1)
    assert queue["queue_running"] is False
    figures = (await api.get(f"{prefix}/statistics")).json()
    assert (figures["total"], figures["success_rate"], figures["retries"]) == (3, 0.5, 0)
    assert figures["by_status"] == {"queued": 1, "completed": 1, "failed": 1}
    assert figures["by_type"] == {"transcription": 2, "analysis": 1}


async def test_a_list_of_jobs_is_created_and_cancelled_entry_by_entry(api: httpx.AsyncClient) -> None:
    good = {"youtube_url": URL, "job_type": "analysis"}
    outcome = (await api.post(f"{JOBS}bulk", json={"jobs": [good, {"job_type": "x"}, good, "nothing"]})).json()
    assert (outcome["created"], outcome["failed"]) == (2, 2)
    assert "job_type" in outcome["results"][1]["error"]["detail"]
    assert "the job: " in outcome["results"][3]["error"]["detail"]
    ids = [outcome["results"][at]["id"] for at in (0, 2)]
    cancelled = (await api.post(f"{JOBS}bulk", json={"action": "cancel", "ids": [*ids, "nobody"]})).json()
    assert [each["error"] and each["error"]["status"] for each in cancelled["results"]] == [None, None, 404]
    problem(await api.post(f"{JOBS}bulk", json={"jobs": [good] * 501}), 422, "input.invalid")


async def test_a_job_is_made_of_an_uploaded_file(api: httpx.AsyncClient, short_video: bytes) -> None:
    answer = await api.post(
        f"{JOBS}upload",
        files={"file": ("my talk.mp4", short_video)},
        data={"job": '{"job_type": "audio_extraction", "options": {"audio_format": "mp3"}}'},
    )
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["youtube_url"], job["video_title"], job["job_type"]) == (None, "my talk", "audio_extraction")


async def test_results_that_are_not_there_are_not_found(api: httpx.AsyncClient) -> None:
    job = (await create(api))["id"]
    for what in ("audio", "clips/1", "clips/1/thumbnail", "transcript"):
        problem(await api.get(f"{JOBS}{job}/{what}"), 404, "object.not_found")
