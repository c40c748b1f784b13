"""What comes after an ad was made or failed: its script edited, the ad or one scene made again."""

from __future__ import annotations

import httpx
import pytest

from moments_ray.ads.values import AdRequest
from moments_ray.http.container import Container
from moments_ray.states import RunStatus
from tests.integration.api.ad_orders import HEADPHONES, end, make, run_of, scripts
from tests.integration.api.conftest import Library, problem


async def test_a_script_is_read_edited_and_spoken_by_the_next_run(
    api: httpx.AsyncClient, container: Container, library: Library
) -> None:
    ad = (await api.post("/api/ads/scripts", json=HEADPHONES)).json()
    path = f"/api/ads/jobs/{ad['id']}"
    assert (await run_of(container, ad)).pipeline == "ads.script"
    problem(await api.get(f"{path}/script"), 409, "object.conflict")
    await end(container, library, ad, RunStatus.COMPLETED, PRODUCT={"palette": ["#000000"] * 4}, SCRIPT_GEN=scripts())
    read = (await api.get(f"{path}/script")).json()
    assert read["edited"] is False
    read["scripts"][0]["scenes"][1]["voiceover_text"] = "It folds flat."
    edited = await api.put(f"{path}/script", json={"scripts": read["scripts"]})
    assert edited.status_code == 200, edited.text
    assert (await api.get(f"{path}/script")).json()["edited"] is True
    retried = await api.post(f"{path}/retry")
    assert retried.status_code == 202, retried.text
    run = await run_of(container, retried.json())
    assert run.pipeline == "ads.generate"
    request = AdRequest.model_validate(run.config)
    assert request.brief.scripts[0].scenes[1].voiceover_text == "It folds flat."


@pytest.mark.parametrize(
    ("said", "reason"),
    [("Now 50 % off.", "number"), ("The best there is.", "superlative"), ("word " * 60, "too many")],
)
async def test_an_edited_script_keeps_the_rules(
    api: httpx.AsyncClient, container: Container, library: Library, said: str, reason: str
) -> None:
    ad = (await api.post("/api/ads/scripts", json=HEADPHONES)).json()
    await end(container, library, ad, RunStatus.COMPLETED, SCRIPT_GEN=scripts())
    written = scripts()["items"]
    written[0]["scenes"][1]["voiceover_text"] = said
    refused = await api.put(f"/api/ads/jobs/{ad['id']}/script", json={"scripts": written})
    assert reason in problem(refused, 422, "ads.script")["detail"]


async def test_an_ad_under_way_is_neither_edited_nor_begun_again(api: httpx.AsyncClient) -> None:
    path = f"/api/ads/jobs/{(await make(api))['id']}"
    problem(await api.put(f"{path}/script", json={"scripts": scripts()["items"]}), 409, "run.active")
    problem(await api.post(f"{path}/retry"), 409, "run.active")
    problem(await api.post(f"{path}/scenes/2/regenerate"), 409, "run.active")


async def test_a_failed_ad_goes_on_in_the_same_run(
    api: httpx.AsyncClient, container: Container, library: Library
) -> None:
    ad = await make(api)
    await end(container, library, ad, RunStatus.FAILED)
    retried = (await api.post(f"/api/ads/jobs/{ad['id']}/retry")).json()
    assert (retried["run_id"], retried["status"]) == (ad["run_id"], "pending")


@pytest.mark.parametrize(
    ("stage", "takes"),
    [("script_gen", (2, 2, 2)), ("voice_gen", (1, 2, 2)), ("video_gen", (1, 1, 2)), ("compositing", (1, 1, 1))],
)
async def test_an_ad_is_made_again_from_a_stage_on(
    api: httpx.AsyncClient, container: Container, library: Library, stage: str, takes: tuple[int, int, int]
) -> None:
    ad = await make(api)
    await end(container, library, ad, RunStatus.COMPLETED)
    retried = (await api.post(f"/api/ads/jobs/{ad['id']}/retry", json={"from_stage": stage})).json()
    assert retried["run_id"] != ad["run_id"]
    request = AdRequest.model_validate((await run_of(container, retried)).config)
    script, voices, films = takes
    assert request.brief.take == script
    assert (request.takes.voices, request.takes.films) == ((voices,) * 4, (films,) * 4)


async def test_one_scene_is_made_again(api: httpx.AsyncClient, container: Container, library: Library) -> None:
    ad = await make(api)
    await end(container, library, ad, RunStatus.COMPLETED)
    again = (await api.post(f"/api/ads/jobs/{ad['id']}/scenes/2/regenerate", json={"voice": True})).json()
    takes = AdRequest.model_validate((await run_of(container, again)).config).takes
    assert (takes.films, takes.voices) == ((1, 2, 1, 1), (1, 2, 1, 1))
    problem(await api.post(f"/api/ads/jobs/{ad['id']}/scenes/5/regenerate"), 422, "input.invalid")
