"""A backfill as a caller sees it: made, paced, stopped, gone on with, and told to the line what became of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem
from tests.integration.api.corpus_calls import ROOT, Corpus, url


@pytest.fixture
def corpus(api: httpx.AsyncClient, container: Container, library: Library) -> Corpus:
    return Corpus(api, container, library)


async def test_every_video_of_a_list_is_worked_on_so_many_at_a_time(corpus: Corpus) -> None:
    backfill = await corpus.make("a", "b", "c", in_flight=2, options={"count": 3}, name="Talks")
    assert (await corpus.read(backfill))["status"] == "estimating"
    await corpus.attend()
    runs = await corpus.active()
    assert {(run.pipeline, run.priority, run.options["count"]) for run in runs} == {("moments", 1, 3)}
    assert [each["status"] for each in await corpus.items(backfill)] == ["running", "running", "pending"]
    await corpus.attend()
    assert len(await corpus.active()) == 2
    await corpus.finish()
    standing = await corpus.read(backfill)
    assert (standing["counts"]["completed"], standing["counts"]["running"]) == (2, 1)
    assert standing["throughput_per_hour"] > 0
    assert standing["seconds_left"] > 0
    await corpus.finish()
    done = await corpus.read(backfill)
    assert (done["name"], done["status"], done["counts"]["total"], done["seconds_left"]) == (
        "Talks",
        "completed",
        3,
        0.0,
    )
    assert await corpus.events(backfill) == ["backfill.created", "backfill.running", "backfill.completed"]
    items = await corpus.items(backfill)
    assert [(each["line"], each["source"], each["tries"]) for each in items] == [
        (1, url("a"), 1),
        (2, url("b"), 1),
        (3, url("c"), 1),
    ]
    assert {each["run"] for each in items[:2]} == {run.identifier for run in runs}
    assert all(each["seconds"] is not None and each["video"] for each in items)


async def test_the_same_key_gives_the_same_backfill_and_another_order_under_it_is_refused(corpus: Corpus) -> None:
    body = {"source": {"urls": [url("a")]}}
    made = [await corpus.api.post(ROOT, json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert made[0].json()["identifier"] == made[1].json()["identifier"]
    other = {"source": {"urls": [url("b")]}}
    problem(await corpus.api.post(ROOT, json=other, headers={"Idempotency-Key": "one"}), 422, "input.invalid")


async def test_nonsense_and_repetitions_stand_in_the_ledger_and_stop_nothing(corpus: Corpus) -> None:
    answer = await corpus.api.post(ROOT, json={"source": {"urls": [url("a"), "not a url", url("a") + "#t=5", "=2+3"]}})
    backfill = answer.headers["Location"]
    await corpus.attend()
    await corpus.finish()
    assert (await corpus.read(backfill))["status"] == "completed_with_errors"
    assert [(each["status"], each["error_code"]) for each in await corpus.items(backfill)] == [
        ("completed", None),
        ("failed", "url.not_allowed"),
        ("skipped", None),
        ("failed", "url.not_allowed"),
    ]
    assert [each["line"] for each in await corpus.items(backfill, status="failed")] == [2, 4]
    table = (await corpus.api.get(f"{backfill}/items", params={"format": "csv"})).text.splitlines()
    assert len(table) == 5
    assert table[4].startswith("4,'=2+3,failed")
    problem(await corpus.api.post(f"{backfill}/retry"), 409, "object.conflict")


async def test_what_failed_stays_aside_until_it_is_asked_for_by_its_code(corpus: Corpus) -> None:
    backfill = await corpus.make("a", "b")
    await corpus.attend()
    waiting = {run.identifier: run for run in await corpus.active()}
    private, lost = (waiting[item["run"]] for item in await corpus.items(backfill))
    for run, code in ((private, "download.private"), (lost, "download.interrupted")):
        said = {"code": code, "message": "It did not come.", "retryable": False}
        await corpus.library.finish(run, RunStatus.FAILED, error=said)
    await corpus.attend()
    await corpus.attend()
    assert (await corpus.read(backfill))["counts"]["failed"] == 2
    assert await corpus.active() == []
    problem(await corpus.api.post(f"{backfill}/retry", json={"codes": ["cut.failed"]}), 409, "object.conflict")
    again = await corpus.api.post(f"{backfill}/retry", json={"codes": ["download.interrupted"]})
    assert (again.status_code, again.json()["status"], again.json()["counts"]["failed"]) == (202, "running", 1)
    await corpus.attend()
    assert [run.identifier for run in await corpus.active()] == [lost.identifier]
    await corpus.finish()
    (first, second) = await corpus.items(backfill)
    assert (first["status"], first["error_code"], second["status"], second["tries"]) == (
        "failed",
        "download.private",
        "completed",
        2,
    )
    assert (await corpus.read(backfill))["status"] == "completed_with_errors"


async def test_a_pause_starts_nothing_more_and_a_cancel_stops_what_is_under_way(corpus: Corpus) -> None:
    backfill = await corpus.make("a", "b", "c", in_flight=1)
    await corpus.attend()
    assert (await corpus.api.post(f"{backfill}/pause")).json()["paused_by"] == "caller"
    await corpus.finish()
    standing = await corpus.read(backfill)
    assert (standing["status"], standing["counts"]["completed"], standing["counts"]["pending"]) == ("paused", 1, 2)
    assert (await corpus.api.post(f"{backfill}/resume")).json()["status"] == "running"
    await corpus.attend()
    (run,) = await corpus.active()
    cancelled = (await corpus.api.post(f"{backfill}/cancel")).json()
    assert (cancelled["status"], cancelled["counts"]["cancelled"]) == ("cancelled", 1)
    await corpus.attend()
    assert (await corpus.read(backfill))["counts"]["cancelled"] == 2
    async with corpus.library.database.read() as session:
        assert (await Runs(session).get(run.identifier)).status == RunStatus.CANCELLED
    problem(await corpus.api.post(f"{backfill}/resume"), 409, "object.conflict")
    assert (await corpus.api.delete(backfill)).status_code == 204
    problem(await corpus.api.get(backfill), 404, "object.not_found")
    async with corpus.library.database.read() as session:
        assert (await Runs(session).get(run.identifier)).identifier == run.identifier


@pytest.mark.parametrize(
    ("budget", "spent"),
    [
        ({"videos": 1}, "budget.videos"),
        ({"media_hours": 0.01}, "budget.media_hours"),
        ({"tokens": 100}, "budget.tokens"),
        ({"usd": 0.5}, "budget.usd"),
    ],
)
async def test_a_budget_that_is_spent_pauses_and_says_which(
    corpus: Corpus, budget: dict[str, float], spent: str
) -> None:
    videos = [await corpus.library.video(), await corpus.library.video()]
    body = {"source": {"videos": {}}, "pipeline": "generation", "in_flight": 1, "budget": budget, "mode": "rederive"}
    backfill = (await corpus.api.post(ROOT, json=body)).headers["Location"]
    await corpus.attend()
    (run,) = await corpus.active()
    assert run.video_id == videos[0].id
    await corpus.library.spend(run, tokens=120, usd=0.6)
    await corpus.finish()
    standing = await corpus.read(backfill)
    assert (standing["status"], standing["paused_by"]) == ("paused", spent)
    assert standing["spent"] == {"videos": 1, "media_hours": 120 / 3600, "tokens": 120, "usd": 0.6}
    assert await corpus.active() == []
    await corpus.api.post(f"{backfill}/resume")
    await corpus.attend()
    assert (await corpus.read(backfill))["paused_by"] == spent
    await corpus.api.patch(backfill, json={"budget": {"videos": 10}, "priority": 3})
    await corpus.api.post(f"{backfill}/resume")
    await corpus.attend()
    assert [(run.video_id, run.priority) for run in await corpus.active()] == [(videos[1].id, 3)]


async def test_modes_choose_by_what_the_library_has(corpus: Corpus) -> None:
    known = await corpus.library.video()
    other = await corpus.library.video()
    run = await corpus.library.run(other)
    await corpus.library.found(other, run, (10.0, 20.0))
    await corpus.library.finish(run)
    sources = [known.source_url, other.source_url, url("fresh")]
    for mode, expected in (
        ("new", ["skipped", "skipped", "running"]),
        ("missing", ["running", "skipped", "running"]),
        ("rederive", ["running", "running", "running"]),
    ):
        answer = await corpus.api.post(
            ROOT, json={"source": {"urls": sources}, "mode": mode, "options": {"count": len(mode)}}
        )
        await corpus.attend()
        assert [each["status"] for each in await corpus.items(answer.headers["Location"])] == expected, mode
        await corpus.api.post(f"{answer.headers['Location']}/cancel")


async def test_a_video_that_somebody_else_works_on_waits_for_its_turn(corpus: Corpus) -> None:
    video = await corpus.library.video()
    theirs = await corpus.library.run(video)
    body = {"source": {"urls": [video.source_url]}, "mode": "rederive", "options": {"count": 2}}
    backfill = (await corpus.api.post(ROOT, json=body)).headers["Location"]
    await corpus.attend()
    standing = await corpus.read(backfill)
    assert (standing["status"], standing["counts"]["pending"], standing["counts"]["failed"]) == ("running", 1, 0)
    assert [run.identifier for run in await corpus.active()] == [theirs.identifier]


async def test_an_estimate_keeps_nothing(corpus: Corpus) -> None:
    video = await corpus.library.video()
    urls = [url("a"), url("b"), url("a"), "nonsense", video.source_url]
    answer = await corpus.api.post(ROOT, json={"source": {"urls": urls}, "dry_run": True})
    assert answer.status_code == 200
    said = answer.json()
    assert {name: said[name] for name in ("entries", "videos", "known", "malformed", "duplicates")} == {
        "entries": 5,
        "videos": 2,
        "known": 1,
        "malformed": 1,
        "duplicates": 1,
    }
    assert said["media_hours"] == pytest.approx(2 * 120 / 3600)
    assert said["problems"][0]["line"] == 4
    assert (await corpus.api.get(ROOT)).json()["items"] == []


async def test_a_list_is_uploaded_and_read_by_workers(corpus: Corpus) -> None:
    table = "title,address\n" + "".join(f"Talk {n},{url(str(n))}\n" for n in range(2500))
    manifest = (await corpus.api.post(f"{ROOT}/manifests", params={"kind": "csv"}, content=table)).json()["manifest"]
    source = {"manifest": manifest, "column": "address"}
    backfill = (await corpus.api.post(ROOT, json={"source": source, "in_flight": 1})).headers["Location"]
    await corpus.attend()
    assert (await corpus.read(backfill))["counts"] == {
        **dict.fromkeys(("completed", "completed_with_errors", "failed", "skipped", "cancelled"), 0),
        "total": 2500,
        "pending": 2499,
        "running": 1,
    }
    (last,) = (await corpus.items(backfill, limit=200))[-1:]
    assert last["line"] == 201  # the header is the first
    wrong = {"manifest": manifest, "column": "url"}
    broken = (await corpus.api.post(ROOT, json={"source": wrong})).headers["Location"]
    await corpus.attend()
    failed = await corpus.read(broken)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "input.invalid")
    missing = {"manifest": "manifests/" + "0" * 64 + "/list.txt"}
    problem(await corpus.api.post(ROOT, json={"source": missing}), 404, "object.not_found")


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"source": {}}, "one of urls, manifest and videos"),
        ({"source": {"urls": ["http://a/"]}, "pipeline": "nothing"}, "pipeline"),
        ({"source": {"urls": ["http://a/"]}, "options": {"count": 0}}, "options.count"),
        ({"source": {"urls": ["http://a/"]}, "options": {"priority": 9}}, "beside options"),
        ({"source": {"urls": ["http://a/"]}, "options": {"generation_model": "gpt-9"}}, "gpt-9"),
        ({"source": {"videos": {}}, "mode": "new"}, "not new"),
        ({"source": {"urls": ["http://a/"]}, "pipeline": "transcript", "as": "candidate"}, "candidate"),
        ({"source": {"manifest": "videos/x/source-1.mp4"}}, "manifest"),
    ],
)
async def test_what_makes_no_sense_is_refused_before_anything_is_written(
    corpus: Corpus, order: dict[str, Any], says: str
) -> None:
    answer = await corpus.api.post(ROOT, json=order)
    assert answer.status_code == 422
    assert says in answer.text
    assert (await corpus.api.get(ROOT)).json()["items"] == []


async def test_word_of_its_end_is_sent_once(corpus: Corpus) -> None:
    await corpus.make("a", webhook="http://127.0.0.1:9/hook")
    await corpus.attend()
    await corpus.finish()
    await corpus.attend()
    rows = await corpus.library.webhooks()
    assert [(row.type, row.payload["data"]["counts"]) for row in rows] == [("backfill.completed", {"completed": 1})]
