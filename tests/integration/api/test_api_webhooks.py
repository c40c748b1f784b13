"""Asking over HTTP for a webhook at a run's end."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from moments_ray.database.tables import Run
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.process.webhook_secret import new_webhook_secret, webhook_key
from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem

HOOK = "http://127.0.0.1:9/hook"


async def shown(api: httpx.AsyncClient, run: str) -> Any:
    return (await api.get(f"/api/runs/{run}")).json()["webhook"]


async def run_of(library: Library, identifier: str) -> Run:
    async with library.database.read() as session:
        return await Runs(session).get(identifier)


async def test_a_request_names_where_its_runs_end_is_told_and_the_run_shows_how_that_stands(
    api: httpx.AsyncClient, library: Library
) -> None:
    video = await library.video()
    asked = {"webhook": {"url": HOOK, "secret": (secret := new_webhook_secret())}, "metadata": {"order": 7}}
    started = await api.post(f"/api/pipeline/{video.identifier}/start", json=asked)
    assert started.status_code == 202
    run = started.json()["run"]["identifier"]
    assert await shown(api, run) == {"url": HOOK, "deliveries": []}
    await api.post(f"/api/runs/{run}/cancel")
    answer = await api.get(f"/api/runs/{run}")
    (delivery,) = answer.json()["webhook"]["deliveries"]
    assert (delivery["type"], delivery["status"], delivery["attempts"]) == ("run.cancelled", "pending", 0)
    assert secret not in answer.text + started.text


async def test_a_run_nobody_wants_to_hear_of_has_no_webhook(api: httpx.AsyncClient, library: Library) -> None:
    run = await library.run(await library.video())
    await library.finish(run)
    assert await shown(api, run.identifier) is None


@pytest.mark.parametrize(
    ("webhook", "code"),
    [
        ("http://user@127.0.0.1/", "url.not_allowed"),
        ("ftp://127.0.0.1/", "url.not_allowed"),
        ("", "input.invalid"),
        ("http://127.0.0.1/\x00", "input.invalid"),
        ({"url": HOOK}, "input.invalid"),
        ({"url": HOOK, "secret": "whsec_short"}, "input.invalid"),
        (["http://127.0.0.1/"], "input.invalid"),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused_before_anything_begins(
    api: httpx.AsyncClient, webhook: Any, code: str
) -> None:
    asked = {"url": "http://127.0.0.1/talk.mp4", "process": True, "webhook": webhook}
    problem(await api.post("/api/videos", json=asked), 422, code)
    assert (await api.get("/api/videos")).json()["items"] == []


async def test_a_private_address_is_refused(api: httpx.AsyncClient, library: Library, container: Container) -> None:
    video = await library.video()
    strict = container.environment.settings.download.model_copy(update={"allow_private_addresses": False})
    object.__setattr__(container.environment.settings, "download", strict)
    for url in ("http://127.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/", "http://localhost/"):
        asked = {"webhook": url}
        answer = await api.post(f"/api/videos/{video.identifier}/generate-moments", json=asked)
        problem(answer, 422, "url.not_allowed")


async def test_who_asks_for_what_is_done_already_is_told_too_and_once(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    start = f"/api/pipeline/{video.identifier}/start"
    first = (await api.post(start, json={})).json()["run"]["identifier"]
    await library.finish(await run_of(library, first))
    for _ in range(2):
        again = (await api.post(start, json={"webhook": HOOK})).json()["run"]
        assert (again["identifier"], again["status"]) == (first, "completed")
    assert [one["type"] for one in (await shown(api, first))["deliveries"]] == ["run.completed"]


async def test_a_run_that_failed_goes_on_and_tells_the_newest_address(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    start = f"/api/pipeline/{video.identifier}/start"
    first = (await api.post(start, json={"webhook": HOOK})).json()["run"]["identifier"]
    await library.finish(await run_of(library, first), RunStatus.FAILED)
    again = (await api.post(start, json={"webhook": f"{HOOK}/new"})).json()["run"]["identifier"]
    assert again == first
    await library.finish(await run_of(library, first))
    told = [(one["type"], one["url"]) for one in (await shown(api, first))["deliveries"]]
    assert told == [("run.failed", HOOK), ("run.completed", f"{HOOK}/new")]


async def test_the_secret_is_told_and_never_kept_on_the_way(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/admin/webhook-secret")
    assert len(webhook_key(answer.json()["secret"])) == 32
    assert answer.headers["cache-control"] == "no-store"
    assert (await api.get("/api/admin/webhook-secret")).json() == answer.json()


async def test_one_idempotency_key_is_for_one_webhook(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    start, key = f"/api/pipeline/{video.identifier}/start", {"Idempotency-Key": "k1"}
    first = await api.post(start, json={"webhook": HOOK}, headers=key)
    assert (await api.post(start, json={"webhook": HOOK}, headers=key)).json() == first.json()
    problem(await api.post(start, json={"webhook": f"{HOOK}/2"}, headers=key), 422, "input.invalid")
