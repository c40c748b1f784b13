"""A video shows what its newest generation found; what earlier ones found can be looked at and brought back."""

from __future__ import annotations

import httpx

from moments_ray.states import RunStatus
from tests.integration.api.conftest import Library, problem


async def test_a_further_run_replaces_what_lists_search_and_exports_show(
    api: httpx.AsyncClient, library: Library
) -> None:
    video = await library.video()
    address = f"/api/videos/{video.identifier}"
    by_hand = (await api.post(f"{address}/moments", json={"title": "Mine", "start_time": 90, "end_time": 95})).json()

    async def shown(**asked: str) -> list[float]:
        return [each["start_time"] for each in (await api.get(f"{address}/moments", params=asked)).json()["items"]]

    runs = []
    for start in (10.0, 40.0):
        runs.append(await library.run(video))
        (moment,) = await library.found(video, runs[-1], (start, start + 10))
        await library.moment(video, start + 1, start + 9, parent=moment)
        await library.finish(runs[-1])
    assert await shown() == [41.0, 90.0]
    assert await shown(include="all") == [40.0, 41.0, 90.0]
    (current, _) = (await api.get(f"{address}/moments")).json()["items"]
    assert (current["run"], current["model"]) == (runs[1].identifier, None)
    assert (by_hand["set"], by_hand["run"], by_hand["version"]) == (None, None, 1)
    exported = (await api.get(f"{address}/moments/export", params={"format": "csv"})).text
    assert ("41.0" in exported, "11.0" in exported) == (True, False)
    hits = (await api.get("/api/search", params={"q": '"a moment"'})).json()["items"]
    assert [hit["start_time"] for hit in hits] == [41.0]
    (newer, older) = (await api.get(f"{address}/moment-sets")).json()["items"]
    assert [(each["status"], each["run"], each["moments"], each["model"]) for each in (newer, older)] == [
        ("current", runs[1].identifier, 1, "local"),
        ("retired", runs[0].identifier, 1, "local"),
    ]
    assert await shown(set=older["identifier"]) == [11.0]
    promoted = (await api.post(f"{address}/moment-sets/{older['identifier']}/promote")).json()
    assert promoted["status"] == "current"
    assert await shown() == [11.0, 90.0]
    assert (await api.post(f"{address}/moment-sets/rollback")).json()["identifier"] == newer["identifier"]
    assert await shown() == [41.0, 90.0]
    problem(await api.post(f"{address}/moment-sets/nothing/promote"), 404, "object.not_found")
    other = await library.video()
    problem(await api.post(f"/api/videos/{other.identifier}/moment-sets/rollback"), 409, "object.conflict")


async def test_asking_again_for_what_a_run_found_shows_it_again(api: httpx.AsyncClient, library: Library) -> None:
    video = await library.video()
    start = f"/api/pipeline/{video.identifier}/start"
    first = (await api.post(start, json={"count": 3})).json()["run"]["identifier"]
    for number, spans in ((first, (10.0, 20.0)), (None, (50.0, 60.0))):
        listed = (await api.get("/api/runs", params={"active": True})).json()["items"]
        identifier = number or listed[0]["identifier"]
        async with library.database.read() as session:
            from moments_ray.engine.queries.runs import Runs  # noqa: PLC0415

            run = await Runs(session).get(identifier)
        await library.found(video, run, spans)
        await library.finish(run, RunStatus.COMPLETED)
        if number:
            await api.post(start, json={"count": 4})
    moments = f"/api/videos/{video.identifier}/moments"
    assert [each["start_time"] for each in (await api.get(moments)).json()["items"]] == [50.0]
    again = await api.post(start, json={"count": 3})
    assert (again.status_code, again.json()["reused"], again.json()["run"]["identifier"]) == (200, True, first)
    assert [each["start_time"] for each in (await api.get(moments)).json()["items"]] == [10.0]
